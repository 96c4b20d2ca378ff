package nodestatus

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

func TestOnlyWhatDiffersIsWritten(t *testing.T) {
	t.Parallel()
	cond := func(kind string, s metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: kind, Status: s, Reason: "r", Message: "m"}
	}
	rival := cond(v1alpha1.ConditionAllocatorConflict, metav1.ConditionTrue)
	ready := cond(v1alpha1.ConditionReady, metav1.ConditionTrue)
	for name, c := range map[string]struct {
		have   []metav1.Condition
		rival  bool
		writes bool
		status metav1.ConditionStatus
	}{
		"nothing to say":               {have: []metav1.Condition{ready}},
		"said already":                 {have: []metav1.Condition{ready, rival}, rival: true, status: metav1.ConditionTrue},
		"not said yet, or undone":      {have: []metav1.Condition{ready}, rival: true, writes: true, status: metav1.ConditionTrue},
		"no longer so":                 {have: []metav1.Condition{ready, rival}, writes: true, status: metav1.ConditionFalse},
		"no longer so, which was said": {have: []metav1.Condition{cond(v1alpha1.ConditionAllocatorConflict, metav1.ConditionFalse)}, status: metav1.ConditionFalse},
	} {
		q := &v1alpha1.RangeRequest{}
		q.Status.Conditions = slices.Clone(c.have)
		f := Findings{Problems: map[string]*conditions.Refusal{}}
		if c.rival {
			f.Problems[rival.Type] = conditions.Refuse("r", "m")
		}
		if got := f.apply(q); got != c.writes {
			t.Errorf("%s: writes is %v", name, got)
		}
		if got := meta.FindStatusCondition(q.Status.Conditions, rival.Type); got == nil && c.status != "" || got != nil && got.Status != c.status {
			t.Errorf("%s: it says %v", name, got)
		}
	}
}
