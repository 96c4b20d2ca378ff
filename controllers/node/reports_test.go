package node

import (
	"testing"
	"time"
)

func TestAReportIsAwaitedUntilTheCacheShowsIt(t *testing.T) {
	var r reports
	now := time.Now()
	if r.pending("n", "1", now) != 0 {
		t.Error("a report that was never made is awaited")
	}
	r.note("n", "1", now)
	if got := r.pending("n", "1", now.Add(time.Second)); got != cacheLag-time.Second {
		t.Errorf("awaited for %v, want the rest of %v", got, cacheLag)
	}
	r.shown("n")
	if r.pending("n", "1", now) != 0 {
		t.Error("a report that the cache showed is awaited")
	}
}

func TestReportsThatTheCacheShowedBeforeAreForgotten(t *testing.T) {
	var r reports
	now := time.Now()
	r.shown("n")
	r.note("n", "1", now)
	r.forgetOld(now.Add(cacheLag - 1))
	if r.pending("n", "1", now) == 0 {
		t.Error("a report that the cache may still show is forgotten")
	}
	r.forgetOld(now.Add(cacheLag))
	if r.byName != nil {
		t.Errorf("%d reports are kept that nobody waits for", len(r.byName))
	}
}

func TestAReportIsNotAwaitedForLongNorForAnother(t *testing.T) {
	var r reports
	now := time.Now()
	r.note("n", "1", now)
	if r.pending("n", "1", now.Add(cacheLag)) != 0 {
		t.Error("a report is awaited for longer than the cache may lag")
	}
	r.note("n", "1", now)
	if r.pending("n", "2", now) != 0 {
		t.Error("the report of a Node is taken for that of its successor")
	}
	if len(r.byName) != 0 {
		t.Errorf("%d reports are kept that nobody waits for", len(r.byName))
	}
}
