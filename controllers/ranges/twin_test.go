package ranges

import (
	"net/netip"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// TestASweepOfOneNetworkForgetsNothingOfAnothers: an orphan is as old in one as
// that one has seen it, whatever the others show.
func TestASweepOfOneNetworkForgetsNothingOfAnothers(t *testing.T) {
	now := time.Now()
	c := &Controller{Config: Config{Doubt: time.Minute, Now: func() time.Time { return now }}, sweeper: sweeper{since: map[seen]time.Time{}}}
	left := []carve.Orphan{{Marked: cloud.Marked{Range: cloud.Range{Subnet: "nodes", Name: "late", Prefix: netip.MustParsePrefix("10.2.0.0/20")}}, Request: "gone"}}
	for range 2 {
		if due := c.old("default", left); len(due) > 0 {
			t.Errorf("%v is due at once", due)
		}
		c.old("twin", nil)
	}
	now = now.Add(2 * time.Minute)
	if due := c.old("default", left); len(due) != 1 {
		t.Error("what was seen long ago is not due")
	}
	c.old("default", nil)
	if due := c.old("default", left); len(due) > 0 {
		t.Error("what was gone meanwhile is due at once")
	}
}

// TestTheProxySubnetStaysForTheLastThatWantsIt: a region has one, whichever
// Network's requests have it.
func TestTheProxySubnetStaysForTheLastThatWantsIt(t *testing.T) {
	mine := v1alpha1.GrantedRange{Name: "vn-a-0", Subnet: "vn-a-0", CIDR: "10.60.0.0/23"}
	theirs := mine
	theirs.Adopted = true
	request := func(name string, g v1alpha1.GrantedRange, going bool) (r v1alpha1.RangeRequest) {
		r.Name, r.Spec.Purpose, r.Status.Ranges = name, v1alpha1.Proxy, []v1alpha1.GrantedRange{g}
		if going {
			r.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
		return r
	}
	other := theirs
	other.Name = "vn-b-0"
	a := request("a", mine, true)
	all := []v1alpha1.RangeRequest{a, request("twin", theirs, false), request("goes", theirs, true), request("elsewhere", other, false)}
	if got := adopters(&a, mine, all); len(got) != 1 || got[0] != "twin" {
		t.Errorf("got %v, want twin", got)
	}
}
