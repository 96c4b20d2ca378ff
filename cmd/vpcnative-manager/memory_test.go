package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

func TestTheUsersGOGCCounts(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	for set, want := range map[string]int{"70": 100, "": gcPercent} { // the runtime itself reads it at the start
		t.Setenv("GOGC", set)
		tuneCollector()
		if got := debug.SetGCPercent(100); got != want {
			t.Errorf("GOGC=%q: %d percent, want %d", set, got, want)
		}
	}
}

func TestFreeMemoryIsReturnedOnceTheCollectorRan(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		returnMemory(ctx, logr.Discard(), time.Millisecond)
	}()
	time.Sleep(20 * time.Millisecond) // the first time is at once
	before := collections()
	time.Sleep(20 * time.Millisecond)
	if ran := collections() - before; ran > 0 {
		t.Errorf("%d collections without work", ran)
	}
	ballast := make([]byte, 64<<20)
	for i := range ballast {
		ballast[i] = 1
	}
	runtime.KeepAlive(ballast)
	runtime.GC()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		var m runtime.MemStats
		if runtime.ReadMemStats(&m); m.HeapIdle-m.HeapReleased < 16<<20 && m.HeapAlloc < 64<<20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("64 MiB that nothing uses stay the process's")
		}
	}
	cancel()
	<-done
}
