package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// finding is how a Service's balancer stands, in the words of a condition.
type finding struct {
	ready        bool
	reason, text string
	ingress      []lb.Ingress
	listeners    []lb.Listener
	// commands are for somebody with more rights to run.
	commands []string
	// mixed: the cloud cannot have its protocols together.
	mixed bool
	// changed: something was done.
	changed bool
	// looked: ingress is where it can be reached by what was read, and nowhere
	// where there is none.
	looked bool
	// trouble is tried again, later each time; again says when to look.
	trouble error
	again   time.Duration
	// quiet: there is nothing to say.
	quiet bool
}

// refused is about what only a change of the Service or of a Network mends.
func refused(reason string, err error) finding {
	return finding{reason: reason, text: err.Error(), again: refusedPause}
}

// refusedPause is when a refusal is looked at again, since what it is about
// may be elsewhere.
const refusedPause = 5 * time.Minute

func troubled(err error) finding {
	return finding{reason: string(cloud.ReasonOf(err)), text: err.Error(), trouble: err}
}

// refusal is an error with a reason of ours.
type refusal struct{ reason, text string }

func (r *refusal) Error() string { return r.text }

func reasonOf(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.reason
	}
	return string(cloud.ReasonOf(err))
}

// What the API server takes, in bytes: of a condition's message, and of an
// Event's note.
const maxMessage, maxNote = 32768, 1024

func clip(text string, most int) string {
	const more = "..."
	if len(text) <= most {
		return text
	}
	return text[:most-len(more)] + more
}

// report writes the finding into the status, where it is news, and an Event
// and a metric with the same reason. A refusal leaves the addresses as they
// are: what is there still serves.
func (c *Controller) report(ctx context.Context, s *corev1.Service, f finding) error {
	if f.quiet {
		return nil
	}
	c.Metrics.observe(client.ObjectKeyFromObject(s), f)
	before := s.DeepCopy()
	status := metav1.ConditionFalse
	if f.ready {
		status = metav1.ConditionTrue
	}
	had := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionLoadBalancer)
	meta.SetStatusCondition(&s.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionLoadBalancer, Status: status, Reason: f.reason, Message: clip(f.text, maxMessage), ObservedGeneration: s.Generation,
	})
	portsError(s, f)
	if f.ingress != nil && Ours(s, c.WithoutClass) {
		s.Status.LoadBalancer = statusOf(f.ingress)
	}
	news := had == nil || had.Reason != f.reason || had.Message != clip(f.text, maxMessage)
	if m := c.remember(client.ObjectKeyFromObject(s)); c.DryRun { // nothing is written that could say so
		news = m.said != f.text
		m.said = f.text
	}
	if news || f.changed && f.ready {
		kind := corev1.EventTypeWarning
		if f.ready || f.reason == v1alpha1.ReasonPending {
			kind = corev1.EventTypeNormal
		}
		log.FromContext(ctx).Info("the load balancer was looked at", "reason", f.reason, "what", f.text)
		c.tellFinding(s, kind, f)
	}
	if c.DryRun || reflect.DeepEqual(before.Status, s.Status) {
		return nil
	}
	err := c.Client.Status().Patch(ctx, s, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("writing the status of Service %s/%s: %w", s.Namespace, s.Name, err)
	}
	return nil
}

// tellFinding makes an Event of a finding, or of each command, so that a person
// finds it whole.
func (c *Controller) tellFinding(s *corev1.Service, kind string, f finding) {
	const act = "KeepLoadBalancer"
	for _, command := range f.commands {
		c.Events.Eventf(s, textOf(command), kind, f.reason, act, "%s", clip(runThis+command, maxNote))
	}
	switch {
	case len(f.commands) > 0:
	case c.DryRun:
		c.Events.Eventf(s, textOf(f.text), kind, f.reason, act, "%s", clip(f.text, maxNote))
	default:
		c.Events.Eventf(s, nil, kind, f.reason, act, "%s", clip(f.text, maxNote))
	}
}

// textOf is a related object for an Event about an object that is not written
// meanwhile: the API takes two Events of one reason about one version of one
// object for the same again, and drops the second one's text.
func textOf(text string) *corev1.ObjectReference {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return &corev1.ObjectReference{Kind: "Text", Name: fmt.Sprintf("%x", h.Sum64())}
}

// portsError is Kubernetes' own condition about protocols that do not mix.
func portsError(s *corev1.Service, f finding) {
	if !f.mixed {
		meta.RemoveStatusCondition(&s.Status.Conditions, corev1.LoadBalancerPortsError)
		return
	}
	meta.SetStatusCondition(&s.Status.Conditions, metav1.Condition{
		Type: corev1.LoadBalancerPortsError, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonMixedProtocols,
		Message: clip(f.text, maxMessage), ObservedGeneration: s.Generation,
	})
}

func statusOf(list []lb.Ingress) (out corev1.LoadBalancerStatus) {
	for _, i := range list {
		x := corev1.LoadBalancerIngress{Hostname: i.Hostname}
		if i.Address.IsValid() {
			mode := corev1.LoadBalancerIPModeVIP
			if i.Rewritten {
				mode = corev1.LoadBalancerIPModeProxy
			}
			x = corev1.LoadBalancerIngress{IP: i.Address.String(), IPMode: &mode}
		}
		out.Ingress = append(out.Ingress, x)
	}
	return out
}

// tell makes Events of notes, once for each list of them: one for each reason,
// since the API takes two of one reason about one object for the same Event
// again, and drops the second one's text.
func (c *Controller) tell(s *corev1.Service, notes []wanted.Note) {
	m := c.remember(client.ObjectKeyFromObject(s))
	text := fmt.Sprint(notes)
	if m.told == text {
		return
	}
	m.told = text
	for len(notes) > 0 {
		reason, texts := notes[0].Reason, []string(nil)
		for ; len(notes) > 0 && notes[0].Reason == reason; notes = notes[1:] { // they are in order
			texts = append(texts, notes[0].Text)
		}
		c.Metrics.noted(client.ObjectKeyFromObject(s), reason)
		c.Events.Eventf(s, nil, corev1.EventTypeWarning, reason, "ReadService", "%s", clip(strings.Join(texts, "; "), maxNote))
	}
}

// sayPlan is all that a dry run does.
func (c *Controller) sayPlan(plan lb.Actions, nodes int) finding {
	return finding{ready: true, reason: v1alpha1.ReasonPlanned, text: "would be done, and is not: " + plan.String() + fmt.Sprintf("it would send to %d nodes", nodes)}
}
