package main

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"time"
)

// blocks is how many prefixes fill a parent's first /8, or /48.
const blocks = 1 << 16

// patience bounds one measurement: a slow contender does fewer operations, at least one.
const patience = 400 * time.Millisecond

// result is one cell of the table.
type result struct {
	Value   float64 `json:"value"` // ns per operation, or bytes per prefix
	Ops     int     `json:"ops,omitempty"`
	Refuses bool    `json:"refuses,omitempty"`
	Index   float64 `json:"indexBitsPerBlock,omitempty"` // ours, memory only
	Nodes   float64 `json:"nodeBytesPerPrefix,omitempty"`
}

var refuses = result{Refuses: true}

// best is the run with the least time of several: the others were disturbed.
func best(runs int, run func() result) result {
	r := run()
	for range runs - 1 {
		if next := run(); !next.Refuses && next.Value < r.Value {
			r = next
		}
	}
	return r
}

// timed does operations until n are done or patience is over, and looks at the clock now and then. The time is
// that of all: what an operation costs may depend on how many went before.
func timed(n, step int, op func(i int) bool) result {
	from := time.Now()
	done := 0
	for done < n {
		for range min(step, n-done) {
			if !op(done) {
				return refuses
			}
			done++
		}
		if time.Since(from) > patience {
			break
		}
	}
	return result{Value: float64(time.Since(from).Nanoseconds()) / float64(done), Ops: done}
}

// steady is timed for work in a steady state: the lower decile of many short slices, which is what the work costs
// where the machine does nothing else meanwhile.
func steady(n, step int, op func(i int) bool) result {
	var took []float64
	from := time.Now()
	done := 0
	for done < n && (done < step || time.Since(from) < patience) {
		at, first := time.Now(), done
		for done < first+step {
			if !op(done) {
				return refuses
			}
			if done++; step > 64 && done == first+64 && time.Since(at) > time.Millisecond {
				step = 64 // a slow one
			}
			if step <= 64 && time.Since(from) > patience {
				break
			}
		}
		took = append(took, float64(time.Since(at).Nanoseconds())/float64(done-first))
	}
	slices.Sort(took)
	return result{Value: took[len(took)/10], Ops: done}
}

func (r runner[P]) fill(parent netip.Prefix, bits int) result {
	return best(15, func() result {
		s, ok := r.made(parent, bits)
		if !ok {
			return refuses
		}
		runtime.GC()
		return timed(blocks, 256, func(int) bool {
			_, ok := s.alloc(bits)
			return ok
		})
	})
}

// full is a subject with all blocks given out, in random order in the list.
func (r runner[P]) full(parent netip.Prefix, bits int, rnd *rand.Rand) (*subject[P], []P, bool) {
	s, ok := r.made(parent, bits)
	if !ok {
		return nil, nil, false
	}
	all := make([]P, 0, blocks)
	for range blocks {
		p, ok := s.alloc(bits)
		if !ok {
			return nil, nil, false
		}
		all = append(all, p)
	}
	rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return s, all, true
}

// thin gives back all but percent of what is held. Where a contender takes too long for that, it is left fuller than
// it should be, which tells as much about it.
func thin[P any](s *subject[P], all []P, percent int) []P {
	from := time.Now()
	for keep := len(all) * percent / 100; len(all) > keep && time.Since(from) < 10*patience; all = all[:len(all)-1] {
		s.release(all[len(all)-1])
	}
	return all
}

// churn gives back a random prefix and allocates one; the time is that of both.
func (r runner[P]) churn(parent netip.Prefix, bits, percent int) result {
	rnd := rand.New(rand.NewPCG(1, 2))
	s, all, ok := r.full(parent, bits, rnd)
	if !ok {
		return refuses
	}
	all = thin(s, all, percent)
	which := picks(rnd, len(all))
	return steady(1<<21, 1024, func(i int) bool {
		at := which[i&(len(which)-1)]
		if !s.release(all[at]) {
			return false
		}
		p, ok := s.alloc(bits)
		all[at] = p
		return ok
	})
}

// picks are random indexes drawn beforehand.
func picks(rnd *rand.Rand, n int) []uint32 {
	which := make([]uint32, 1<<18)
	for i := range which {
		which[i] = uint32(rnd.IntN(n))
	}
	return which
}

// last gives one block of a full parent back and allocates it again.
func (r runner[P]) last(parent netip.Prefix, bits int) result { return r.churn(parent, bits, 100) }

// mixed fills a parent with random sizes, thins it to 99 %, and then gives back at random and allocates random
// sizes; where a size does not fit, more is given back first, which counts as part of the operation.
func (r runner[P]) mixed(parent netip.Prefix, from, to int) result {
	var sizes []int
	for b := from; b <= to; b++ {
		sizes = append(sizes, b)
	}
	s, ok := r.made(parent, sizes...)
	if !ok {
		return refuses
	}
	type holding struct {
		p    P
		bits int
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	var all []holding
	for failed := 0; failed < 20; {
		b := from + rnd.IntN(to-from+1)
		p, ok := s.alloc(b)
		if !ok {
			failed++
			continue
		}
		all = append(all, holding{p, b})
	}
	rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	keep := len(all) * 99 / 100
	for _, h := range all[keep:] {
		s.release(h.p)
	}
	all = all[:keep]
	which := make([]uint32, 1<<18)
	for i := range which {
		which[i] = rnd.Uint32()
	}
	// What is given back is asked for again later, in another order, so that sizes stay as mixed as they are.
	var owed []int
	at := 0
	next := func() uint32 {
		at++
		return which[at&(len(which)-1)]
	}
	return steady(1<<20, 1024, func(int) bool {
		i := next() % uint32(len(all))
		h := all[i]
		all[i] = all[len(all)-1]
		all = all[:len(all)-1]
		if !s.release(h.p) {
			return false
		}
		owed = append(owed, h.bits)
		j := next() % uint32(len(owed))
		b := owed[j]
		p, ok := s.alloc(b)
		if !ok { // does not fit just now: stays owed
			return true
		}
		owed[j] = owed[len(owed)-1]
		owed = owed[:len(owed)-1]
		all = append(all, holding{p, b})
		return true
	})
}

func (r runner[P]) restore(parent netip.Prefix, known []netip.Prefix) result {
	return best(7, func() result {
		s, ok := r.made(parent, known[0].Bits())
		if !ok {
			return refuses
		}
		list := make([]P, len(known))
		for i, p := range known {
			list[i] = s.from(p)
		}
		runtime.GC()
		return timed(len(list), 16, func(i int) bool { return s.occupy(list[i]) })
	})
}
