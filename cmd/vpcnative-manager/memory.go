package main

import (
	"context"
	"os"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
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

// returnMemory returns the heap's free pages to the system, and those of the
// program that the start alone has used: at once, and then until ctx ends
// whenever the collector has run since the last time. The runtime keeps them for
// long, and a burst of Nodes needs twice what lives after it.
func returnMemory(ctx context.Context, log logr.Logger, every time.Duration) {
	look := time.NewTicker(every)
	defer look.Stop()
	for ran := int64(-1); ; ran = collections() {
		for collections() == ran {
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
		if err := trimProgram(); err != nil {
			log.V(1).Info("the program's pages cannot be returned; they stay", "error", err.Error())
		}
		debug.FreeOSMemory()
	}
}

func collections() int64 {
	var s debug.GCStats
	debug.ReadGCStats(&s)
	return s.NumGC
}
