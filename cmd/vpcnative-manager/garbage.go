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
	smallHeap  = 32 << 20
)

// percentFor gives GOGC for a heap of which so many bytes live.
func percentFor(live uint64) int {
	if live == 0 {
		return maxPercent
	}
	return int(min(max(smallHeap*100/live, 100+minPercent), 100+maxPercent)) - 100
}

// tuneCollector sets GOGC after each collection, unless the user has set it.
func tuneCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(percentFor(0))
	afterCollection(percentFor(0))
}

// afterCollection waits for the next collection, which finds mark dead.
func afterCollection(now int) {
	mark := new(*int) // a pointer, so that it is no part of another object
	runtime.AddCleanup(mark, func(now int) {
		if want := percentFor(liveBytes()); want != now {
			debug.SetGCPercent(want)
			now = want
		}
		afterCollection(now)
	}, now)
}

// liveBytes is what the last collection found alive.
func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}
