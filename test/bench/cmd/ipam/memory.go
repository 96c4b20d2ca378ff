package main

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/ipam/pool"
)

// state is a way to fill an allocator before its memory is measured.
type state struct {
	parent  netip.Prefix
	bits    int
	known   []netip.Prefix // restored; or
	percent int            // filled and thinned to this
	smalls  int            // how many smallest blocks the parent's used part has
}

func (r runner[P]) memory(st state) result {
	before := heap()
	s, ok := r.made(st.parent, st.bits)
	if !ok {
		return refuses
	}
	held := 0
	if st.known != nil {
		from := time.Now()
		for _, p := range st.known {
			if !s.occupy(s.from(p)) {
				return refuses
			}
			if held++; time.Since(from) > 10*patience {
				return refuses
			}
		}
	} else {
		if s, held, ok = r.filled(st); !ok {
			return refuses
		}
	}
	res := result{Value: float64(heap()-before) / float64(held)}
	if s.pool != nil {
		f := s.pool.Footprint()
		res.Index = float64(f.Index*8) / float64(st.smalls)
		res.Nodes = float64(f.Nodes) / float64(held)
	}
	runtime.KeepAlive(s.keep)
	return res
}

// filled leaves nothing behind but the subject.
func (r runner[P]) filled(st state) (*subject[P], int, bool) {
	s, all, ok := r.full(st.parent, st.bits, rand.New(rand.NewPCG(5, 6)))
	if !ok {
		return nil, 0, false
	}
	from := time.Now()
	keep := len(all) * st.percent / 100
	for _, p := range all[keep:] {
		if s.release(p); time.Since(from) > 10*patience {
			return nil, 0, false
		}
	}
	return s, keep, true
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// network lists the first blocks of a parent, or every step-th of them.
func network(parent netip.Prefix, bits, step int, rnd *rand.Rand) []netip.Prefix {
	p, err := pool.New(pool.Config{Parents: []netip.Prefix{parent}})
	if err != nil {
		panic(err)
	}
	p.Restored()
	var out []netip.Prefix
	for i := range blocks {
		q, err := p.Allocate(bits, 1, time.Time{})
		if err != nil {
			panic(err)
		}
		if i%step == 0 {
			out = append(out, q)
		}
	}
	if rnd != nil {
		rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return slices.Clip(out)
}
