package loadbalancer

import (
	"maps"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Planned is what would be done for one owner.
type Planned struct {
	lb.Actions
	Nodes int
}

// Plan plans one owner over what was read, as the engine would.
func Plan(b lb.Balancers, state lb.State, w Wanted, clusterID string, nodes []*corev1.Node) (Planned, error) {
	all := 0
	on := w.Balancer.WithNodes(func(backend string) lb.NodeSet {
		set := NodeSetOf(clusterID, w.Nodes[backend], nodes)
		if b.Rules().OwnPools {
			set.Takes = map[cloud.Owner]int{w.owner(): w.Balancer.Backends[backend].Takes}
		}
		all += len(set.Nodes)
		return set
	})
	goal, err := lb.GoalOf(b, on, state)
	if err != nil {
		return Planned{Nodes: all}, err
	}
	goal.Unprotect = w.unprotected()
	return Planned{lb.Plan(b.Rules(), state, goal), wouldSendTo(b, maps.Clone(state), on, goal.Want)}, nil
}
