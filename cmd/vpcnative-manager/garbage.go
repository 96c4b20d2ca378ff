package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// minPercent: most of what is allocated is the garbage of requests, most
	// of what lives is one small entry for each Node. So a low percentage, which
	// keeps the heap at 1.4 times what lives, costs little where much lives.
	minPercent = 40
	// maxPercent and smallHeap: where little lives, the collector would run all
	// the time for the few megabytes that it saves.
	maxPercent = 400
	smallHeap  = 40 << 20
)

// heap is what the last collection found, in bytes.
type heap struct{ live, roots uint64 }

// percentFor returns the GOGC by which the heap grows to smallHeap, or by
// minPercent where that is more. The percentage counts roots, too.
func percentFor(h heap) int {
	if h.live >= smallHeap || h.live+h.roots == 0 {
		return minPercent
	}
	return int(min(max((smallHeap-h.live)*100/(h.live+h.roots), minPercent), maxPercent))
}

// tuneCollector sets GOGC after each collection, unless the user has set it.
func tuneCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(minPercent)
	afterCollection(minPercent)
}

// afterCollection waits for the next collection, which finds mark dead.
func afterCollection(now int) {
	mark := new(*int) // a pointer, so that it is no part of another object
	runtime.AddCleanup(mark, func(now int) {
		if want := percentFor(lastHeap()); want != now {
			debug.SetGCPercent(want)
			now = want
		}
		afterCollection(now)
	}, now)
}

func lastHeap() heap {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	bytes := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return samples[i].Value.Uint64()
	}
	return heap{live: bytes(0), roots: bytes(1) + bytes(2)}
}
