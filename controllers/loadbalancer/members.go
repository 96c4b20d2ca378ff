package loadbalancer

import (
	"context"
	"fmt"
	"maps"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// poolsOf are the pools that one balancer uses and that are there, with their
// wanted members, and what they are planned on.
func (k *book) poolsOf(set lb.NodeSet, owner cloud.Owner, want []lb.Resource) (state lb.State, pools []lb.Resource) {
	its := map[lb.Ref]bool{}
	for _, r := range want {
		its[r.Ref] = true
	}
	state = k.view()
	// Where each balancer has pools of its own, those of others cost time.
	maps.DeleteFunc(state, func(_ lb.Ref, r lb.Resource) bool { return r.Owner.Kind == wanted.OwnerKind && r.Owner != owner })
	for _, p := range k.Members(set, state) {
		if _, there := state[p.Ref]; there && (its[p.Ref] || p.Owner == owner) {
			pools = append(pools, p)
		}
	}
	return state, pools
}

// lookAtPoolsOf puts the nodes into the pools that were made for one balancer.
// What fails is taken up with all other pools.
func (c *Controller) lookAtPoolsOf(ctx context.Context, k *book, set lb.NodeSet, owner cloud.Owner, want []lb.Resource) {
	state, pools := k.poolsOf(set, owner, want)
	plan := lb.Plan(k.Rules(), state, lb.Goal{Owner: set.Owner(), Want: pools, Keep: true})
	if err := lb.Run(ctx, hand{k, c, owner}, plan, state); err != nil {
		c.Metrics.pools(k.network, err)
		c.lookAtPools()
	}
}

// sendsTo says to how many nodes of the set a balancer sends, or is to; some
// is false where to none.
func (k *book) sendsTo(set lb.NodeSet, owner cloud.Owner, want []lb.Resource) (text string, some bool) {
	members := map[string]bool{}
	_, pools := k.poolsOf(set, owner, want)
	for _, p := range pools {
		for _, m := range p.Fields[lb.FieldMembers] {
			members[m] = true
		}
	}
	bare := 0
	for _, n := range set.Nodes {
		if len(n.Addresses) == 0 {
			bare++
		}
	}
	switch {
	case len(members) >= len(set.Nodes):
		text = fmt.Sprintf("%d nodes", len(set.Nodes))
	case bare > 0:
		text = fmt.Sprintf("%d of %d nodes, of which %d have no InternalIP yet", len(members), len(set.Nodes), bare)
	default:
		text = fmt.Sprintf("%d of %d nodes", len(members), len(set.Nodes))
	}
	return text, len(members) > 0
}
