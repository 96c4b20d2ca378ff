package lb

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
)

// Subset chooses at most limit of the nodes, so that few change when nodes
// come and go: members stay as long as the zones' shares allow, and the others
// follow in the order of their hashes. Zones get even shares, as far as they
// have nodes. A limit of 0 is none. The result is ordered by provider ID.
func Subset(nodes []Node, member func(providerID string) bool, limit int) []Node {
	type candidate struct {
		Node
		isMember bool
		hash     [sha256.Size]byte
	}
	zones := map[string][]candidate{}
	for _, n := range nodes {
		zones[n.Zone] = append(zones[n.Zone], candidate{n, member(n.ProviderID), sha256.Sum256([]byte(n.ProviderID))})
	}
	sizes := map[string]int{}
	for zone, in := range zones {
		sizes[zone] = len(in)
	}
	shares := shares(sizes, limit)
	var out []Node
	for zone, in := range zones {
		slices.SortFunc(in, func(a, b candidate) int {
			if a.isMember != b.isMember {
				return map[bool]int{true: -1, false: 1}[a.isMember]
			}
			return slices.Compare(a.hash[:], b.hash[:])
		})
		for _, c := range in[:shares[zone]] {
			out = append(out, c.Node)
		}
	}
	slices.SortFunc(out, func(a, b Node) int { return cmp.Compare(a.ProviderID, b.ProviderID) })
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
