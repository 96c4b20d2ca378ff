package loadbalancer

import (
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/brake"
)

// Where many Nodes vanish together, the balancers go on sending to their
// machines: health checks find out who does not serve, sooner and better than an
// API server that was restored from an old copy. A machine that is gone is taken
// out of its pools by the cloud itself. A Node that is there and is not to be
// sent to, by its label or taint, is none of those.

// memberKind is the owners' kind, as the annotation that confirms has it.
const memberKind = "Member"

const membersComeBack = "Restart the kubelets on their machines, which makes the Nodes again, or delete the machines"

// floor is what is decided of the members of one set's pools.
type floor struct {
	is    brake.Decision
	gone  map[string]bool // members without a Node
	fresh bool            // as the cloud has them, not the store
}

// Pools are the cloud's pools, with the members that are held.
func (k *networkView) Pools(set lb.NodeSet, got lb.State) []lb.Resource {
	return k.hold(set, got, k.Balancers.Pools(set, got))
}

// hold adds to wanted pools those members that would go and are held.
func (k *networkView) hold(set lb.NodeSet, got lb.State, want []lb.Resource) []lb.Resource {
	leave := map[string]bool{}
	for _, r := range want {
		for _, m := range leaving(r, got) {
			leave[m] = true
		}
	}
	f := k.floorOf(set.Name)
	if len(leave) == 0 || !f.is.Held && len(leave) <= brake.Few {
		return want
	}
	if f = k.judge(set, got); !f.is.Held {
		return want
	}
	out := slices.Clone(want)
	for i, r := range out {
		stay := slices.DeleteFunc(leaving(r, got), func(m string) bool { return !f.gone[m] })
		if len(stay) > 0 {
			out[i].Members = slices.Sorted(slices.Values(slices.Concat(r.Members, stay)))
		}
	}
	return out
}

// leaving are the members that a wanted pool lacks.
func leaving(want lb.Resource, got lb.State) (out []string) {
	stays := map[string]bool{}
	for _, m := range want.Members {
		stays[m] = true
	}
	for _, m := range got[want.Ref].Members {
		if !stays[m] {
			out = append(out, m)
		}
	}
	return out
}

func (k *networkView) floorOf(set string) floor {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lockedFloor(set)
}

// lockedFloor is, before the first decision, as the last manager said it.
func (k *networkView) lockedFloor(set string) floor {
	f, known := k.floors[set]
	if !known {
		f.is.Held, f.fresh = k.heldBefore, k.heldBefore
	}
	return f
}

// judge decides anew what is held of a set's pools.
func (k *networkView) judge(set lb.NodeSet, got lb.State) floor {
	members, there := k.without(set, got)
	gone := map[string]bool{}
	for m := range members {
		if !there[m] {
			gone[m] = true
		}
	}
	count := brake.Count{Kind: memberKind, Remedy: membersComeBack, Gone: machines(gone)}
	count.Living = len(machines(members)) - len(count.Gone)
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.lockedFloor(set.Name)
	f.is, f.gone = brake.Decide(count, f.is.Held, k.confirmed), gone
	k.floors[set.Name] = f
	return f
}

// handful is how many nodes no limit of a pool is too small for.
const handful = 10

// without are the members of a set's pools, and those that a Node of the API
// server would be. Nodes are asked about few at a time, as pools have limits.
func (k *networkView) without(set lb.NodeSet, got lb.State) (members, there map[string]bool) {
	members, there = map[string]bool{}, map[string]bool{}
	none := lb.NodeSet{ClusterID: set.ClusterID, Name: set.Name}
	for _, pool := range k.Balancers.Pools(none, got) {
		for _, m := range got[pool.Ref].Members {
			members[m] = true
		}
	}
	for some := range slices.Chunk(k.nodes(), handful) {
		few := none
		few.Nodes = some
		for _, pool := range k.Balancers.Pools(few, got) {
			for _, m := range pool.Members {
				there[m] = true
			}
		}
	}
	return members, there
}

// machines are the names of members, each once: a pool may have their addresses
// too.
func machines(members map[string]bool) (out []string) {
	for m := range members {
		name, _, _ := strings.Cut(m, " ")
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
