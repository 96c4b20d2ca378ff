package conditions

import (
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestRefusalsOfTheAPISayWhatToDo: what is missing is named with its remedy,
// and what passes by itself is no refusal to report.
func TestRefusalsOfTheAPISayWhatToDo(t *testing.T) {
	t.Parallel()
	nodes := schema.GroupResource{Resource: "nodes"}
	for name, x := range map[string]struct {
		err      error
		reason   cloud.Reason
		rights   bool
		conflict bool
	}{
		"forbidden":   {err: apierrors.NewForbidden(nodes, "a", errors.New("no")), reason: cloud.PermissionDenied, rights: true},
		"conflict":    {err: apierrors.NewConflict(nodes, "a", errors.New("old")), reason: cloud.Stale, conflict: true},
		"unreachable": {err: errors.New("dial tcp: connection refused"), reason: cloud.Unavailable},
	} {
		r := FromAPI("writing the ledger", x.err)
		if r.Reason != string(x.reason) || strings.Contains(r.Text, Rights) != x.rights || r.Conflict != x.conflict || strings.Count(r.Text, "writing the ledger: ") != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		if again := FromAPI("writing the ledger", errors.New(r.Text)); strings.Count(again.Text, "writing the ledger: ") != 1 {
			t.Errorf("%s: said twice: %s", name, again.Text)
		}
	}
	if FromAPI("x", nil) != nil || FromCloud(nil) != nil {
		t.Error("nothing is refused, and there is a refusal")
	}
}

// TestOnlyNewsIsNews: neither another generation nor the same again is.
func TestOnlyNewsIsNews(t *testing.T) {
	t.Parallel()
	n := &v1alpha1.Network{}
	full := metav1.Condition{Type: "Full", Status: metav1.ConditionTrue, Reason: "Full", Message: strings.Repeat("x", MaxMessage+1)}
	if !Set(&n.Status.Conditions, n, full) || len(n.Status.Conditions[0].Message) != MaxMessage {
		t.Error("the first is news, and is cut to what the API server takes")
	}
	n.Generation++
	if Set(&n.Status.Conditions, n, full) || n.Status.Conditions[0].ObservedGeneration != n.Generation {
		t.Error("another generation is noted, and is no news")
	}
	full.Message = "less"
	if !Set(&n.Status.Conditions, n, full) {
		t.Error("another message is news")
	}
}

// TestProblemsAreReportedFromTheirFirstTimeOn, and once each.
func TestProblemsAreReportedFromTheirFirstTimeOn(t *testing.T) {
	t.Parallel()
	n := &v1alpha1.Network{}
	p := Problem{Type: "RoutesUnseen", None: "all is seen", Well: "None"}
	if p.Set(&n.Status.Conditions, n, nil) || len(n.Status.Conditions) != 0 {
		t.Error("what never was is reported")
	}
	no := Refuse("PermissionDenied", "routes of %s", "vpc-1")
	if !p.Set(&n.Status.Conditions, n, no) || p.Set(&n.Status.Conditions, n, no) {
		t.Error("a problem is raised once")
	}
	if p.Set(&n.Status.Conditions, n, nil) || n.Status.Conditions[0].Status != metav1.ConditionFalse || n.Status.Conditions[0].Reason != "None" {
		t.Errorf("it is lowered: %+v", n.Status.Conditions)
	}
}
