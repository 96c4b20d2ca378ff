package lb

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// sharer is one of them, and what it sends to.
type sharer struct {
	salt  string
	holds map[string]bool
}

// fleet are balancers of one cluster, each with its share of the nodes.
type fleet struct {
	nodes []Node
	all   []*sharer
	load  map[string]int
	next  int
	each  int
}

func newFleet(balancers, nodes int) *fleet {
	f := &fleet{load: map[string]int{}, each: 25}
	for range nodes {
		f.join()
	}
	for i := range balancers {
		f.all = append(f.all, &sharer{salt: fmt.Sprintf("c1/Service/shop/web-%d", i)})
	}
	return f
}

func (f *fleet) join() {
	zone := fmt.Sprintf("eu-west-1%c", 'a'+f.next%3)
	f.nodes = append(f.nodes, Node{ProviderID: fmt.Sprintf("aws:///%s/i-%017x", zone, f.next), Zone: zone})
	f.next++
}

func (f *fleet) leave(at int) string {
	id := f.nodes[at].ProviderID
	f.nodes = slices.Delete(f.nodes, at, at+1)
	return id
}

// round has every balancer choose, by the loads from before it, and counts the
// members that come and go.
func (f *fleet) round() (writes, most int) { return f.choose(f.all...) }

func (f *fleet) choose(some ...*sharer) (writes, most int) {
	was := map[string]int{}
	for id, n := range f.load {
		was[id] = n
	}
	there := map[string]bool{}
	for _, n := range f.nodes {
		there[n.ProviderID] = true
	}
	for _, b := range some {
		holds, now := b.holds, map[string]bool{}
		s := Share{Salt: b.salt, Nodes: f.each, AtMost: 500, Holds: func(id string) bool { return holds[id] }, Load: func(id string) int { return was[id] }}
		for _, n := range s.Of(f.nodes) {
			now[n.ProviderID] = true
			if !holds[n.ProviderID] {
				f.load[n.ProviderID]++
				writes++
			}
		}
		for id := range holds {
			if !now[id] {
				f.load[id]--
				writes++
			}
			if !there[id] {
				delete(f.load, id)
			}
		}
		b.holds = now
	}
	for _, n := range f.load {
		most = max(most, n)
	}
	return writes, most
}

func TestSharesAreOfEveryZoneAndStay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ nodes, each, want int }{{0, 25, 0}, {5, 25, 5}, {25, 25, 25}, {100, 25, 25}, {100, 1, 9}, {100, 2, 9}, {100, 10, 10}} {
		f := newFleet(20, c.nodes)
		f.each = c.each
		f.round()
		for _, b := range f.all {
			holds, zones := b.holds, map[string]int{}
			for _, n := range f.nodes {
				if holds[n.ProviderID] {
					zones[n.Zone]++
				}
			}
			least := c.want
			for _, n := range zones {
				least = min(least, n)
			}
			if len(holds) != c.want || c.nodes >= 9 && least < leastInZone {
				t.Errorf("of %d nodes %d are taken, want %d; by zone %v", c.nodes, len(holds), c.want, zones)
			}
		}
		if writes, _ := f.round(); writes != 0 {
			t.Errorf("%d nodes, %d each: nothing changed, and there are %d writes", c.nodes, c.each, writes)
		}
	}
}

// TestANodeThatLeavesConcernsFewBalancers: of 200 that each take 25 of 500.
func TestANodeThatLeavesConcernsFewBalancers(t *testing.T) {
	t.Parallel()
	f := newFleet(200, 500)
	for _, b := range f.all { // they are made one after another
		f.choose(b)
	}
	r, total, most := rand.New(rand.NewPCG(1, 2)), 0, 0
	const times = 30
	for range times {
		f.leave(r.IntN(len(f.nodes)))
		writes, _ := f.round()
		total, most = total+writes, max(most, writes)
		f.join()
		joined, _ := f.round()
		if joined > 38 {
			t.Errorf("a node that joins costs %d writes", joined)
		}
	}
	if mean := float64(total) / times; mean > 21 || most > 38 {
		t.Errorf("a node that leaves costs %.1f writes, and %d at most", mean, most)
	} else {
		t.Logf("a node that leaves costs %.1f writes, and %d at most", mean, most)
	}
}

// TestGrowthSharesTheLoad: from 25 nodes, which every balancer sends to, to 500.
func TestGrowthSharesTheLoad(t *testing.T) {
	t.Parallel()
	f := newFleet(200, 25)
	f.round()
	dearest := 0
	for len(f.nodes) < 500 {
		for range 10 {
			f.join()
		}
		writes, _ := f.round()
		dearest = max(dearest, writes)
	}
	_, most := f.round()
	if mean := 200 * 25 / 500; most > 3*mean {
		t.Errorf("one carries %d, the mean is %d", most, mean)
	}
	if dearest > 2*len(f.all) {
		t.Errorf("10 nodes that join cost %d writes, of %d balancers", dearest, len(f.all))
	}
	t.Logf("one carries %d at most; the dearest join of 10 was %d writes", most, dearest)
}

// TestOlderBalancersShrinkAsNodesLeave: no member is taken out whose Node is
// there, and none is added until enough have left.
func TestOlderBalancersShrinkAsNodesLeave(t *testing.T) {
	t.Parallel()
	f := newFleet(10, 120)
	f.each = 120
	f.round()
	f.each = 25
	if writes, _ := f.round(); writes != 0 {
		t.Fatalf("%d writes, and every Node is there", writes)
	}
	for range 90 {
		f.join() // at the end
	}
	for len(f.nodes) > 110 {
		f.leave(0)
		if writes, _ := f.round(); writes > 2*len(f.all) {
			t.Fatalf("%d writes as one of %d nodes left", writes, len(f.nodes)+1)
		}
	}
	for _, b := range f.all {
		if len(b.holds) != 25 {
			t.Errorf("one sends to %d", len(b.holds))
		}
	}
}

// TestNoBalancerExceedsWhatItCanHold: with another listener it can hold fewer.
func TestNoBalancerExceedsWhatItCanHold(t *testing.T) {
	t.Parallel()
	f := newFleet(0, 300)
	s := Share{Salt: "x", Nodes: 200, AtMost: 100, Holds: func(string) bool { return true }, Load: func(string) int { return 1 }}
	if got := s.Of(f.nodes); len(got) != s.AtMost {
		t.Errorf("it takes %d nodes", len(got))
	}
}

// TestAZoneMayGetNoPlace: where a balancer can hold fewer nodes than there are
// zones, some zones have none.
func TestAZoneMayGetNoPlace(t *testing.T) {
	t.Parallel()
	f := newFleet(0, 9)
	for most := 1; most <= 3; most++ {
		s := Share{Salt: "x", AtMost: most, Holds: func(string) bool { return false }}
		if got := s.Of(f.nodes); len(got) != most {
			t.Errorf("of at most %d it takes %d nodes", most, len(got))
		}
	}
}
