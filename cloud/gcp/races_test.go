package gcp_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// race has somebody else change the subnetwork between our reading and our
// patch, so many times in a row; 0 is each time.
func (w *world) race(times int) (lost *gcesim.Injected, theirs func() []gcesim.SecondaryRange) {
	var n atomic.Int64
	list := func() []gcesim.SecondaryRange {
		return []gcesim.SecondaryRange{
			{Name: "pods", Prefix: prefix("10.4.0.0/14")},
			{Name: fmt.Sprint("theirs-", n.Load()), Prefix: nth("10.32.0.0/12", 24, int(n.Load()))},
		}
	}
	hook := func(gcesim.Call) {
		n.Add(1)
		if err := w.sim.SetSecondaryRanges(project, region, subnet, list()...); err != nil {
			w.Error(err)
		}
	}
	return w.sim.Inject(gcesim.Fault{Method: "subnetworks.patch", Count: times, Before: hook}), list
}

var ours = cloud.Range{Subnet: subnet, Name: "ours", Prefix: prefix("10.64.0.0/16")}

// secondary returns the names of the subnetwork's ranges.
func (w *world) secondary() (names []string) {
	for _, s := range w.sim.Subnetworks() {
		for _, r := range s.Secondary {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

// TestTenLostRaces: the eleventh try has it, and what the others made stays.
func TestTenLostRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	lost, _ := w.race(10)
	w.must(w.vpc.Ranges.Create(t.Context(), ours))
	if lost.Hits() != 10 {
		t.Errorf("%d races were lost", lost.Hits())
	}
	if got := w.secondary(); !slices.Equal(got, []string{"ours", "pods", "theirs-10"}) {
		t.Errorf("the subnetwork has %v", got)
	}
}

// TestEveryRaceLost: it ends, says so, and leaves nothing of ours behind, nor
// of anybody else's changed.
func TestEveryRaceLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{}, func(c *gcp.Config) { c.Retries = 10 })
	lost, theirs := w.race(0)
	err := w.vpc.Ranges.Create(t.Context(), ours)
	if !cloud.Is(err, cloud.Stale) {
		t.Errorf("it gave %v, want Stale", err)
	}
	if lost.Hits() != 11 {
		t.Errorf("%d tries, want 11", lost.Hits())
	}
	want := []string{"pods", theirs()[1].Name}
	if got := w.secondary(); !slices.Equal(got, want) {
		t.Errorf("the subnetwork has %v, want %v", got, want)
	}
	lost.Remove()
	w.must(w.vpc.Ranges.Create(t.Context(), ours))
	lost, _ = w.race(0)
	if err := w.vpc.Ranges.Delete(t.Context(), cloud.Range{Subnet: subnet, Name: "pods", Prefix: prefix("10.4.0.0/14")}); !cloud.Is(err, cloud.Stale) {
		t.Errorf("to delete gave %v, want Stale", err)
	}
	if lost.Hits() != 11 || !slices.Contains(w.secondary(), "pods") {
		t.Errorf("%d tries; the subnetwork has %v", lost.Hits(), w.secondary())
	}
}

// TestTenLostRacesForAnInterface: somebody else changes its alias ranges
// between our reading and our patch, ten times in a row; the eleventh try has
// it, and what the others put there stays.
func TestTenLostRacesForAnInterface(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	id := w.AddInstance("vm")
	i, err := w.vpc.Interfaces.Get(t.Context(), id)
	w.must(err)
	var n atomic.Int64
	theirs := func() cloud.Attachment { return piece(int(100 + n.Load())) }
	lost := w.sim.Inject(gcesim.Fault{Method: "instances.updateNetworkInterface", Count: 10, Before: func(gcesim.Call) {
		n.Add(1)
		w.Put(id, theirs())
	}})
	w.must(attach(t, w.vpc, i, piece(0)))
	if lost.Hits() != 10 {
		t.Errorf("%d races were lost", lost.Hits())
	}
	if held := w.Held(id); len(held) != 11 || !slices.Contains(held, piece(0)) || !slices.Contains(held, theirs()) {
		t.Errorf("it holds %v", held)
	}
}
