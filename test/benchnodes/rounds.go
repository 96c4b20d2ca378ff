package main

import (
	"context"
	"slices"
)

// rounds is how often the contender that is held against the bare loop runs,
// and the bare loop right before and right after each: the machine and the
// server change in the course of a run. The means are the measure.
const rounds = 2

// bursts gives one row a contender, and one for the bare loop.
func (b *bench) bursts(ctx context.Context, all []contender, bare contender) (rows []burstRow, _ error) {
	var order []contender
	for _, c := range all {
		if c.targets.ofBareLoop == 0 {
			order = append(order, c)
			continue
		}
		order = append(order, bare)
		for range rounds {
			order = append(order, c, bare)
		}
	}
	if !slices.ContainsFunc(order, func(c contender) bool { return c.name == bare.name }) {
		order = append(order, bare)
	}
	byName := map[string][]burstRow{}
	for _, c := range order {
		n := b.nodes
		if c.slow {
			n = min(n, b.slowNodes)
		}
		row, err := b.burst(ctx, c, n)
		if err != nil {
			return nil, err
		}
		byName[c.name] = append(byName[c.name], row)
	}
	loop := mean(byName[bare.name])
	for _, c := range append(slices.Clone(all), bare) {
		row := mean(byName[c.name])
		row.OfBareLoop = row.PerSecond / loop.PerSecond
		rows = append(rows, row)
	}
	return rows, nil
}

// mean makes one row of a contender's rounds, at least one.
func mean(all []burstRow) burstRow {
	if len(all) == 1 {
		return all[0]
	}
	m := all[0]
	m.Rounds, m.Requests = nil, counts{}
	m.WatchRestarts = 0
	of := func(figure func(*burstRow) *float64) {
		sum := 0.0
		for i := range all {
			sum += *figure(&all[i])
		}
		*figure(&m) = sum / float64(len(all))
	}
	of(func(r *burstRow) *float64 { return &r.StartSeconds })
	of(func(r *burstRow) *float64 { return &r.Seconds })
	of(func(r *burstRow) *float64 { return &r.WritesPerNode })
	of(func(r *burstRow) *float64 { return &r.Events })
	of(func(r *burstRow) *float64 { return &r.CPU.Server })
	of(func(r *burstRow) *float64 { return &r.CPU.Contender })
	of(func(r *burstRow) *float64 { return &r.CPU.Harness })
	of(func(r *burstRow) *float64 { return &r.StolenPercent })
	if m.CloudPerNode != nil {
		calls := *m.CloudPerNode
		m.CloudPerNode = &calls
		of(func(r *burstRow) *float64 { return r.CloudPerNode })
	}
	for _, r := range all {
		m.Rounds = append(m.Rounds, r.Seconds)
		m.PeakMiB = max(m.PeakMiB, r.PeakMiB)
		m.WatchRestarts += r.WatchRestarts
		for what, n := range r.Requests {
			m.Requests[what] += n
		}
	}
	m.PerSecond = float64(m.Nodes) / m.Seconds
	return m
}
