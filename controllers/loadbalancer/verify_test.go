package loadbalancer

import (
	"fmt"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/fake"
)

// TestAllAreInspectedInTurn: each of many within a few rounds, none while
// others wait, and each as often as any.
func TestAllAreInspectedInTurn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 19, 20, 21, 150, 500} {
		k := newView("n", "c1", "aws", nil, newStore("", 0, time.Now), nil)
		for i := range n {
			o := shop(fmt.Sprintf("s%d", i))
			for _, kind := range []string{"backend", "door"} {
				k.state[fake.Named(kind, o, kind)] = lb.Resource{Owner: o}
			}
		}
		seen := map[string]int{}
		const rounds = 2 * inspectedPart
		for range rounds {
			owners, last := k.nextOwners(func(kind string) bool { return kind == "Shop" })
			if len(owners) > n || n > 0 && len(owners) < min(n, leastInspected) {
				t.Fatalf("of %d, %d", n, len(owners))
			}
			k.lastOwner = last
			for _, o := range owners {
				seen[o.Name]++
			}
		}
		least, most := rounds+1, 0
		for _, times := range seen {
			least, most = min(least, times), max(most, times)
		}
		if len(seen) != n || n > 0 && (least < 2 || most > least+1) {
			t.Errorf("of %d, %d were inspected, between %d and %d times", n, len(seen), least, most)
		}
	}
}
