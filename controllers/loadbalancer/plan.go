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
	set := NodeSetOf(clusterID, w.Nodes, nodes)
	want, err := b.Want(w.Balancer, set, state)
	if err != nil {
		return Planned{Nodes: len(set.Nodes)}, err
	}
	plan := lb.Plan(b.Rules(), state, lb.Goal{Owner: w.owner(), Want: want, Unprotect: w.unprotected()})
	if b.Rules().OwnPools {
		set.Takes = map[cloud.Owner]int{w.owner(): w.takes()}
	}
	return Planned{plan, wouldSendTo(b, maps.Clone(state), set, w.owner(), want)}, nil
}
