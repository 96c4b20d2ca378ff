package main

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		panic(err)
	}
	apiserver.Main(m, serverOptions(root))
}

// TestWhatHappensCostsNoMoreCallsThanItMust is the benchmark with fewer
// Services and nodes: its bounds are in bounds.go.
func TestWhatHappensCostsNoMoreCallsThanItMust(t *testing.T) {
	s := settings{services: 20, nodes: 50, gather: 250 * time.Millisecond}
	for _, c := range contenders(s) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rows, err := c.measure(t.Context(), apiserver.Shared(t).Config, s)
			if err != nil {
				t.Fatal(err)
			}
			if err := judge(rows); err != nil {
				t.Error(err)
			}
			written := map[string]int{}
			for _, r := range rows {
				written[r.What] = r.Writes
			}
			for what, want := range map[string]int{"one node in": 1, "one node out": 1, "restart, nothing changed": 0, "nothing, for a resync's 10 minutes": 0} {
				more := 0
				if c.perBalancer && want > 0 { // and as many as the bounds say, of those that take some of the nodes
					want, more = s.services/localPart, s.services*2
				}
				if got := written[what]; got < want || got > want+more {
					t.Errorf("%s: %d writes, want %d", what, got, want)
				}
			}
		})
	}
}

func TestARowThatCostsTooMuchFails(t *testing.T) {
	if err := judge([]row{{Reads: 3, MaxReads: 3, Writes: 1, MaxWrites: 1}}); err != nil {
		t.Error(err)
	}
	if judge([]row{{Reads: 4, MaxReads: 3}}) == nil || judge([]row{{Writes: 1}}) == nil {
		t.Error("more than it may, and nobody says so")
	}
}

func TestReportIsWritten(t *testing.T) {
	path := t.TempDir() + "/bench/lb.json"
	if err := (report{Services: 2, Rows: []row{{What: "x", Writes: 7}}}).write(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(content, &back); err != nil || len(back.Rows) != 1 || back.Rows[0].Writes != 7 {
		t.Errorf("read back %+v, %v", back, err)
	}
}
