// Package conditions reports why something is not as it was asked for: a
// Refusal carries one reason and one text, and the condition, the Event and the
// metric all say these.
package conditions

import (
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/cloud"
)

// Rights is the remedy where the API server forbids what we ask for.
const Rights = "give the manager's service account the rights of deploy/manifests/rbac.yaml"

// Refusal is why something was not done.
type Refusal struct {
	// Reason is the condition's, the Event's and the metric's.
	Reason string
	// Text says what was being done, on which object, what came back, and what
	// to do.
	Text string
	// Again is how long to wait before the next try; zero leaves it to the
	// caller.
	Again time.Duration
	// Quiet marks a wait that is expected and passes by itself: its Event is
	// no warning.
	Quiet bool
	// Conflict reports that somebody else wrote the object meanwhile: there is
	// nothing to report, and the next try reads it anew.
	Conflict bool
}

func (r *Refusal) Error() string { return r.Text }

// Refuse makes a refusal with a reason of ours.
func Refuse(reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// FromCloud makes a refusal of an error of the cloud's; nil stays nil.
func FromCloud(err error) *Refusal {
	if err == nil {
		return nil
	}
	return &Refusal{Reason: string(cloud.ReasonOf(err)), Text: err.Error()}
}

// FromAPI makes a refusal of an error of the API server's, which names the
// right that is missing where one is; nil stays nil. Act is what was being
// done: "writing the claims ledger".
func FromAPI(act string, err error) *Refusal {
	if err == nil {
		return nil
	}
	text := cloud.Steady(err.Error())
	if !strings.HasPrefix(text, act+": ") {
		text = act + ": " + text
	}
	switch {
	case apierrors.IsForbidden(err):
		return &Refusal{Reason: string(cloud.PermissionDenied), Text: text + "; " + Rights}
	case apierrors.IsConflict(err):
		return &Refusal{Reason: string(cloud.Stale), Text: act + ": somebody else wrote it meanwhile", Conflict: true}
	}
	return &Refusal{Reason: string(cloud.Unavailable), Text: text}
}

// ReasonOf is the reason of a refusal in err, or the cloud's.
func ReasonOf(err error) string {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Reason
	}
	return string(cloud.ReasonOf(err))
}

// Condition is the refusal as the condition of that type, False.
func (r *Refusal) Condition(kind string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: r.Reason, Message: r.Text}
}
