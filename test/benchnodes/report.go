package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

type report struct {
	Machine  string       `json:"machine"`
	Began    time.Time    `json:"began"`
	Seconds  float64      `json:"seconds"`
	Bursts   []burstRow   `json:"bursts"`
	Arrivals []arrivalRow `json:"arrivals"`
	Memory   []memoryRow  `json:"memory"`
	Targets  []verdict    `json:"targets"`
}

func (r report) print(w io.Writer) {
	fmt.Fprintf(w, "Nodes get their podCIDRs, on one kube-apiserver and etcd.\nMachine: %s\n\n", r.Machine)
	table(w, "A burst: the Nodes wait when the contender starts\tNodes\tseconds\tNodes/s\tof bare loop\tAPI writes/Node\tcloud calls/Node\tpeak MiB\tCPU ms/Node: server\tcontender\tharness\tstolen %\teach round, seconds",
		len(r.Bursts), func(i int) string {
			b := r.Bursts[i]
			cloud := "-"
			if b.CloudPerNode != nil {
				cloud = fmt.Sprintf("%.2f", *b.CloudPerNode)
			}
			return fmt.Sprintf("%s\t%d\t%.2f\t%.0f\t%.2f\t%.2f\t%s\t%s\t%s\t%.0f\t%s",
				b.Contender, b.Nodes, b.Seconds, b.PerSecond, b.OfBareLoop, b.WritesPerNode, cloud, orDash(b.PeakMiB, "%.0f"), b.CPU, b.StolenPercent, each(b.Rounds))
		})
	table(w, "Arrival: from creation to podCIDR\tNodes\tNodes/s\tmedian ms\tp99 ms\tmax ms\tcondition, median ms\tCPU ms/Node: server\tcontender\tharness\tstolen %",
		len(r.Arrivals), func(i int) string {
			a := r.Arrivals[i]
			condition := "-"
			if a.ConditionMS != nil {
				condition = fmt.Sprintf("%.0f", *a.ConditionMS)
			}
			return fmt.Sprintf("%s\t%d\t%.0f\t%.1f\t%.1f\t%.1f\t%s\t%s\t%.0f",
				a.Contender, a.Nodes, a.Arrived, a.MedianMS, a.P99MS, a.MaxMS, condition, a.CPU, a.StolenPercent)
		})
	table(w, "Memory and restart\tNodes\tAPI writes a Node\tpeak MiB\tsettled MiB\tafter restart\tpeak\tlease to ready s\tstart to ready s\tcloud calls",
		len(r.Memory), func(i int) string {
			m := r.Memory[i]
			cloud := "-"
			if m.CloudReads != nil {
				cloud = fmt.Sprint(*m.CloudReads)
			}
			return fmt.Sprintf("%s\t%d\t%.2f\t%.0f\t%.0f\t%.0f\t%.0f\t%s\t%.2f\t%s",
				m.Contender, m.Nodes, m.WritesPerNode, m.PeakMiB, m.SteadyMiB, m.Restarted, m.RestartPeak, orDash(m.ReadySeconds, "%.2f"), m.StartReadySeconds, cloud)
		})
	table(w, "Target\tto reach\tmeasured\t", len(r.Targets), func(i int) string {
		v := r.Targets[i]
		return fmt.Sprintf("%s: %s\t%s\t%s\t%s", v.Contender, v.What, v.Bound, v.Measured, v.word())
	})
	fmt.Fprintf(w, "All of it took %.0f s.\n", r.Seconds)
}

func table(w io.Writer, head string, n int, row func(int) string) {
	if n == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, head)
	for i := range n {
		fmt.Fprintln(t, row(i))
	}
	_ = t.Flush()
	fmt.Fprintln(w)
}

func orDash(v float64, format string) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v)
}

func each(seconds []float64) string {
	var all []string
	for _, s := range seconds {
		all = append(all, fmt.Sprintf("%.2f", s))
	}
	return strings.Join(all, " ")
}

func (r report) write(path string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the rows as JSON: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the rows as JSON: %w", err)
	}
	if err := os.WriteFile(path, append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the rows as JSON: %w", err)
	}
	return nil
}

// describeMachine names what the figures depend on: the processor, how many of
// it, memory, the system.
func describeMachine() string {
	model := procField("/proc/cpuinfo", "model name")
	if model == "" {
		model = runtime.GOARCH
	}
	memory := ""
	var kib float64
	if _, err := fmt.Sscanf(procField("/proc/meminfo", "MemTotal"), "%f kB", &kib); err == nil {
		memory = fmt.Sprintf(", %.0f GiB", kib/(1<<20))
	}
	return fmt.Sprintf("%s, %d cores%s, %s, %s", model, runtime.NumCPU(), memory, runtime.GOOS, runtime.Version())
}

func procField(path, field string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(name) == field {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
