package node

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
		before     func(*rivals, *corev1.Node)
		want       bool
	}{
		"a Node from before we came":                {created: 9},
		"a Node created since":                      {created: 11, want: true},
		"an old Node that we saw without podCIDRs":  {created: 9, before: func(r *rivals, n *corev1.Node) { r.sawIdle(n) }, want: true},
		"a Node of that name that we saw before it": {created: 9, before: func(r *rivals, n *corev1.Node) { m := n.DeepCopy(); m.UID = "earlier"; r.sawIdle(m) }},
		"a Node that counted already":               {created: 11, before: func(r *rivals, n *corev1.Node) { r.wrote([]string{"pods"}, n, at(12)) }},
		"created while no manager ran":              {conditions: []metav1.Condition{said(metav1.ConditionFalse, 5)}, created: 9, want: true},
		"created before the last rival was gone":    {conditions: []metav1.Condition{said(metav1.ConditionFalse, 5)}, created: 4},
		"one that the stopped request knew already": {conditions: []metav1.Condition{said(metav1.ConditionTrue, 5)}, created: 9},
	} {
		r := &rivals{quiet: time.Minute}
		r.load([]v1alpha1.RangeRequest{requestNamed("pods", c.conditions...)}, at(10))
		n := bornAt("n", c.created)
		if c.before != nil {
			c.before(r, n)
		}
		if got := len(r.against([]string{"pods", "unknown"}, n)) > 0; got != c.want {
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
		r := &rivals{quiet: time.Minute}
		r.load([]v1alpha1.RangeRequest{requestNamed("pods"), requestNamed("other")}, at(0))
		r.wrote([]string{"pods"}, bornAt("a", 1), at(1))
		waiter := bornAt("w", 50)
		for s := c.waits; s >= 0 && s <= c.now && s < c.waits+200; s += 10 {
			r.waits([]string{"pods"}, waiter, at(s)) // it comes again and again
		}
		if c.lastWrite > 0 {
			r.wrote([]string{"pods"}, bornAt("b", 60), at(c.lastWrite))
		}
		if c.goes {
			r.forget("w")
		}
		if got := r.gone(at(c.now)); slices.Equal(got, []string{"pods"}) != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if r.stops("pods") == c.want || r.stops("other") || (r.condition("pods") == nil) != c.want {
			t.Errorf("%s: pods stopped %v, other %v", name, r.stops("pods"), r.stops("other"))
		}
	}
}

func TestAStoppedRequestIsStoppedAfterARestart(t *testing.T) {
	t.Parallel()
	r := &rivals{quiet: time.Minute}
	r.load([]v1alpha1.RangeRequest{requestNamed("pods", said(metav1.ConditionTrue, 5))}, at(1000))
	r.waits([]string{"pods"}, bornAt("w", 6), at(1000))
	if len(r.gone(at(1059))) > 0 || !r.stops("pods") || r.condition("pods").Message != "as it was" {
		t.Error("what an earlier leader saw is forgotten before this one could look")
	}
	if len(r.gone(at(1060))) == 0 {
		t.Error("the rival never goes")
	}
	re := requestNamed("pods")
	re.UID = "another"
	r.wrote([]string{"pods"}, bornAt("x", 1070), at(1070))
	r.load([]v1alpha1.RangeRequest{re}, at(1080))
	if r.stops("pods") {
		t.Error("a request of the same name is another")
	}
}

func TestDifferingConditions(t *testing.T) {
	t.Parallel()
	cond := func(kind string, s metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: kind, Status: s, Reason: "r", Message: "m"}
	}
	rival := cond(v1alpha1.ConditionAllocatorConflict, metav1.ConditionTrue)
	ready := cond(v1alpha1.ConditionReady, metav1.ConditionTrue)
	for name, c := range map[string]struct {
		have, want []metav1.Condition
		write      string
	}{
		"nothing to say":               {have: []metav1.Condition{ready}},
		"said already":                 {have: []metav1.Condition{ready, rival}, want: []metav1.Condition{rival}},
		"not said yet, or undone":      {have: []metav1.Condition{ready}, want: []metav1.Condition{rival}, write: "AllocatorConflict True"},
		"no longer so":                 {have: []metav1.Condition{ready, rival}, write: "AllocatorConflict False"},
		"no longer so, which was said": {have: []metav1.Condition{cond(v1alpha1.ConditionAllocatorConflict, metav1.ConditionFalse)}},
	} {
		got := ""
		for _, x := range differing(c.have, c.want) {
			got += x.Type + " " + string(x.Status)
		}
		if got != c.write {
			t.Errorf("%s: writes %q, want %q", name, got, c.write)
		}
	}
}
