package service

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// report writes the outcome into the status, where it is news, and an Event
// and a metric with the same reason. A refusal leaves the addresses as they
// are: what is there still serves.
func (c *Controller) report(ctx context.Context, s *corev1.Service, is loadbalancer.Outcome) error {
	if is.Quiet {
		return nil
	}
	c.Metrics.observe(client.ObjectKeyFromObject(s), is)
	before := s.DeepCopy()
	news := enter(s, is)
	if is.Ingress != nil && build.Ours(s, c.WithoutClass) {
		s.Status.LoadBalancer = statusOf(is.Ingress)
	}
	if c.Engine.DryRun { // nothing is written that could say so
		news = c.news(client.ObjectKeyFromObject(s), func(t *told) *string { return &t.plan }, is.Text)
	}
	if news || is.Changed && is.Ready {
		log.FromContext(ctx).Info("the load balancer was looked at", "reason", is.Reason, "what", is.Text)
		c.tellOutcome(s, is)
	}
	if c.Engine.DryRun {
		return nil
	}
	return conditions.WriteStatus(ctx, c.Client, s, before)
}

// enter puts the outcome into the conditions, ours and Kubernetes' own about
// protocols that do not mix, and reports whether it is news.
func enter(s *corev1.Service, is loadbalancer.Outcome) (news bool) {
	status := metav1.ConditionFalse
	if is.Ready {
		status = metav1.ConditionTrue
	}
	if is.Mixed {
		conditions.Set(&s.Status.Conditions, s, metav1.Condition{Type: corev1.LoadBalancerPortsError, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonMixedProtocols, Message: is.Text})
	} else {
		meta.RemoveStatusCondition(&s.Status.Conditions, corev1.LoadBalancerPortsError)
	}
	return conditions.Set(&s.Status.Conditions, s, metav1.Condition{Type: v1alpha1.ConditionLoadBalancer, Status: status, Reason: is.Reason, Message: is.Text})
}

// tellOutcome makes an Event of an outcome, or of each command, so that a person
// finds it whole.
func (c *Controller) tellOutcome(s *corev1.Service, is loadbalancer.Outcome) {
	kind, about := corev1.EventTypeWarning, runtime.Object(nil)
	if is.Ready || is.Reason == v1alpha1.ReasonPending {
		kind = corev1.EventTypeNormal
	}
	const act = "KeepLoadBalancer"
	for _, command := range is.Commands {
		c.Events.Eventf(s, conditions.RelatedText(command), kind, is.Reason, act, "%s", loadbalancer.RunThis+command)
	}
	if c.Engine.DryRun {
		about = conditions.RelatedText(is.Text)
	}
	if len(is.Commands) == 0 {
		c.Events.Eventf(s, about, kind, is.Reason, act, "%s", is.Text)
	}
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
func (c *Controller) tell(s *corev1.Service, notes []build.Note) {
	if !c.news(client.ObjectKeyFromObject(s), func(t *told) *string { return &t.notes }, fmt.Sprint(notes)) {
		return
	}
	for len(notes) > 0 {
		reason, texts := notes[0].Reason, []string(nil)
		for ; len(notes) > 0 && notes[0].Reason == reason; notes = notes[1:] { // they are in order
			texts = append(texts, notes[0].Text)
		}
		c.Metrics.noted(client.ObjectKeyFromObject(s), reason)
		c.Events.Eventf(s, nil, corev1.EventTypeWarning, reason, "ReadService", "%s", strings.Join(texts, "; "))
	}
}

// news reports whether a text about a Service is another than the last one.
func (c *Controller) news(key client.ObjectKey, of func(*told) *string, text string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.told[key]
	was := of(&t)
	is := *was != text
	*was = text
	c.told[key] = t
	return is
}
