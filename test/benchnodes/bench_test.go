package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"testing"
	"time"
)

func TestNodeIsAsLargeAsARealOne(t *testing.T) {
	content, err := json.Marshal(node("burst-00001", 1))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(content); n < 2000 || n > 4500 {
		t.Errorf("a Node is %d bytes as JSON, want 2 to 4.5 kB", n)
	}
}

func TestRequestsAreCountedByWhatTheyAre(t *testing.T) {
	before := parseCounts([]byte(`apiserver_request_total{code="200",resource="nodes",subresource="",verb="PATCH"} 5
`))
	after := parseCounts([]byte(`# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",group="",resource="nodes",scope="resource",subresource="",verb="PATCH",version="v1"} 7
apiserver_request_total{code="409",component="apiserver",group="",resource="nodes",scope="resource",subresource="",verb="PATCH",version="v1"} 1
apiserver_request_total{code="200",component="apiserver",group="",resource="nodes",scope="resource",subresource="status",verb="PATCH",version="v1"} 2
apiserver_request_total{code="200",component="apiserver",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 9
apiserver_request_total{code="201",component="apiserver",group="",resource="nodes",scope="resource",subresource="",verb="POST",version="v1"} 9
apiserver_request_total{code="201",component="apiserver",group="",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 4
apiserver_request_total{code="200",component="apiserver",group="",resource="",scope="",subresource="/healthz",verb="GET",version=""} 4
apiserver_request_duration_seconds_count{resource="nodes",verb="PATCH"} 99
`))
	diff := after.since(before)
	if diff["PATCH nodes"] != 3 || diff["PATCH nodes/status"] != 2 {
		t.Errorf("counted %v", diff)
	}
	if writes, events := diff.writes(); writes != 5 || events != 4 {
		t.Errorf("writes %v, events %v; want 5 and 4", writes, events)
	}
}

func TestQuantiles(t *testing.T) {
	var ms []float64
	for i := range 100 {
		ms = append(ms, float64(i+1))
	}
	for q, want := range map[float64]float64{0.5: 50, 0.99: 99, 1: 100} {
		if got := quantile(ms, q); got != want {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
	if quantile([]float64{7}, 0.99) != 7 || quantile(nil, 0.5) != 0 {
		t.Error("quantiles of one value and of none")
	}
}

func TestOverlapIsFound(t *testing.T) {
	o := &observer{nodes: map[string]*seen{}}
	hold := func(name string, prefixes ...string) {
		s := &seen{}
		for _, p := range prefixes {
			s.podCIDRs = append(s.podCIDRs, netip.MustParsePrefix(p))
		}
		o.nodes[name] = s
	}
	hold("a", "10.0.0.0/24", "fd00::/80")
	hold("b", "10.0.1.0/24")
	hold("c", "10.0.2.0/23")
	if err := o.checkUnique(); err != nil {
		t.Errorf("disjoint ranges: %v", err)
	}
	hold("d", "10.0.3.0/28")
	if o.checkUnique() == nil {
		t.Error("a range inside another's is not found")
	}
}

func TestMemoryOfThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc here")
	}
	peak, now := memoryOf(os.Getpid())
	if now < 1 || peak < now {
		t.Errorf("peak %v MiB, now %v MiB", peak, now)
	}
}

func TestCPUOfThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	began := time.Now()
	for took := time.Duration(0); took == 0; {
		if _, took = cpuOf(os.Getpid()); time.Since(began) > time.Minute {
			t.Fatal("a process that works for a minute takes no time")
		}
	}
	got := cpuTime{Server: 3 * time.Second}.since(cpuTime{Server: time.Second}, 1000)
	if got != (cpuRow{Server: 2}) {
		t.Errorf("2 s for 1000 Nodes are %v", got)
	}
}

func TestStolenTimeIsAShareOfAll(t *testing.T) {
	before := machineTime{all: 1000, stolen: 10}
	if got := (machineTime{all: 1200, stolen: 40}).stolenSince(before); got != 15 {
		t.Errorf("30 ticks of 200 are %v percent", got)
	}
	if got := before.stolenSince(before); got != 0 {
		t.Errorf("no time at all: %v percent", got)
	}
	if now := readMachineTime(); now.stolen > now.all {
		t.Errorf("stolen is more than all: %+v", now)
	}
}

