package stress

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/e2e"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// seen is what the API servers and the cloud show at a quiet point.
type seen struct {
	on       *ground
	machines []invariants.Machine
	subnets  []invariants.Subnet
	alone    []netip.Prefix // addresses that people hold
	nodes    []corev1.Node  // of all clusters
	grants   []invariants.Grant
}

// check is nil when all has come right and every invariant holds that can be
// seen at one moment.
func (r *rig) check() error {
	s := &seen{on: &r.ground}
	var bad []error
	views := make([]view, len(r.clusters))
	for i, c := range r.clusters {
		v, err := r.look(c)
		if err != nil {
			return err
		}
		views[i] = v
		s.nodes = append(s.nodes, v.nodes...)
		s.grants = append(s.grants, invariants.Grants(c.name, v.requests)...)
	}
	s.machines, s.subnets = r.cloud.Machines(), r.cloud.Subnets()
	for _, a := range r.hands.addresses {
		s.alone = append(s.alone, netip.PrefixFrom(a, a.BitLen()))
	}
	for _, v := range views {
		bad = append(bad, v.check(s, &r.hands))
	}
	var published []corev1.Node
	for _, n := range s.nodes {
		if len(n.Spec.PodCIDRs) > 0 && says(n, s) == "" {
			published = append(published, n)
		}
	}
	return errors.Join(append(bad,
		invariants.Unique(s.nodes, s.machines),
		invariants.Published(published, s.machines),
		invariants.NoStrays(s.nodes, ourRoutes(r.hands.without(s.machines))),
		invariants.Granted(r.hands.withoutRemoved(s), s.subnets),
		invariants.NoOrphans(s.grants, s.subnets),
		r.hands.check(s.machines, s.subnets))...)
}

// ourRoutes: people lead no routes to machines.
func ourRoutes(machines []invariants.Machine) []invariants.Machine {
	for _, m := range machines {
		for i := range m.Carried {
			m.Carried[i].Ours = m.Carried[i].Ours || m.Carried[i].Range == e2e.ByRoute
		}
	}
	return machines
}

// view is one cluster's own.
type view struct {
	serviceRanges
	cluster  string
	events   map[types.UID][]string // reasons, by what they regard
	nodes    []corev1.Node
	requests []v1alpha1.RangeRequest
	network  *v1alpha1.Network
	records  string // all that the ledger says
	releases string // what it says of prefixes that are being given back, one a line
}

func (r *rig) look(c *cluster) (view, error) {
	v := view{cluster: c.name, network: &v1alpha1.Network{}}
	var nodes corev1.NodeList
	var requests v1alpha1.RangeRequestList
	var ledger corev1.ConfigMapList
	var cidrs networkingv1.ServiceCIDRList
	var services corev1.ServiceList
	var events corev1.EventList
	err := errors.Join(c.API.List(r.ctx, &nodes), c.API.List(r.ctx, &requests), c.API.List(r.ctx, &ledger, client.InNamespace(namespace)),
		c.API.Get(r.ctx, client.ObjectKey{Name: v1alpha1.DefaultNetwork}, v.network),
		c.API.List(r.ctx, &cidrs), c.API.List(r.ctx, &services), c.API.List(r.ctx, &events))
	v.nodes, v.requests = nodes.Items, requests.Items
	v.cidrs, v.services, v.events = cidrs.Items, services.Items, map[types.UID][]string{}
	for _, e := range events.Items {
		v.events[e.InvolvedObject.UID] = append(v.events[e.InvolvedObject.UID], e.Reason)
	}
	for _, cm := range ledger.Items {
		for _, text := range cm.Data {
			v.records += text + "\n"
		}
		v.releases += cm.Data["releases"]
	}
	return v, err
}

