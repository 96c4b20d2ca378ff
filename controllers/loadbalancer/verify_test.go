package loadbalancer

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// TestWhatNoListShowsIsSetRightToo: a change by hand that shows only where a
// balancer is read by itself.
func TestWhatNoListShowsIsSetRightToo(t *testing.T) {
	w := newWorld(t, "n1")
	w.cfg.Resync = 300 * time.Millisecond
	w.cloud.shown = lb.State{}
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.cloud.with(func() {
		for ref, r := range w.cloud.state {
			if r.Kind == "backend" {
				w.cloud.shown[ref] = r
				r.Fields = maps.Clone(r.Fields)
				r.Fields["affinity"], r.Version = []string{"by hand"}, "by hand"
				w.cloud.state[ref] = r
			}
		}
	})
	w.wait(func() error { return same(w.one("web", "backend").Fields.One("affinity"), "false") })
}

// TestAllAreInspectedInTurn: each of many within a few rounds, none while
// others wait, and each as often as any.
func TestAllAreInspectedInTurn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 19, 20, 21, 150, 500} {
		k := newView("n", "c1", "aws", nil, newStore("", 0, time.Now), nil)
		for i := range n {
			o := wanted.Owner("c1", "default", fmt.Sprintf("s%d", i))
			for _, kind := range []string{"backend", "door"} {
				k.state[named(kind, o, kind)] = lb.Resource{Owner: o}
			}
		}
		seen := map[string]int{}
		const rounds = 2 * inspectedPart
		for range rounds {
			owners, last := k.nextOwners()
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