func TestRoundsMakeOneRow(t *testing.T) {
	calls := [...]float64{1, 3}
	got := mean([]burstRow{
		{Contender: "c", Nodes: 30, Seconds: 1, PeakMiB: 9, CloudPerNode: &calls[0], spent: spent{Requests: counts{"PATCH nodes": 1}, StolenPercent: 4}},
		{Contender: "c", Nodes: 30, Seconds: 2, PeakMiB: 7, CloudPerNode: &calls[1], spent: spent{Requests: counts{"PATCH nodes": 2}}},
	})
	if got.Seconds != 1.5 || got.PerSecond != 20 || *got.CloudPerNode != 2 || got.StolenPercent != 2 {
		t.Errorf("not the means: %+v, %v cloud calls", got, *got.CloudPerNode)
	}
	if got.PeakMiB != 9 || got.Requests["PATCH nodes"] != 3 || len(got.Rounds) != 2 {
		t.Errorf("not the most and the sums: %+v", got)
	}
	if calls[0] != 1 {
		t.Error("a round was changed")
	}
	last := []burstRow{{}, {PerSecond: 18}}
	if r := ofNeighbours(last, []burstRow{{Nodes: 30, Seconds: 9}, {Nodes: 30, Seconds: 1}, {Nodes: 30, Seconds: 2}}); r != 0.9 {
		t.Errorf("18 Nodes a second are %v of the 20 of the loops beside them", r)
	}
	if one := mean([]burstRow{{Seconds: 3}}); one.Seconds != 3 || one.Rounds != nil {
		t.Errorf("one round is not itself: %+v", one)
	}
}

func TestReportHasEveryRowInTextAndJSON(t *testing.T) {
	cloud := 2.5
	r := report{
		Machine:  "m",
		Bursts:   []burstRow{{Contender: "x", Nodes: 3, CloudPerNode: &cloud, spent: spent{StolenPercent: 5}}},
		Arrivals: []arrivalRow{{Contender: "y"}},
		Memory:   []memoryRow{{Contender: "z"}},
	}
	path := t.TempDir() + "/bench/nodes.json"
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(content, &back); err != nil || len(back.Bursts) != 1 || *back.Bursts[0].CloudPerNode != 2.5 || back.Bursts[0].StolenPercent != 5 {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func TestEveryFigureIsHeldAgainstItsTarget(t *testing.T) {
	one, calls := 1.04, 900
	name := contenders()[2].name
	if contenders()[2].targets != instantTargets {
		t.Fatal("the third contender is not the one with instant operations")
	}
	r := report{
		Bursts:   []burstRow{{Contender: name, Nodes: 10, OfBareLoop: 0.9, WritesPerNode: 2.3, CloudPerNode: &one}, {Contender: "bare"}},
		Arrivals: []arrivalRow{{Contender: name, MedianMS: 10, P99MS: 20.1}},
		Memory:   []memoryRow{{Contender: name, Nodes: 10000, PeakMiB: 111, SteadyMiB: 79, WritesPerNode: 3, ReadySeconds: 1, CloudReads: &calls}},
	}
	missed := map[string]bool{}
	for _, v := range judge(r) {
		if v.Contender != name {
			t.Errorf("%s has no target", v.Contender)
		}
		missed[v.What] = !v.Met
	}
	for what, want := range map[string]bool{
		"of the bare loop": false, "API writes a Node": true, "cloud calls a Node": false,
		"arrival, median": false, "arrival, 99th percentile": true,
		"API writes a Node, of 10000":         true,
		"resident with 10000 Nodes, the most": true, "resident with 10000 Nodes, allocated": false,
		"restart, from the lease on": false, "restart, cloud calls": true,
	} {
		if got, ok := missed[what]; !ok || got != want {
			t.Errorf("%s: missed is %v (judged: %v), want %v", what, got, ok, want)
		}
	}
}

func TestSlowOperationsAreHeldAgainstWhatMayRunAtATime(t *testing.T) {
	name := contenders()[3].name
	for seconds, want := range map[float64]bool{25.7: true, 25.9: false} { // 1.1 x 3000 x 2 s / 256 = 25.78 s
		r := report{Bursts: []burstRow{{Contender: name, Nodes: 3000, CloudLatencySeconds: 2, Seconds: seconds}}}
		for _, v := range judge(r) {
			if v.What == "the burst" && v.Met != want {
				t.Errorf("%v s: %v", seconds, v)
			}
		}
	}
}
