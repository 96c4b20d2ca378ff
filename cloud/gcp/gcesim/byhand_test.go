package gcesim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// TestHandsWaitForOperations: an operation under way ends with the list it
// was given, so that a change by hand meanwhile would be lost.
func TestHandsWaitForOperations(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock, Latency: time.Second})
	w.addVM("vm")
	_, err := w.setAliases("vm", alias("10.4.0.0/24"))
	w.must(err)
	_, err = w.setRanges(secondary("pods", "10.4.0.0/14"), secondary("more", "10.8.0.0/16"))
	w.must(err)
	aliases := func() error {
		return w.sim.SetAliases(projectID, zone, "vm", "nic0", gcesim.Alias{Prefix: pfx("10.4.0.0/24"), RangeName: "pods"}, gcesim.Alias{Prefix: pfx("10.0.9.1/32")})
	}
	ranges := func() error {
		return w.sim.SetSecondaryRanges(projectID, region, "nodes", gcesim.SecondaryRange{Name: "pods", Prefix: pfx("10.4.0.0/14")})
	}
	for name, edit := range map[string]func() error{"aliases": aliases, "ranges": ranges} {
		var refused *gcesim.APIError
		if err := edit(); !errors.As(err, &refused) || refused.Reason != "resourceNotReady" {
			t.Errorf("%s under an operation: %v", name, err)
		}
	}
	clock.Advance(2 * time.Second)
	w.must(aliases())
	w.must(ranges())
	if i, _ := w.sim.Instance(projectID, zone, "vm"); len(i.Interfaces[0].Aliases) != 2 {
		t.Errorf("it carries %v", i.Interfaces[0].Aliases)
	}
}
