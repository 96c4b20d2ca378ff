package conditions

import (
	"context"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Set puts a condition of the object's present generation into the list, its
// message cut to what the API server takes, and reports whether it is news: its
// status, reason or message is another than before, or it was not there.
func Set(list *[]metav1.Condition, of client.Object, c metav1.Condition) (news bool) {
	c.Message, c.ObservedGeneration = Clip(c.Message, MaxMessage), of.GetGeneration()
	had := meta.FindStatusCondition(*list, c.Type)
	news = had == nil || had.Status != c.Status || had.Reason != c.Reason || had.Message != c.Message
	meta.SetStatusCondition(list, c)
	return news
}

// Problem is a condition that reports something wrong while it is True.
type Problem struct {
	Type string
	// None is the message while nothing is wrong, with Well as the reason.
	None, Well string
}

// Set raises the problem where there is a refusal and lowers it where r is nil;
// a problem that never was is not reported. It reports whether a problem was
// raised, or has changed: then there is an Event to make.
func (p Problem) Set(list *[]metav1.Condition, of client.Object, r *Refusal) (raised bool) {
	if r == nil && meta.FindStatusCondition(*list, p.Type) == nil {
		return false
	}
	return p.State(list, of, r)
}

// State is Set, but that a problem that never was is reported as such.
func (p Problem) State(list *[]metav1.Condition, of client.Object, r *Refusal) (raised bool) {
	if r == nil {
		Set(list, of, metav1.Condition{Type: p.Type, Status: metav1.ConditionFalse, Reason: p.Well, Message: p.None})
		return false
	}
	return Set(list, of, metav1.Condition{Type: p.Type, Status: metav1.ConditionTrue, Reason: r.Reason, Message: r.Text})
}

// WriteStatus writes the status of an object where it differs from before, a
// copy from when it was read. It names the version that was read, as a list of
// conditions is written whole and others have theirs in it: a conflict means
// that the object has to be read again.
func WriteStatus(ctx context.Context, w client.Client, o, before client.Object) error {
	if reflect.DeepEqual(o, before) {
		return nil
	}
	if err := w.Status().Patch(ctx, o, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("writing the status of %T %s: %w", o, client.ObjectKeyFromObject(o), err)
	}
	return nil
}
