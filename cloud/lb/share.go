package lb

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
)

// Share is the part of a set's nodes that pools hold: where each balancer has
// pools of its own, so that a node that comes or goes concerns few of them; or
// where the cloud has a limit. Zones have even parts, as far as they have nodes.
type Share struct {
	// Salt is the balancer's, so that balancers take different nodes.
	Salt string
	// Nodes is how many it takes, and at least [leastInZone] in each zone: a
	// balancer's address in a zone sends to that zone's nodes alone. It takes all
	// where it is 0.
	Nodes int
	// AtMost is what it cannot exceed for either; 0 is no limit.
	AtMost int
	// Holds reports for a node whether the balancer sends to it now, and Load how
	// many balancers do. Nobody counts them where that is nil.
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
//   - A node that the balancer sends to stays, within its zone's part of AtMost.
//     Where these are more than its share, as those of an older balancer are,
//     nothing is added until enough have left with their Nodes.
//   - A free place goes to the least loaded of the first nodes in the balancer's
//     own order of them (rendezvous hashing).
//   - One node gives its place to another of its zone where it is overloaded, as
//     the first nodes of a cluster that grows are: it carries more than 1.5 to
//     2.5 times the zone's mean. Each of its balancers draws that limit by
//     itself, so that not all leave it at once. It is one at a time, whatever the
//     number of zones and of nodes that joined, so that a change of the nodes costs
//     a balancer two calls for this at most; the others follow with the next one.
func (s Share) Of(nodes []Node) (out []Node) {
	zones := map[string][]Node{}
	for _, n := range nodes {
		zones[n.Zone] = append(zones[n.Zone], n)
	}
	sizes := map[string]int{}
	for zone, all := range zones {
		sizes[zone] = len(all)
	}
	limit := shares(sizes, s.AtMost)
	most := limit
	if n := max(s.Nodes, leastInZone*len(zones)); s.Nodes > 0 && (s.AtMost == 0 || n < s.AtMost) {
		most = shares(sizes, n)
	}
	var moves []move
	for zone, all := range zones {
		held, free, mean := s.split(all)
		held = held[:min(len(held), limit[zone])]
		out = append(out, held...)
		switch need := most[zone] - len(held); {
		case need > 0:
			out = append(out, s.first(free, need, widely*most[zone])...)
		case need == 0 && len(held) > 0 && len(free) > 0:
			moves = append(moves, s.move(held, s.first(free, 1, widely*most[zone])[0], mean)...)
		}
	}
	if len(moves) > 0 {
		m := slices.MinFunc(moves, func(a, b move) int { return cmp.Or(cmp.Compare(b.load, a.load), cmp.Compare(a.from, b.from)) })
		out[slices.IndexFunc(out, func(n Node) bool { return n.ProviderID == m.from })] = m.to
	}
	slices.SortFunc(out, func(a, b Node) int { return cmp.Compare(a.ProviderID, b.ProviderID) })
	return out
}

// split parts a zone's nodes into those that the balancer sends to and the
// others, and says how many balancers send to one of them on average.
func (s Share) split(all []Node) (held, free []Node, mean float64) {
	total := 0
	for _, n := range all {
		total += s.load(n)
		if s.Holds(n.ProviderID) {
			held = append(held, n)
		} else {
			free = append(free, n)
		}
	}
	return held, free, float64(total) / float64(len(all))
}

// move is a place that one node gives to another.
type move struct {
	from string
	load int
	to   Node
}

// move has the most overloaded of the nodes that are held give its place to a
// node that carries less; none where no node is overloaded.
func (s Share) move(held []Node, to Node, mean float64) []move {
	worst := move{to: to}
	for _, n := range held {
		load := s.load(n)
		drawn := float64(s.hash(n.ProviderID)>>32) / (1 << 32)
		if load > max(crowd, worst.load) && float64(load) > (evenly+drawn)*mean {
			worst.from, worst.load = n.ProviderID, load
		}
	}
	if worst.load == 0 || s.load(to)+1 >= worst.load {
		return nil
	}
	return []move{worst}
}

func (s Share) load(n Node) int {
	if s.Load == nil {
		return 0
	}
	return s.Load(n.ProviderID)
}

// first returns the least loaded of the first nodes in the balancer's order.
func (s Share) first(free []Node, most, of int) []Node {
	type candidate struct {
		Node
		load int
		hash uint64
	}
	all := make([]candidate, 0, len(free))
	for _, n := range free {
		all = append(all, candidate{n, s.load(n), s.hash(n.ProviderID)})
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

// shares deals the limit out, one place to a zone in each round.
func shares(zones map[string]int, limit int) map[string]int {
	names, out, total := slices.Sorted(maps.Keys(zones)), map[string]int{}, 0
	for _, size := range zones {
		total += size
	}
	if limit == 0 || limit > total {
		limit = total
	}
	for dealt := 0; dealt < limit; {
		for _, zone := range names {
			if dealt < limit && out[zone] < zones[zone] {
				out[zone]++
				dealt++
			}
		}
	}
	return out
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
