package firewall

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// mostShut is how many kinds of machines are named that do not let pods in.
const mostShut = 3

// look judges firewalls that stand at machines and that people keep.
func (c *Controller) look(ctx context.Context, n *v1alpha1.Network, filters cloud.Filters, flows map[prefix.Family]Traffic) *metav1.Condition {
	out := through(ctx, n, filters, flows)
	if n.Spec.Firewall == v1alpha1.ManageFirewall {
		out.Message = "firewall: Manage is not supported on this cloud, where firewalls (on EC2 the security groups of the nodes) are managed by hand; set firewall: Report in the Network. Currently: " + out.Message
		out.Status, out.Reason = metav1.ConditionFalse, v1alpha1.ReasonUnsupported
	}
	return out
}

func through(ctx context.Context, n *v1alpha1.Network, filters cloud.Filters, flows map[prefix.Family]Traffic) *metav1.Condition {
	all, err := filters.Read(ctx)
	if cloud.Is(err, cloud.NotFound) {
		return found(metav1.ConditionUnknown, v1alpha1.ReasonPending, err.Error())
	}
	if err != nil {
		return failed(err, "")
	}
	wrong := shutFilters(n.Name, filters, all, flows)
	if len(wrong) == 0 {
		return found(metav1.ConditionTrue, v1alpha1.ReasonReady, "the machines' firewalls admit the pod ranges")
	}
	text := strings.Join(wrong[:min(len(wrong), mostShut)], "; ")
	if more := len(wrong) - mostShut; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return found(metav1.ConditionFalse, v1alpha1.ReasonFirewallRuleMissing, text)
}

// shutFilters says where pods do not come through, and how a person mends it.
func shutFilters(network string, filters cloud.Filters, all []cloud.Filter, flows map[prefix.Family]Traffic) (wrong []string) {
	for _, f := range families {
		t, ok := flows[f]
		if !ok {
			continue
		}
		for _, at := range all {
			v := Judge(at.Rules, t)
			if v.Open() {
				continue
			}
			r := ByHand(network, f, t)
			r.Targets = []string{at.Target}
			wrong = append(wrong, fmt.Sprintf("%s: %s; run: %s", at.Machines, v, filters.Command(r)))
		}
	}
	return wrong
}