// check looks at what waits: it says why (I7), and has to wait.
func (v view) check(s *seen, h *hands) error {
	var bad []error
	complain := func(format string, args ...any) {
		bad = append(bad, fmt.Errorf("cluster %s: %s", v.cluster, fmt.Sprintf(format, args...)))
	}
	if !meta.IsStatusConditionTrue(v.network.Status.Conditions, v1alpha1.ConditionReady) || v.network.Status.ObservedGeneration != v.network.Generation {
		complain("I5: Network %s is not ready: %+v", v.network.Name, v.network.Status.Conditions)
	}
	if fire := meta.FindStatusCondition(v.network.Status.Conditions, v1alpha1.ConditionFirewall); v.network.Spec.Firewall == v1alpha1.ManageFirewall && !firewallKept(fire, s) {
		complain("I5: the firewall is not as it should be: %+v", fire)
	}
	if err := v.checkServices(s); err != nil {
		complain("%v", err)
	}
	if err := v.checkReleases(s); err != nil {
		complain("%v", err)
	}
	for _, q := range v.requests {
		if err := requestWaits(q, h, v, s); err != nil {
			complain("%v", err)
		}
		if err := v.growthDone(q, s); err != nil {
			complain("%v", err)
		}
	}
	for _, n := range v.nodes {
		if trouble := says(n, s); trouble != "" {
			if !slices.Contains(v.events[n.UID], trouble) {
				complain("I7: node %s says %s, and no Event does", n.Name, trouble)
			}
			continue
		}
		if len(n.Spec.PodCIDRs) == 0 {
			if err := v.nodeWaits(n, s, h); err != nil {
				complain("%v", err)
			}
			continue
		}
		if !v.recorded(n) {
			complain("I2: node %s publishes %s, and no record says so", n.Name, n.Spec.PodCIDRs[0])
		}
	}
	return errors.Join(bad...)
}

// firewallKept tells whether the firewall is, or why this cloud's cannot be.
func firewallKept(fire *metav1.Condition, s *seen) bool {
	return fire != nil && (fire.Status == metav1.ConditionTrue || s.on.noFirewall && fire.Reason == v1alpha1.ReasonUnsupported)
}

// checkReleases is nil when every prefix that is being given back is still on
// some machine: else there is nothing to wait for, but a change under way.
func (v view) checkReleases(s *seen) error {
	for line := range strings.Lines(v.releases) {
		if strings.HasPrefix(line, "=") {
			continue // what the entries below it have in common
		}
		if own, open := strings.CutSuffix(line, ",+\n"); open {
			line = own + "}"
		}
		var x struct{ Prefix, Node string }
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			return fmt.Errorf("the ledger says %q: %w", line, err)
		}
		p := netip.MustParsePrefix(x.Prefix)
		if !slices.ContainsFunc(s.machines, func(m invariants.Machine) bool { return overlaps(p, m.Prefixes()) }) {
			return fmt.Errorf("I5: %s of node %s is being given back", p, x.Node)
		}
	}
	return nil
}

// says gives the trouble that only a person can end, where the Node is in it
// and says so.
func says(n corev1.Node, s *seen) string {
	if isForeign(n) {
		for _, cond := range n.Status.Conditions {
			if cond.Type == "vpcnative.dev/ForeignPodCIDR" && cond.Status == corev1.ConditionTrue {
				return cond.Reason
			}
		}
		return ""
	}
	cond := invariants.Condition(n)
	if cond == nil || cond.Status != corev1.ConditionTrue {
		return ""
	}
	m := s.machineOf(n)
	carried := append(m.Prefixes(), m.Own...)
	six := len(m.Own) > 0
	switch {
	case cond.Reason == v1alpha1.ReasonNoIPv6 && len(n.Spec.PodCIDRs) == 0 && n.Labels[pool] == dual && !six:
		return cond.Reason
	case cond.Reason == v1alpha1.ReasonIPv6Changed && len(n.Spec.PodCIDRs) == 2 && slices.Contains(carried, netip.MustParsePrefix(n.Spec.PodCIDRs[0])) &&
		!slices.Contains(carried, netip.MustParsePrefix(n.Spec.PodCIDRs[1])):
		return cond.Reason
	}
	return ""
}

// recorded tells whether the ledger knows what the Node publishes.
func (v view) recorded(n corev1.Node) bool {
	for line := range strings.Lines(v.records) {
		if strings.Contains(line, string(n.UID)) && strings.Contains(line, n.Spec.PodCIDRs[0]) {
			return true
		}
	}
	return false
}

// taken is what Nodes publish and machines and people hold.
func (s *seen) taken() []netip.Prefix {
	out := append(s.published(), s.alone...)
	for _, m := range s.machines {
		out = append(append(out, m.Prefixes()...), m.Single...)
	}
	return out
}

func (s *seen) published() (out []netip.Prefix) {
	for _, n := range s.nodes {
		for _, text := range n.Spec.PodCIDRs {
			out = append(out, netip.MustParsePrefix(text))
		}
	}
	return out
}
