package lb

import (
	"cmp"
	"hash/fnv"
	"slices"
)

// Share is the part of a set's nodes that one of many balancers sends to, where
// each balancer has pools of its own: a node that comes or goes then concerns
// few of them.
type Share struct {
	// Salt is the balancer's, so that balancers take different nodes.
	Salt string
	// Nodes is how many it takes, and at least [leastInZone] in each zone: a
	// balancer's address in a zone sends to that zone's nodes alone.
	Nodes int
	// AtMost is what it cannot exceed for either.
	AtMost int
	// Holds tells of a node whether the balancer sends to it now, and Load how
	// many balancers do.
	Holds func(providerID string) bool
	Load  func(providerID string) int
}

const (
	// leastInZone is how many nodes of a zone a balancer takes at least.
	leastInZone = 3
	// widely is how many times its share of a zone a balancer chooses from, by
	// its own order of the nodes: the least loaded of them.
	widely = 2
	// evenly is how many times the mean of its zone a node may carry.
	evenly = 1.5
	// crowd is the load up to which no node is overloaded, whatever the mean: it
	// may leave for as many calls again as it carries.
	crowd = 15
)

// Of chooses the nodes, ordered by provider ID. What it depends on changes
// little, so that it changes little:
//
//   - A node that the balancer sends to stays. Where these are more than its
//     share, as those of an older balancer are, nothing is added until enough
//     have left with their Nodes.
//   - A free place goes to the least loaded of the first nodes in the balancer's
//     own order of them (rendezvous hashing).
//   - One node of a zone gives its place to another where it is overloaded, as
//     the first nodes of a cluster that grows are: it carries more than 1.5 to
//     2.5 times the zone's mean. Each of its balancers draws that limit by
//     itself, so that not all leave it at once.
func (s Share) Of(nodes []Node) (out []Node) {
	zones := map[string][]Node{}
	for _, n := range nodes {
		zones[n.Zone] = append(zones[n.Zone], n)
	}
	sizes := map[string]int{}
	for zone, all := range zones {
		sizes[zone] = len(all)
	}
	most := shares(sizes, min(s.AtMost, max(s.Nodes, leastInZone*len(zones))))
	for zone, all := range zones {
		out = append(out, s.ofZone(all, most[zone])...)
	}
	slices.SortFunc(out, func(a, b Node) int { return cmp.Compare(a.ProviderID, b.ProviderID) })
	return out
}

// ofZone chooses so many of a zone's nodes.
func (s Share) ofZone(all []Node, most int) []Node {
	var held, free []Node
	total := 0
	for _, n := range all {
		total += s.Load(n.ProviderID)
		if s.Holds(n.ProviderID) {
			held = append(held, n)
		} else {
			free = append(free, n)
		}
	}
	crowded := -1
	if len(held) == most && len(free) > 0 {
		crowded = s.crowded(held, float64(total)/float64(len(all)))
	}
	switch {
	case len(held) < most:
		return append(held, s.first(free, most-len(held), widely*most)...)
	case crowded >= 0:
		other := s.first(free, 1, widely*most)[0]
		if s.Load(other.ProviderID)+1 < s.Load(held[crowded].ProviderID) {
			held[crowded] = other
		}
	}
	return held
}

// first gives the least loaded of the first nodes in the balancer's order.
func (s Share) first(free []Node, most, of int) []Node {
	type candidate struct {
		Node
		load int
		hash uint64
	}
	all := make([]candidate, 0, len(free))
	for _, n := range free {
		all = append(all, candidate{n, s.Load(n.ProviderID), s.hash(n.ProviderID)})
	}
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.ProviderID, b.ProviderID))
	})
	all = all[:min(len(all), of)]
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.load, b.load) })
	out := make([]Node, 0, most)
	for _, c := range all[:min(len(all), most)] {
		out = append(out, c.Node)
	}
	return out
}

// crowded is the most overloaded of the nodes that are held; -1 where none is.
func (s Share) crowded(held []Node, mean float64) int {
	worst := -1
	for i, n := range held {
		load := s.Load(n.ProviderID)
		if load <= crowd || float64(load) <= evenly*mean || worst >= 0 && load <= s.Load(held[worst].ProviderID) {
			continue
		}
		drawn := float64(s.hash(n.ProviderID)>>32) / (1 << 32)
		if float64(load) > (evenly+drawn)*mean {
			worst = i
		}
	}
	return worst
}

// hash is a node's place in the balancer's order.
func (s Share) hash(providerID string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.Salt + "\x00" + providerID))
	x := h.Sum64() // the end of a text changes little of it: it is mixed further
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}
