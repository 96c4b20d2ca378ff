package stress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/assign"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// seen is what the API servers and the cloud show at a quiet point.
type seen struct {
	instances []gcesim.Instance
	subnets   []gcesim.Subnetwork
	nodes     []corev1.Node // of all clusters
	grants    []invariants.Grant
}

// check is nil when all has come right and every invariant holds that can be
// seen at one moment.
func (r *rig) check() error {
	s := &seen{}
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
	s.instances, s.subnets = r.sim.Instances(), r.sim.Subnetworks()
	for _, v := range views {
		bad = append(bad, v.check(s, &r.hands))
	}
	var published []corev1.Node
	for _, n := range s.nodes {
		if len(n.Spec.PodCIDRs) > 0 {
			published = append(published, n)
		}
	}
	return errors.Join(append(bad,
		invariants.Unique(s.nodes, s.instances),
		invariants.Published(published, s.instances),
		invariants.NoStrays(s.nodes, r.hands.without(s.instances)),
		invariants.Granted(s.grants, s.subnets),
		invariants.NoOrphans(s.grants, s.subnets),
		r.hands.check(r.sim))...)
}

// view is one cluster's own.
type view struct {
	cluster  string
	nodes    []corev1.Node
	requests []v1alpha1.RangeRequest
	network  *v1alpha1.Network
	records  string // all that the ledger says
}

func (r *rig) look(c *cluster) (view, error) {
	v := view{cluster: c.name, network: &v1alpha1.Network{}}
	var nodes corev1.NodeList
	var requests v1alpha1.RangeRequestList
	var ledger corev1.ConfigMapList
	err := errors.Join(c.API.List(r.ctx, &nodes), c.API.List(r.ctx, &requests), c.API.List(r.ctx, &ledger, client.InNamespace(namespace)),
		c.API.Get(r.ctx, client.ObjectKey{Name: v1alpha1.DefaultNetwork}, v.network))
	v.nodes, v.requests = nodes.Items, requests.Items
	for _, cm := range ledger.Items {
		for _, text := range cm.Data {
			v.records += text + "\n"
		}
	}
	return v, err
}

