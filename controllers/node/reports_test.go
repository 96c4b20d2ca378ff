package node

import (
	"slices"
	"testing"
	"time"
)

func TestAReportIsAwaitedUntilTheCacheShowsIt(t *testing.T) {
	var r reports
	now := time.Now()
	if r.pending("n", "1", now) {
		t.Error("a report that was never made is awaited")
	}
	r.note("n", "1", now)
	if !r.pending("n", "1", now.Add(cacheLag-1)) {
		t.Error("a report that the cache may still show is not awaited")
	}
	r.shown("n")
	if r.pending("n", "1", now) {
		t.Error("a report that the cache showed is awaited")
	}
}

func TestANodeWhoseReportIsNotShownComesBack(t *testing.T) {
	var r reports
	now := time.Now()
	r.shown("n")
	r.note("n", "1", now)
	if names := r.overdue(now.Add(cacheLag - 1)); len(names) > 0 || !r.pending("n", "1", now) {
		t.Errorf("a report that the cache may still show is overdue: %v", names)
	}
	if names := r.overdue(now.Add(cacheLag)); !slices.Equal(names, []string{"n"}) || r.byName != nil {
		t.Errorf("overdue: %v; %d reports are kept that nobody waits for", names, len(r.byName))
	}
}

func TestAReportThatWaitsForItsTurnIsNotOverdue(t *testing.T) {
	var r reports
	later := time.Now().Add(time.Hour)
	r.queue("n", "1")
	if names := r.overdue(later); len(names) > 0 || !r.pending("n", "1", later) || !r.queued("n", "1") {
		t.Errorf("overdue: %v; queued: %v", names, r.queued("n", "1"))
	}
	if r.queued("n", "2") {
		t.Error("the report of a Node is queued for its successor")
	}
	r.shown("n")
	if r.queued("n", "1") {
		t.Error("a report that the cache showed is queued")
	}
}

func TestAReportIsNotAwaitedForLongNorForAnother(t *testing.T) {
	var r reports
	now := time.Now()
	r.note("n", "1", now)
	if r.pending("n", "1", now.Add(cacheLag)) {
		t.Error("a report is awaited for longer than the cache may lag")
	}
	r.note("n", "1", now)
	if r.pending("n", "2", now) {
		t.Error("the report of a Node is taken for that of its successor")
	}
	if len(r.byName) != 0 {
		t.Errorf("%d reports are kept that nobody waits for", len(r.byName))
	}
}
