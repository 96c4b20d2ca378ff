package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestASmallHeapIsCollectedSeldomAndALargeOneStaysNearWhatLives(t *testing.T) {
	const mib = 1 << 20
	for h, want := range map[heap]int{
		{}: 40, {live: mib, roots: mib}: 400, {live: 4 * mib, roots: 4 * mib}: 400, {live: 10 * mib}: 300,
		{live: 8 * mib, roots: 8 * mib}: 200, {live: 20 * mib}: 100, {live: 30 * mib}: 40, {live: 40 * mib}: 40, {live: 1 << 30}: 40,
	} {
		if got := percentFor(h); got != want {
			t.Errorf("%+v: %d percent, want %d", h, got, want)
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
