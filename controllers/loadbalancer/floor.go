package loadbalancer

import (
	"maps"
	"path"
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
func (k *View) Pools(set lb.NodeSet, got lb.State) []lb.Resource {
	return k.hold(set, got, k.Balancers.Pools(set, got))
}

// hold adds to wanted pools those members that would go and are held.
func (k *View) hold(set lb.NodeSet, got lb.State, want []lb.Resource) []lb.Resource {
	leave := map[string]bool{}
	for _, r := range want {
		for _, m := range leaving(r, got) {
			leave[m] = true
		}
	}
	if len(leave) == 0 {
		return want
	}
	f := k.judge(set, k.view()) // of all of the set's pools, whichever are asked for
	if !f.is.Held {
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

// keepFloors forgets what was decided of sets that nobody uses any more.
func (k *View) keepFloors(used []Selection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	maps.DeleteFunc(k.floors, func(set string, _ floor) bool {
		return !slices.ContainsFunc(used, func(s Selection) bool { return s.Name == set })
	})
}

// lockedFloor is, before the first decision, as the last manager said it.
func (k *View) lockedFloor(set string) floor {
	f, known := k.floors[set]
	if !known {
		f.is.Held, f.fresh = k.heldBefore, k.heldBefore
	}
	return f
}

// judge decides anew what is held of a set's pools.
func (k *View) judge(set lb.NodeSet, got lb.State) floor {
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

// without are the members of a set's pools, and those of which there is a Node,
// whether it is to be sent to or not.
func (k *View) without(set lb.NodeSet, got lb.State) (members, there map[string]bool) {
	members, there = map[string]bool{}, map[string]bool{}
	names := map[string]bool{}
	for _, n := range k.nodes() {
		names[path.Base(n.ProviderID)] = true
	}
	for _, pool := range k.Balancers.Pools(lb.NodeSet{ClusterID: set.ClusterID, Name: set.Name}, got) {
		for _, m := range got[pool.Ref].Members {
			members[m] = true
			if names[machineOf(m)] {
				there[m] = true
			}
		}
	}
	return members, there
}

// machineOf is the machine's name: a member may have its address too.
func machineOf(member string) string {
	name, _, _ := strings.Cut(member, " ")
	return path.Base(name)
}

// machines are the names of members, each once: a pool may have their addresses
// too.
func machines(members map[string]bool) (out []string) {
	for m := range members {
		out = append(out, machineOf(m))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
