package main

import (
	"context"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/go-logr/logr"
)

// A trim gives memory back that the work since the last one needed: the heap's
// free pages, and pages of the program that no longer run. It takes some
// hundredths of a second of processor time, so it comes after work, the start
// or a burst of Nodes, that took far more.
const (
	trimLook = 2 * time.Second
	// trimCalm is how much processor time between two looks is little: what a
	// large cluster takes when no Node comes.
	trimCalm = trimLook / 8
	// trimWork is how much processor time the work has taken, at least. It
	// halves with each further look that finds little, down to trimLeast: a
	// pause in the midst of work is short, and what it is followed by may end
	// before it has taken trimWork again.
	trimWork  = 2 * time.Second
	trimLeast = trimWork / 4
)

// trimmer decides when to trim.
type trimmer struct {
	seen    time.Duration // processor time at the last look
	trimmed time.Duration // and at the last trim
	calm    int           // looks in a row that found little
}

// newTrimmer counts the start as work.
func newTrimmer() *trimmer { return &trimmer{trimmed: -trimWork} }

// due takes the processor time of the process so far.
func (t *trimmer) due(used time.Duration) bool {
	little := used-t.seen < trimCalm
	t.seen = used
	if !little {
		t.calm = 0
		return false
	}
	t.calm++
	if used-t.trimmed < max(trimWork>>(t.calm-1), trimLeast) {
		return false
	}
	t.trimmed = used
	return true
}

// keepTrim trims until ctx ends. The program's pages go also at once, since the
// start so far has used most of those that nothing uses later.
func keepTrim(ctx context.Context, log logr.Logger) {
	look := time.NewTicker(trimLook)
	defer look.Stop()
	for t := newTrimmer(); ; {
		if err := trimProgram(); err != nil {
			log.Info("memory that only the start used cannot be given back; it stays", "error", err.Error())
			return
		}
		for due := false; !due; due = t.due(processorTime()) {
			select {
			case <-look.C:
			case <-ctx.Done():
				return
			}
		}
		debug.FreeOSMemory()
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
