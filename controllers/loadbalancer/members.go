package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// poolsOf are the pools of a set that one balancer uses and that are there, with
// the members that are wanted.
func (k *View) poolsOf(set lb.NodeSet, owner cloud.Owner, want []lb.Resource) (pools []lb.Resource) {
	its := map[lb.Ref]bool{}
	for _, r := range want {
		its[r.Ref] = true
	}
	state := k.view()
	leaveApart(state, owner)
	for _, p := range k.Pools(set, state) {
		if _, there := state[p.Ref]; there && (its[p.Ref] || p.Owner == owner) {
			pools = append(pools, p)
		}
	}
	return pools
}

// wouldSendTo is to how many nodes a balancer would send that is all there.
func wouldSendTo(cloud lb.Balancers, state lb.State, b lb.LoadBalancer, want []lb.Resource) int {
	holds, its := map[string]bool{}, lb.StateOf(want...)
	there := planned(state, b.Owner, want)
	for _, set := range b.NodeSets() {
		for _, p := range cloud.Pools(set, there) {
			if _, is := its[p.Ref]; is {
				for _, m := range p.Members {
					holds[m] = true
				}
			}
		}
	}
	return len(holds)
}

// planned is what concerns one balancer, as if all that is wanted of it were
// there.
func planned(state lb.State, owner cloud.Owner, want []lb.Resource) lb.State {
	for _, r := range want {
		had, there := state[r.Ref]
		if !there {
			had = r
		}
		had.Uses = r.Uses
		state[r.Ref] = had
	}
	leaveApart(state, owner)
	return state
}

// leaveApart takes out what is another owner's alone: where each balancer has
// pools of its own, those of others cost time.
func leaveApart(state lb.State, owner cloud.Owner) {
	maps.DeleteFunc(state, func(_ lb.Ref, r lb.Resource) bool {
		return !r.Foreign() && !r.Shared && r.Owner != owner
	})
}

// lookAtPools puts the nodes into the pools of the balancer. What fails or is
// slow is taken up with all other pools.
func (h executor) lookAtPools(ctx context.Context, w Wanted) {
	refs, want := h.poolsOfBalancer(w)
	all, err := h.syncMembers(ctx, refs, want)
	if err != nil {
		h.e.Metrics.pools(h.network, err)
	}
	if !all || err != nil {
		for _, u := range w.uses() {
			h.caughtUp(u.Name, false)
		}
		h.e.lookAtPools()
	}
}

// allPools are the pools of all its sets, by the Nodes there are by now.
func (h executor) allPools(w Wanted) (out []lb.Resource) {
	for _, set := range h.e.withNodes(h.View, w).NodeSets() {
		out = append(out, h.poolsOf(set, h.owner, h.want)...)
	}
	return out
}

// feed sees to it that the balancer's pools that are there hold nodes before
// anything new sends to them: whoever made one may have ended before they came.
func (h executor) feed(ctx context.Context, w Wanted) error {
	refs, want := h.poolsOfBalancer(w)
	all, err := h.syncMembers(ctx, refs, want)
	if all && err == nil || !h.starves(h.allPools(w)) {
		return nil // what failed is taken up with all other pools
	}
	if err == nil {
		err = errors.New("what the pools hold is still being changed")
	}
	return err
}

// sendsTo says to how many of its nodes a balancer sends, and which of them it
// cannot send to; some is false where to none.
func (k *View) sendsTo(b lb.LoadBalancer, want []lb.Resource) (text string, some bool) {
	all, holds, left := 0, map[string]bool{}, map[string]string{}
	for _, set := range b.NodeSets() {
		wanted := map[string]bool{}
		for _, p := range k.poolsOf(set, b.Owner, want) {
			for _, m := range p.Members {
				wanted[m] = true
			}
			for _, m := range k.holds(p) {
				holds[m] = true
			}
			for _, l := range k.aside.Of(p.Group()) {
				left[l.Member] = l.Member + " cannot be attached: " + l.Err.Error()
			}
		}
		most := len(set.Nodes)
		if takes := set.Takes[b.Owner]; takes > 0 && takes < most { // of which it takes some
			most = min(most, len(wanted))
		}
		all += most
		for _, n := range set.Nodes {
			if why := k.Unfit(n); why != "" && len(holds) < all {
				left[n.ProviderID] = path.Base(n.ProviderID) + " cannot be attached: " + why
			}
		}
	}
	text = fmt.Sprintf("%d of %s", len(holds), backendNodes(all))
	if len(holds) >= all {
		text = backendNodes(len(holds)) // more where those are held that have no Node any more
	}
	return text + listed(slices.Sorted(maps.Values(left))), len(holds) > 0
}

func backendNodes(n int) string {
	if n == 1 {
		return "1 backend node"
	}
	return fmt.Sprintf("%d backend nodes", n)
}

// mostNamed is how many nodes a condition names.
const mostNamed = 3

func listed(all []string) string {
	if len(all) == 0 {
		return ""
	}
	more := ""
	if len(all) > mostNamed {
		all, more = all[:mostNamed], fmt.Sprintf("; and %d more", len(all)-mostNamed)
	}
	return "; " + strings.Join(all, "; ") + more
}
