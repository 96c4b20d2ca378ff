package main

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

// gcPercent is GOGC where the user sets none. Most of what is allocated is the
// garbage of requests, most of what lives is one small entry for each Node: to
// keep the heap near what lives costs little.
const gcPercent = 40

func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// returnEvery is how often free memory is returned.
const returnEvery = 5 * time.Second

// returnMemory returns the heap's free pages to the system, until ctx ends, when
// the collector has run since the last time. The runtime keeps them for long,
// and a burst of Nodes needs twice what lives after it.
func returnMemory(ctx context.Context, every time.Duration) {
	look := time.NewTicker(every)
	defer look.Stop()
	for ran := collections(); ; ran = collections() {
		for collections() == ran {
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
		debug.FreeOSMemory()
	}
}

func collections() int64 {
	var s debug.GCStats
	debug.ReadGCStats(&s)
	return s.NumGC
}
