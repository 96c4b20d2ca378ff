package main

import (
	"context"
	"slices"
)

// rounds is how often the contender that is held against the bare loop runs, with
// the bare loop right before and right after it: the machine and the server
// change in the course of a run. The measure is the median of what each round is
// of the loops beside it.
const rounds = 5

// bursts returns one row a contender, and one for the bare loop.
func (b *bench) bursts(ctx context.Context, all []contender, bare contender) (rows []burstRow, _ error) {
	byName := map[string][]burstRow{}
	run := func(c contender, n int) error {
		row, err := b.burst(ctx, c, n)
		byName[c.name] = append(byName[c.name], row)
		return err
	}
	ratios := map[string][]float64{}
	for _, c := range all {
		if c.targets.ofBareLoop == 0 {
			n := b.nodes
			if c.slow {
				n = min(n, b.slowNodes)
			}
			if err := run(c, n); err != nil {
				return nil, err
			}
			continue
		}
		if err := run(bare, b.nodes); err != nil {
			return nil, err
		}
		for range rounds {
			for _, x := range []contender{c, bare} {
				if err := run(x, b.nodes); err != nil {
					return nil, err
				}
			}
			ratios[c.name] = append(ratios[c.name], ofNeighbours(byName[c.name], byName[bare.name]))
		}
	}
	if len(byName[bare.name]) == 0 {
		if err := run(bare, b.nodes); err != nil {
			return nil, err
		}
	}
	loop := mean(byName[bare.name])
	for _, c := range append(slices.Clone(all), bare) {
		row := mean(byName[c.name])
		row.OfBareLoop = row.PerSecond / loop.PerSecond
		if all := ratios[c.name]; len(all) > 0 {
			slices.Sort(all)
			row.OfBareLoop = quantile(all, 0.5)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// ofNeighbours is how the last round compares with the bare loops before and
// after it, which are the last two.
func ofNeighbours(of, bare []burstRow) float64 {
	beside := mean(bare[len(bare)-2:])
	return of[len(of)-1].PerSecond / beside.PerSecond
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
