package firewall

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// settle makes the firewall as the Network wants it and returns how it stands;
// nil where there is nothing to say. Its error is of the API server.
func (c *Controller) settle(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest) (*metav1.Condition, error) {
	going := !n.DeletionTimestamp.IsZero()
	ours := controllerutil.ContainsFinalizer(n, v1alpha1.FirewallFinalizer)
	if going && !ours {
		return nil, nil
	}
	vpc, err := c.OpenVPC(ctx, n)
	if err != nil {
		return failed(err, ""), nil
	}
	pods := podRanges(n.Name, requests)
	if vpc.Firewalls == nil {
		return c.settleFilters(ctx, n, requests, vpc, len(pods) > 0)
	}
	switch {
	case going && len(pods) > 0:
		return nil, nil // the rule stays as long as its pods; their going comes as an event
	case len(pods) == 0 && ours && (going || n.Spec.Firewall == v1alpha1.ManageFirewall):
		return c.takeBack(ctx, n, vpc, going)
	case len(pods) == 0:
		return found(metav1.ConditionTrue, v1alpha1.ReasonNoPodRanges, "no pod ranges are granted yet"), nil
	}
	flows, err := c.flows(ctx, n, requests, vpc)
	if err != nil {
		return failed(err, ""), nil
	}
	return c.see(ctx, n, vpc.Firewalls, flows)
}

// settleFilters is settle where the network has no firewall of its own.
func (c *Controller) settleFilters(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest, vpc cloud.VPC, pods bool) (*metav1.Condition, error) {
	if vpc.Filters == nil {
		return nil, nil
	}
	if !pods && n.Spec.Firewall != v1alpha1.ManageFirewall {
		return found(metav1.ConditionTrue, v1alpha1.ReasonNoPodRanges, "no pod ranges are granted yet"), nil
	}
	flows, err := c.flows(ctx, n, requests, vpc)
	if err != nil {
		return failed(err, ""), nil
	}
	return c.look(ctx, n, vpc.Filters, flows), nil
}

// takeBack deletes what rules there are of ours and lets the Network go.
func (c *Controller) takeBack(ctx context.Context, n *v1alpha1.Network, vpc cloud.VPC, going bool) (*metav1.Condition, error) {
	for _, f := range families {
		if err := vpc.Firewalls.Delete(ctx, Rule(owner(c.ClusterID, n.Name), f, Traffic{})); err != nil {
			return failed(err, ""), nil
		}
	}
	log.FromContext(ctx).Info("the firewall rules of the network are deleted")
	if err := c.finalize(ctx, n, controllerutil.RemoveFinalizer); err != nil || going {
		return nil, err
	}
	return found(metav1.ConditionTrue, v1alpha1.ReasonNoPodRanges, "no pod ranges are granted yet"), nil
}

// finalize adds or removes the finalizer, and leaves n as it is now.
func (c *Controller) finalize(ctx context.Context, n *v1alpha1.Network, change func(client.Object, string) bool) error {
	before := n.DeepCopy()
	if !change(n, v1alpha1.FirewallFinalizer) {
		return nil
	}
	if err := c.Client.Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("writing the finalizers of Network %s: %w", n.Name, err)
	}
	return nil
}

// see reads the rules, keeps ours where it is for us to keep, and judges.
func (c *Controller) see(ctx context.Context, n *v1alpha1.Network, firewalls cloud.Firewalls, flows map[prefix.Family]Traffic) (*metav1.Condition, error) {
	rules, err := firewalls.Read(ctx)
	if err != nil {
		return failed(err, "; "+byHand(firewalls, n, flows)), nil
	}
	var trouble error
	if n.Spec.Firewall == v1alpha1.ManageFirewall {
		if err := c.finalize(ctx, n, controllerutil.AddFinalizer); err != nil {
			return nil, err
		}
		rules, trouble = c.keep(ctx, n, firewalls, flows, rules)
	}
	return c.judge(n, firewalls, flows, rules, trouble), nil
}

