package release

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/cloud"
)

func TestADetachmentIsHeldUntilItIsCounted(t *testing.T) {
	t.Parallel()
	now, here := time.Unix(1000, 0), cloud.Place{}
	r := New(time.Second, func() time.Time { return now })
	held := func(uid string) bool {
		_, is := r.Held(here, types.UID(uid))
		return is
	}
	r.Begin("a")
	if !held("a") || !held("b") {
		t.Error("nobody was counted, and a detachment is not held")
	}
	now = now.Add(time.Second)
	r.Hold(here, now, map[types.UID]string{"a": "node-a"})
	r.Begin("b")
	if !held("a") || held("b") {
		t.Error("a is held, and b is not")
	}
	now = now.Add(time.Second)
	r.Begin("c")
	if !held("c") {
		t.Error("c went after they were counted")
	}
	r.Hold(here, now.Add(-1), map[types.UID]string{"a": "node-a"})
	if !held("c") {
		t.Error("c went while they were counted")
	}
	if freed := r.Hold(here, now, map[types.UID]string{"c": "node-c"}); !slices.Equal(freed, []string{"node-a"}) || held("a") || held("b") || !held("c") {
		t.Errorf("freed are %v", freed)
	}
	now = now.Add(2*CountEvery + 1)
	if !held("a") {
		t.Error("the count is old")
	}
}

// Where many go together, few look by themselves, and one listing serves the
// others.
func TestOneListingServesMany(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	r := New(5*time.Second, func() time.Time { return now })
	uid := func(i int) types.UID { return types.UID(fmt.Sprint(i)) }
	for i := range FewLooks + 2 {
		r.Begin(uid(i))
		r.Missed(uid(i))
	}
	if s := r.Of(uid(FewLooks)); r.Of(uid(0)).AwaitsListing() || !s.AwaitsListing() || s.Seen() != Nowhere {
		t.Errorf("%+v", s)
	}
	if due := r.Due(); len(due) > 0 {
		t.Errorf("due at once: %v", due)
	}
	now = now.Add(5 * time.Second)
	if due := r.Due(); len(due) != 2 {
		t.Errorf("due: %v", due)
	}
	if due := r.Due(); len(due) > 0 {
		t.Errorf("due again at once: %v", due)
	}
	r.Listed(uid(0), Nowhere)
	r.Listed(uid(FewLooks), Nowhere)
	r.Listed(uid(FewLooks+1), Ours)
	if r.Of(uid(0)).Listed != 0 || r.Of(uid(FewLooks)).Listed != Nowhere {
		t.Error("a listing answers those who wait for one")
	}
	if s := r.Of(uid(FewLooks + 1)); !s.Missed.IsZero() || s.Seen() != Ours {
		t.Errorf("the listing shows it, so the looks start anew: %+v", s)
	}
	r.End(uid(0))
	r.Missed(uid(FewLooks + 1))
	if !r.Of(uid(FewLooks + 1)).Alone {
		t.Error("the place of one that ended is not given to another")
	}
}
