package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// spent is what a row took beside time.
type spent struct {
	// Requests of the API server, whoever made them.
	Requests counts `json:"apiRequests"`
	CPU      cpuRow `json:"cpuMillisecondsPerNode"`
	// StolenPercent of the processors' time went to other machines of the same
	// host: what a row took while much was stolen says little.
	StolenPercent float64 `json:"stolenPercent"`
}

// meter is a reading of all that spent is the difference of.
type meter struct {
	requests counts
	cpu      cpuTime
	machine  machineTime
}

func (b *bench) meter(ctx context.Context) (meter, error) {
	requests, err := b.apiCounts(ctx)
	return meter{requests, b.cpu(), readMachineTime()}, err
}

func (b *bench) spentSince(ctx context.Context, before meter, nodes int) (spent, error) {
	now, err := b.meter(ctx)
	return spent{
		Requests:      now.requests.since(before.requests),
		CPU:           now.cpu.since(before.cpu, nodes),
		StolenPercent: now.machine.stolenSince(before.machine),
	}, err
}

// cpuTime is what each part of a run took of the processors. On a busy machine
// it tells more than seconds on the clock do.
type cpuTime struct {
	// Server is the API server with its etcd.
	Server time.Duration
	// Contender is the allocator's process; the bare loop is in Harness.
	Contender time.Duration
	// Harness is this process: the watch and the simulated cloud.
	Harness time.Duration
}

// cpuRow is the same in milliseconds a Node, the contender's start included.
type cpuRow struct {
	Server    float64 `json:"server"`
	Contender float64 `json:"contender"`
	Harness   float64 `json:"harness"`
}

// String is three cells of a table.
func (r cpuRow) String() string {
	return fmt.Sprintf("%.2f\t%s\t%.2f", r.Server, orDash(r.Contender, "%.2f"), r.Harness)
}

func (t cpuTime) since(before cpuTime, nodes int) cpuRow {
	each := func(now, then time.Duration) float64 {
		return float64(max(0, now-then)) / float64(time.Millisecond) / float64(nodes)
	}
	return cpuRow{
		Server:    each(t.Server, before.Server),
		Contender: each(t.Contender, before.Contender),
		Harness:   each(t.Harness, before.Harness),
	}
}

func (b *bench) cpu() (t cpuTime) {
	for _, pid := range b.server.Pids() {
		name, took := cpuOf(pid)
		switch name {
		case "etcd", "kube-apiserver":
			t.Server += took
		default:
			t.Contender += took
		}
	}
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		t.Harness = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	}
	return t
}

// clockTick is the unit of times in /proc on every Linux.
const clockTick = 10 * time.Millisecond

// cpuOf reads a process's name and the time it ran; zero where the system does
// not tell.
func cpuOf(pid int) (name string, took time.Duration) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	_, after, _ := strings.Cut(string(stat), "(")
	name, after, _ = strings.Cut(after, ")")
	fields := strings.Fields(after) // from the third of proc(5) on
	if len(fields) < 13 {
		return name, 0
	}
	for _, f := range fields[11:13] { // utime, stime
		n, _ := strconv.ParseInt(f, 10, 64)
		took += time.Duration(n) * clockTick
	}
	return name, took
}

// machineTime is what all processors did since the system began, in ticks.
type machineTime struct{ all, stolen float64 }

// readMachineTime returns zeros where the system does not tell.
func readMachineTime() (t machineTime) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return t
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	const stolen = 7 // of user, nice, system, idle, iowait, irq, softirq, steal, and times that user has in it
	for i, f := range strings.Fields(line)[1:] {
		if n, _ := strconv.ParseFloat(f, 64); i <= stolen {
			t.all += n
			t.stolen = n
		}
	}
	return t
}

func (t machineTime) stolenSince(before machineTime) float64 {
	if t.all <= before.all {
		return 0
	}
	return 100 * (t.stolen - before.stolen) / (t.all - before.all)
}
