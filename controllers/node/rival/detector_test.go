package rival

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

var epoch = time.Unix(1_000_000, 0)

func at(s int) time.Time { return epoch.Add(time.Duration(s) * time.Second) }

// clocked is a detector on a hand clock.
type clocked struct {
	*Detector
	now time.Time
}

func newClocked() *clocked {
	c := &clocked{}
	c.Detector = New(time.Minute, func() time.Time { return c.now })
	return c
}

func (c *clocked) at(s int) *Detector {
	c.now = at(s)
	return c.Detector
}

func bornAt(name string, s int) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), CreationTimestamp: metav1.NewTime(at(s))}}
}

func requestNamed(name string, conditions ...metav1.Condition) v1alpha1.RangeRequest {
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}}
	r.Spec.Purpose, r.Status.Conditions = v1alpha1.Pods, conditions
	return r
}

func said(status metav1.ConditionStatus, s int) metav1.Condition {
	return metav1.Condition{Type: v1alpha1.ConditionAllocatorConflict, Status: status, LastTransitionTime: metav1.NewTime(at(s)), Message: "as it was"}
}

func TestWhatSpeaksAgainstARequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		conditions []metav1.Condition
		created    int
		before     func(*clocked, *corev1.Node)
		want       bool
	}{
		"a Node from before we came":                {created: 9},
		"a Node created since":                      {created: 11, want: true},
		"an old Node that we saw without podCIDRs":  {created: 9, before: func(r *clocked, n *corev1.Node) { r.SawIdle(n) }, want: true},
		"a Node of that name that we saw before it": {created: 9, before: func(r *clocked, n *corev1.Node) { m := n.DeepCopy(); m.UID = "earlier"; r.SawIdle(m) }},
		"a Node that counted already":               {created: 11, before: func(r *clocked, n *corev1.Node) { r.at(12).Wrote([]string{"pods"}, n) }},
		"created while no manager ran":              {conditions: []metav1.Condition{said(metav1.ConditionFalse, 5)}, created: 9, want: true},
		"created before the last rival was gone":    {conditions: []metav1.Condition{said(metav1.ConditionFalse, 5)}, created: 4},
		"one that the stopped request knew already": {conditions: []metav1.Condition{said(metav1.ConditionTrue, 5)}, created: 9},
	} {
		r := newClocked()
		r.at(10).Load([]v1alpha1.RangeRequest{requestNamed("pods", c.conditions...)})
		n := bornAt("n", c.created)
		if c.before != nil {
			c.before(r, n)
		}
		if got := len(r.Against([]string{"pods", "unknown"}, n)) > 0; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestARivalIsGoneOnlyByTheWordOfANodeThatWaited(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		waits, lastWrite, now int
		goes                  bool // the Node that waits goes
		want                  bool
	}{
		"nobody waits":                   {waits: -1, now: 10_000},
		"one has not waited long enough": {waits: 100, now: 159},
		"one has waited":                 {waits: 100, now: 160, want: true},
		"one waited, another was served": {waits: 100, lastWrite: 130, now: 189},
		"and that was long ago":          {waits: 100, lastWrite: 130, now: 190, want: true},
		"the one that waited went":       {waits: 100, now: 1000, goes: true},
	} {
		r := newClocked()
		r.at(0).Load([]v1alpha1.RangeRequest{requestNamed("pods"), requestNamed("other")})
		r.at(1).Wrote([]string{"pods"}, bornAt("a", 1))
		waiter := bornAt("w", 50)
		for s := c.waits; s >= 0 && s <= c.now && s < c.waits+200; s += 10 {
			r.at(s).Waits([]string{"pods"}, waiter) // it comes again and again
		}
		if c.lastWrite > 0 {
			r.at(c.lastWrite).Wrote([]string{"pods"}, bornAt("b", 60))
		}
		if c.goes {
			r.Forget("w")
		}
		if got := r.at(c.now).Gone(); slices.Equal(got, []string{"pods"}) != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if r.Stops("pods") == c.want || r.Stops("other") || (r.Refusal("pods") == nil) != c.want {
			t.Errorf("%s: pods stopped %v, other %v", name, r.Stops("pods"), r.Stops("other"))
		}
	}
}

func TestAStoppedRequestIsStoppedAfterARestart(t *testing.T) {
	t.Parallel()
	r := newClocked()
	r.at(1000).Load([]v1alpha1.RangeRequest{requestNamed("pods", said(metav1.ConditionTrue, 5))})
	r.at(1000).Waits([]string{"pods"}, bornAt("w", 6))
	if len(r.at(1059).Gone()) > 0 || !r.Stops("pods") || r.Refusal("pods").Text != "as it was" {
		t.Error("what an earlier leader saw is forgotten before this one could look")
	}
	if len(r.at(1060).Gone()) == 0 {
		t.Error("the rival never goes")
	}
	re := requestNamed("pods")
	re.UID = "another"
	r.at(1070).Wrote([]string{"pods"}, bornAt("x", 1070))
	r.at(1080).Load([]v1alpha1.RangeRequest{re})
	if r.Stops("pods") {
		t.Error("a request of the same name is another")
	}
}
