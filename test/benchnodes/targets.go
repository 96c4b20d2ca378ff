package main

import "fmt"

// targets are bounds of a contender's figures; zero for none.
type targets struct {
	ofBareLoop     float64 // at least, of a burst
	medianMS       float64 // at most, from creation to podCIDR
	p99MS          float64
	writesPerNode  float64 // at most, with the Node's share of the claims
	cloudPerNode   float64 // at most, with the share of what is read at start
	overParallel   float64 // at most, of Nodes x latency / operations at a time
	steadyMiB      float64 // at most, with many Nodes, once they have arrived or were read
	peakMiB        float64 // at most, while they arrive or are read
	restartSeconds float64 // at most, from the lease to a podCIDR
	// restartPage is how many instances one cloud call reads at least when
	// many are there.
	restartPage int
}

// Two writes a Node and its share of claims, which go out in groups; one change
// of the interface, and the share of the readings at start.
var (
	instantTargets = targets{
		ofBareLoop: 0.85, medianMS: 10, p99MS: 20, writesPerNode: 2.05, cloudPerNode: 1.05,
		steadyMiB: 80, peakMiB: 110, restartSeconds: 3, restartPage: 250,
	}
	slowTargets = targets{writesPerNode: 2.2, cloudPerNode: 2.5, overParallel: 1.1}
)

// verdict is one figure held against its target.
type verdict struct {
	Contender string `json:"contender"`
	What      string `json:"what"`
	Bound     string `json:"bound"`
	Measured  string `json:"measured"`
	Met       bool   `json:"met"`
}

func (v verdict) word() string {
	if v.Met {
		return "reached"
	}
	return "MISSED"
}

// judge holds every figure of a run that has a target against it.
func judge(r report) (all []verdict) {
	byName := map[string]targets{}
	for _, c := range contenders() {
		byName[c.name] = c.targets
	}
	atMost := func(contender, what, unit string, bound, got float64) {
		if bound > 0 {
			all = append(all, verdict{contender, what, fmt.Sprintf("<= %.4g%s", bound, unit), fmt.Sprintf("%.4g%s", got, unit), got <= bound})
		}
	}
	for _, b := range r.Bursts {
		t := byName[b.Contender]
		if t.ofBareLoop > 0 {
			all = append(all, verdict{b.Contender, "of the bare loop", fmt.Sprintf(">= %.2f", t.ofBareLoop), fmt.Sprintf("%.2f", b.OfBareLoop), b.OfBareLoop >= t.ofBareLoop})
		}
		atMost(b.Contender, "API writes a Node", "", t.writesPerNode, b.WritesPerNode)
		if b.CloudPerNode != nil {
			atMost(b.Contender, "cloud calls a Node", "", t.cloudPerNode, *b.CloudPerNode)
		}
		ideal := float64(b.Nodes) * b.CloudLatencySeconds / maxInFlight
		atMost(b.Contender, "the burst", " s", t.overParallel*ideal, b.Seconds)
	}
	for _, a := range r.Arrivals {
		t := byName[a.Contender]
		atMost(a.Contender, "arrival, median", " ms", t.medianMS, a.MedianMS)
		atMost(a.Contender, "arrival, 99th percentile", " ms", t.p99MS, a.P99MS)
	}
	for _, m := range r.Memory {
		t := byName[m.Contender]
		what := fmt.Sprintf("resident with %d Nodes", m.Nodes)
		atMost(m.Contender, fmt.Sprintf("API writes a Node, of %d", m.Nodes), "", t.writesPerNode, m.WritesPerNode)
		atMost(m.Contender, what+", allocated", " MiB", t.steadyMiB, m.SteadyMiB)
		atMost(m.Contender, what+", the most", " MiB", t.peakMiB, m.PeakMiB)
		atMost(m.Contender, what+", restarted", " MiB", t.steadyMiB, m.Restarted)
		atMost(m.Contender, what+", restarting, the most", " MiB", t.peakMiB, m.RestartPeak)
		atMost(m.Contender, "restart, from the lease on", " s", t.restartSeconds, m.ReadySeconds)
		if m.CloudReads != nil && t.restartPage > 0 {
			atMost(m.Contender, "restart, cloud calls", "", 20+float64(m.Nodes/t.restartPage), float64(*m.CloudReads))
		}
	}
	return all
}