// check looks at what waits: it says why (I7), and has to wait.
func (v view) check(s *seen, h *hands) error {
	var bad []error
	complain := func(format string, args ...any) {
		bad = append(bad, fmt.Errorf("cluster %s: %s", v.cluster, fmt.Sprintf(format, args...)))
	}
	if !meta.IsStatusConditionTrue(v.network.Status.Conditions, v1alpha1.ConditionReady) {
		complain("I5: Network %s is not ready: %+v", v.network.Name, v.network.Status.Conditions)
	}
	for _, q := range v.requests {
		if err := requestWaits(q, h); err != nil {
			complain("%v", err)
		}
	}
	for _, n := range v.nodes {
		if len(n.Spec.PodCIDRs) == 0 {
			if err := v.nodeWaits(n, s); err != nil {
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

// recorded tells whether the ledger knows what the Node publishes.
func (v view) recorded(n corev1.Node) bool {
	for line := range strings.Lines(v.records) {
		if strings.Contains(line, string(n.UID)) && strings.Contains(line, n.Spec.PodCIDRs[0]) {
			return true
		}
	}
	return false
}

// requestWaits is nil when the request has all it asked for, or has to wait
// and says why.
func requestWaits(q v1alpha1.RangeRequest, h *hands) error {
	ready := meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.Reason == "" || ready.Message == "":
		return fmt.Errorf("I7: RangeRequest %s says nothing: %+v", q.Name, ready)
	case !q.DeletionTimestamp.IsZero():
		if ready.Reason == v1alpha1.ReasonInUse && h.hold(q) {
			return nil
		}
		return fmt.Errorf("I5: RangeRequest %s is deleted and still there: %s: %s", q.Name, ready.Reason, ready.Message)
	case ready.Status == "True":
		return nil
	case ready.Reason == v1alpha1.ReasonOverlap && len(q.Spec.CIDRs) > 0:
		return nil // somebody else has a block that it asks for by name
	}
	return fmt.Errorf("I5: RangeRequest %s is not ready: %s: %s", q.Name, ready.Reason, ready.Message)
}

// hold tells whether people hold a piece of the request's ranges.
func (h *hands) hold(q v1alpha1.RangeRequest) bool {
	for _, g := range q.Status.Ranges {
		in := netip.MustParsePrefix(g.CIDR)
		for _, a := range h.thieves {
			if in.Overlaps(a.Prefix) {
				return true
			}
		}
	}
	return false
}

// nodeWaits is nil when there is no room for the Node and it says so.
func (v view) nodeWaits(n corev1.Node, s *seen) error {
	cond := invariants.Condition(n)
	if cond == nil || cond.Status != corev1.ConditionTrue || cond.Reason == "" || cond.Message == "" {
		return fmt.Errorf("I7: node %s waits and does not say why: %+v", n.Name, cond)
	}
	subnet := s.subnetOf(n)
	var room []netip.Prefix
	candidates := assign.Candidates(v.requests, n.Labels)
	granted := 0
	for _, q := range candidates {
		size, _ := assign.NodeSize(q, n.Status.Capacity.Pods().Value(), 32, assign.SpareFactor)
		for _, g := range q.Status.Ranges {
			if g.Subnet != subnet {
				continue
			}
			granted++
			for _, free := range prefix.Free([]netip.Prefix{netip.MustParsePrefix(g.CIDR)}, s.taken()) {
				if free.Bits() <= size.Bits {
					room = append(room, free)
				}
			}
		}
	}
	if len(room) > 0 {
		return fmt.Errorf("I5: node %s waits (%s: %s), and %v are free", n.Name, cond.Reason, cond.Message, room)
	}
	may := []string{v1alpha1.ReasonRangeExhausted}
	if granted == 0 {
		may = append(may, v1alpha1.ReasonPending, v1alpha1.ReasonWrongSubnet)
	}
	if !slices.Contains(may, cond.Reason) {
		return fmt.Errorf("I5: node %s waits: %s: %s", n.Name, cond.Reason, cond.Message)
	}
	return nil
}

func (s *seen) subnetOf(n corev1.Node) string {
	for _, i := range s.instances {
		if invariants.ProviderID(i) == n.Spec.ProviderID {
			return base(i.Interfaces[0].Subnetwork)
		}
	}
	return ""
}

// taken is what Nodes publish and instances carry.
func (s *seen) taken() (out []netip.Prefix) {
	for _, n := range s.nodes {
		for _, text := range n.Spec.PodCIDRs {
			out = append(out, netip.MustParsePrefix(text))
		}
	}
	for _, i := range s.instances {
		out = append(out, invariants.Carried(i)...)
	}
	return out
}

// checkHeldByHands is nil when all is gone but the requests whose ranges
// people hold pieces of, and their Networks; these say so.
func (r *rig) checkHeldByHands() error {
	if err := r.hands.check(r.sim); err != nil {
		return err
	}
	for _, c := range r.clusters {
		var requests v1alpha1.RangeRequestList
		if err := c.API.List(r.ctx, &requests); err != nil {
			return err
		}
		for _, q := range requests.Items {
			if err := requestWaits(q, &r.hands); err != nil {
				return fmt.Errorf("cluster %s: %w", c.name, err)
			}
		}
		var networks v1alpha1.NetworkList
		if err := c.API.List(r.ctx, &networks); err != nil {
			return err
		}
		if (len(networks.Items) > 0) != (len(requests.Items) > 0) {
			return fmt.Errorf("I5: cluster %s: %d Networks for %d RangeRequests", c.name, len(networks.Items), len(requests.Items))
		}
	}
	return nil
}

// checkNothingLeft is nil when no object of ours is left, in any cluster and
// in the cloud (I5).
func (r *rig) checkNothingLeft() error {
	for _, c := range r.clusters {
		for _, list := range []client.ObjectList{&v1alpha1.RangeRequestList{}, &v1alpha1.NetworkList{}} {
			if err := c.API.List(r.ctx, list); err != nil {
				return err
			}
			if n := meta.LenList(list); n > 0 {
				return fmt.Errorf("I5: cluster %s still has %d in %T", c.name, n, list)
			}
		}
	}
	return errors.Join(invariants.NothingLeft(r.sim.Subnetworks()), invariants.NoStrays(nil, r.sim.Instances()), r.hands.check(r.sim))
}