// keep makes our rules as they are to be, and returns the rules as they are then.
func (c *Controller) keep(ctx context.Context, n *v1alpha1.Network, firewalls cloud.Firewalls, flows map[prefix.Family]Traffic, rules []cloud.FirewallRule) ([]cloud.FirewallRule, error) {
	for _, f := range families {
		flow, wanted := flows[f]
		want := Rule(owner(c.ClusterID, n.Name), f, flow)
		same := func(r cloud.FirewallRule) bool { return r.Name == want.Name }
		at := slices.IndexFunc(rules, same)
		var err error
		switch {
		case wanted && (at < 0 || !rules[at].Equal(want)):
			log.FromContext(ctx).Info("keeping a firewall rule", "rule", want.Name, "sources", join(want.Sources))
			err = firewalls.Ensure(ctx, want)
		case !wanted && at >= 0:
			log.FromContext(ctx).Info("deleting a firewall rule", "rule", want.Name)
			err = firewalls.Delete(ctx, want)
		default:
			continue
		}
		if err != nil {
			return rules, err
		}
		if rules, err = firewalls.Read(ctx); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// judge puts into words what the rules make of the pods' traffic.
func (c *Controller) judge(n *v1alpha1.Network, firewalls cloud.Firewalls, flows map[prefix.Family]Traffic, rules []cloud.FirewallRule, trouble error) *metav1.Condition {
	out := found(metav1.ConditionTrue, v1alpha1.ReasonReady, "the firewall admits the pod ranges")
	var wrong, fine []string
	shut := map[prefix.Family]Traffic{}
	for _, f := range families {
		v := Judge(rules, flows[f])
		for _, e := range v.Exceptions {
			fine = append(fine, "rule "+e.Name+" denies single ports")
		}
		if v.Open() {
			continue
		}
		wrong, shut[f] = append(wrong, v.String()), flows[f]
		out.Status, out.Reason = metav1.ConditionFalse, v1alpha1.ReasonFirewallRuleMissing
		if len(v.Denies) > 0 {
			out.Reason = v1alpha1.ReasonFirewallDenies
		}
	}
	switch {
	case trouble != nil:
		out = failed(trouble, "")
		if len(wrong) > 0 {
			out.Status = metav1.ConditionFalse
			out.Message += "; " + strings.Join(wrong, "; ") + "; " + byHand(firewalls, n, shut)
		}
	case out.Reason == v1alpha1.ReasonFirewallDenies:
		out.Message = strings.Join(wrong, "; ") + "; it is not vpcnative's and is left alone: delete or narrow it, or give it a higher priority number than the rule that admits the pods"
		if n.Spec.Firewall != v1alpha1.ManageFirewall {
			out.Message += ", which is: " + byHand(firewalls, n, shut)
		}
	case len(wrong) > 0:
		out.Message = strings.Join(wrong, "; ") + "; " + byHand(firewalls, n, shut)
	}
	if left := c.leftBehind(n, rules); left != "" {
		fine = append(fine, left)
	}
	if len(fine) > 0 {
		out.Message += " (" + strings.Join(fine, "; ") + ")"
	}
	return out
}

// leftBehind names our rules under a Network that does not want us to keep
// them: they stay until the Network goes, since to delete one is to cut off
// pods.
func (c *Controller) leftBehind(n *v1alpha1.Network, rules []cloud.FirewallRule) string {
	var names []string
	for _, r := range rules {
		if r.Mark().Of(owner(c.ClusterID, n.Name)) && n.Spec.Firewall != v1alpha1.ManageFirewall {
			names = append(names, r.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "rule " + strings.Join(names, ", ") + " of vpcnative stays as it was and no longer follows the ranges; delete it once a rule of yours replaces it"
}

// byHand says how a person mends it.
func byHand(firewalls cloud.Firewalls, n *v1alpha1.Network, flows map[prefix.Family]Traffic) string {
	var commands []string
	for _, f := range families {
		if t, ok := flows[f]; ok {
			commands = append(commands, firewalls.Command(ByHand(n.Name, f, t)))
		}
	}
	run := "run: " + strings.Join(commands, " && ")
	if n.Spec.Firewall != v1alpha1.ManageFirewall {
		run = "set firewall: Manage in the Network, or " + run
	}
	return run
}
