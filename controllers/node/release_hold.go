package node

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// Where many Nodes vanish together whose machines live on, their prefixes stay
// on the machines: pods may still run there, as in the cluster that this one is
// a copy of. A machine that is gone carries nothing any more, and to take back
// what it had harms nobody: an autoscaler may remove as many as it likes.
//
// So a Node that is gone counts when a look has shown its machine with its
// prefix. Who has not been looked at yet may be one of these: until that is
// known, detachments wait, and nothing is said.

// nodeKind is the owners' kind, as the annotation that confirms has it.
const nodeKind = "Node"

const nodesComeBack = "Restart the kubelets on their machines, which makes the Nodes again, or delete the machines"

// roll is who of one VPC holds what we put on machines.
type roll struct {
	living          int
	carrying, doubt map[types.UID]string // Nodes that are gone, by name
}

func (r roll) count(gone ...map[types.UID]string) brake.Count {
	out := brake.Count{Kind: nodeKind, Living: r.living, Remedy: nodesComeBack}
	for _, some := range gone {
		for _, name := range some {
			out.Gone = append(out.Gone, name)
		}
	}
	return out
}

// verdict is pure. Before everybody who is gone has been looked at nothing is
// let go that might have to be held, and what was said stands.
func (r roll) verdict(was brake.Decision, confirmed int) (is brake.Decision, held map[types.UID]string) {
	is = brake.Decide(r.count(r.carrying), was.Held, confirmed)
	all := maps.Clone(r.carrying)
	maps.Copy(all, r.doubt)
	switch {
	case is.Held:
		return is, all
	case len(r.doubt) == 0:
		return is, nil
	case brake.Decide(r.count(r.carrying, r.doubt), was.Held, confirmed).Held:
		return was, all
	}
	was.Spent = false
	return was, nil
}

// count counts the Nodes of a VPC anew.
func (c *Controller) count(at cloud.Place, networks []v1alpha1.Network) (is brake.Decision, held int) {
	began := c.Now()
	r := c.callRoll(at)
	was, counted := c.brakes[at]
	if !counted {
		was.Held = slices.ContainsFunc(networks, func(n v1alpha1.Network) bool {
			return meta.IsStatusConditionTrue(n.Status.Conditions, v1alpha1.ConditionNodeReleaseHeld)
		})
	}
	var annotations []map[string]string
	for i := range networks {
		annotations = append(annotations, networks[i].Annotations)
	}
	is, nodes := r.verdict(was, brake.Confirmed(nodeKind, annotations...))
	c.brakes[at] = is
	for _, name := range c.releases.Hold(at, began, nodes) {
		c.enqueue(name)
	}
	return is, len(nodes)
}

func (c *Controller) callRoll(at cloud.Place) roll {
	r := roll{carrying: map[types.UID]string{}, doubt: map[types.UID]string{}}
	nodes := c.Nodes()
	alive, machines := make(map[types.UID]bool, len(nodes)), make(map[string]bool, len(nodes))
	for _, n := range nodes {
		alive[n.UID], machines[n.Spec.ProviderID] = true, true
	}
	cat := c.findings.catalog()
	gone := c.allocator.OfNodes(func(h allocator.Allocation) bool {
		vpc, ok := cat.vpcOf(h.Request)
		counts := ok && vpc.Place == at && !h.Adopted // what somebody else put there stays anyway
		if counts && alive[h.NodeUID] {
			r.living++
		}
		return counts && !alive[h.NodeUID]
	})
	for _, h := range gone {
		switch {
		case machines[h.Instance]: // it has registered anew, so the cluster has not forgotten it
		case !h.Durable && !h.Found: // no machine has it
		default:
			switch c.releases.Of(h.NodeUID).Seen() {
			case release.Ours:
				r.carrying[h.NodeUID] = h.Node
			case 0:
				r.doubt[h.NodeUID] = h.Node
			}
		}
	}
	return r
}

// networksOf are the Networks of a VPC.
func (c *Controller) networksOf(ctx context.Context, at cloud.Place) (out []v1alpha1.Network, _ error) {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing Networks: %w", err)
	}
	cat := c.findings.catalog()
	for _, n := range all.Items {
		if vpc, open := cat.vpcs[n.Name]; open && vpc.Place == at {
			out = append(out, n)
		}
	}
	return out, nil
}

// applyBrakes counts where something is to be decided or said, and says it. It
// reports whether that has to be done again.
func (c *Controller) applyBrakes(ctx context.Context) (again bool) {
	held, seen := 0, map[cloud.Place]bool{}
	for _, vpc := range c.findings.catalog().vpcs {
		if seen[vpc.Place] {
			continue
		}
		seen[vpc.Place] = true
		networks, err := c.networksOf(ctx, vpc.Place)
		if err != nil {
			return true
		}
		is, nodes := c.count(vpc.Place, networks)
		if is.Held {
			held += nodes
		}
		for i := range networks {
			again = !c.tellHeld(ctx, &networks[i], is) || again
		}
		again = again || is.Held
	}
	c.Metrics.held(held)
	return again || c.releases.Any()
}
