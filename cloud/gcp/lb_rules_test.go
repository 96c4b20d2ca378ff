package gcp

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// TestDealing: every wanted port is in exactly one rule; a rule whose ports are
// all wanted stays as it is, and none gets a port that somebody else's holds
// until it is gone.
func TestDealing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 7))
		var has []ruleShape
		for range 12 {
			var ports []uint16
			for port := uint16(1); port <= 12; port++ {
				if r.IntN(3) == 0 {
					ports = append(ports, port)
				}
			}
			out, fits := deal(lb.TCP, ports, has, nil)
			if !fits {
				out, fits = deal(lb.TCP, ports, nil, nil)
			}
			if !fits {
				t.Fatalf("seed %d: %d ports do not fit", seed, len(ports))
			}
			checkDealt(t, seed, ports, has, out)
			has = out
		}
	}
}

func checkDealt(t *testing.T, seed uint64, ports []uint16, has, out []ruleShape) {
	t.Helper()
	var got, want []string
	for _, p := range ports {
		want = append(want, fmt.Sprint(p))
	}
	slots := map[int]bool{}
	for _, r := range out {
		if slots[r.slot] || r.slot >= maxRules || len(r.ports) == 0 || len(r.ports) > maxPortsOfRule {
			t.Fatalf("seed %d: %v", seed, out)
		}
		slots[r.slot] = true
		got = append(got, r.ports...)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("seed %d: ports %v, want %v", seed, got, want)
	}
	for _, r := range has {
		kept := 0
		for _, p := range r.ports {
			if slices.Contains(want, p) {
				kept++
			}
		}
		at := slices.IndexFunc(out, func(o ruleShape) bool { return o.slot == r.slot })
		if kept == len(r.ports) && (at < 0 || !slices.Equal(out[at].ports, r.ports)) {
			t.Fatalf("seed %d: %v did not stay: %v", seed, r, out)
		}
		if kept == 0 && at >= 0 {
			t.Fatalf("seed %d: the slot of %v is taken before it is gone: %v", seed, r, out)
		}
	}
}
