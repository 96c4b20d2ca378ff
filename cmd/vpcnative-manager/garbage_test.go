package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestASmallHeapIsCollectedSeldomAndALargeOneStaysNearWhatLives(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 400, 1 << 20: 400, 8 << 20: 300, 16 << 20: 100, 20 << 20: 60, 24 << 20: 40, 1 << 30: 40,
	} {
		if got := percentFor(live); got != want {
			t.Errorf("%d MiB live: %d percent, want %d", live>>20, got, want)
		}
	}
}

func TestThePercentageFollowsWhatLives(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "")
	tuneCollector()
	ballast := make([]byte, 64<<20)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		runtime.GC()
		now := debug.SetGCPercent(100)
		if now == minPercent {
			break
		}
		debug.SetGCPercent(now)
		if time.Now().After(deadline) {
			t.Fatalf("GOGC is %d with 64 MiB live", now)
		}
	}
	runtime.KeepAlive(ballast)
}
