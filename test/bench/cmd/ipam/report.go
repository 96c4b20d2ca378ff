package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
)

type report struct {
	Machine machine `json:"machine"`
	Rows    []row   `json:"rows"`
}

type machine struct {
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
	OS    string `json:"os"`
}

func thisMachine() machine {
	m := machine{CPU: "unknown CPU", Cores: runtime.NumCPU(), Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(info)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			m.CPU = strings.TrimSpace(value)
			break
		}
	}
	return m
}

// scale is how much slower this machine is than the one that the targets are stated for, where Cilium's cidrset
// fills at 23 ns.
func (r report) scale() float64 {
	if len(r.Rows) == 0 || r.Rows[0].Unit != "ns/op" {
		return 1
	}
	return r.Rows[0].Results["cilium"].Value / 23
}

func (r report) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %d cores, %s, %s\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Go, r.Machine.OS)
	fmt.Fprintf(w, "targets are for a core on which cilium fills at 23 ns; here it is %.0f ns, so times %.2f\n\n", 23*r.scale(), r.scale())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "work\tunit\ttarget\there\tvpcnative\tcilium\tkubernetes\tnetipx\t/cilium\t/kubernetes\t/netipx\t")
	for _, row := range r.Rows {
		ours := row.Results["vpcnative"]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t", row.Work, row.Unit, limit(row.Target), limit(r.here(row)), number(ours))
		for _, name := range []string{"cilium", "kubernetes", "netipx"} {
			fmt.Fprintf(t, "%s\t", number(row.Results[name]))
		}
		for _, name := range []string{"cilium", "kubernetes", "netipx"} {
			fmt.Fprintf(t, "%s\t", ratio(ours, row.Results[name]))
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	fmt.Fprintln(w, "\n/peer: our number divided by the peer's; below 1 is better than the peer")
	fmt.Fprintln(w, "\nvpcnative's tables, by what they are for (targets: 24 bytes a prefix, 4 bits a smallest block):")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "state\tnodes, bytes/prefix\tfree index, bits/smallest block\t")
	for _, row := range r.Rows {
		if o := row.Results["vpcnative"]; o.Index > 0 {
			fmt.Fprintf(t, "%s\t%.1f\t%.2f\t\n", strings.TrimPrefix(row.Work, "memory: "), o.Nodes, o.Index)
		}
	}
	t.Flush()
}

// here is a row's target on this machine; memory is the same everywhere.
func (r report) here(row row) float64 {
	if row.Unit == "ns/op" {
		return row.Target * r.scale()
	}
	return row.Target
}

func limit(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f", v)
}

func number(r result) string {
	switch {
	case r.Refuses:
		return "refuses"
	case r.Value < 100:
		return fmt.Sprintf("%.1f", r.Value)
	}
	return fmt.Sprintf("%.0f", r.Value)
}

func ratio(ours, theirs result) string {
	if ours.Refuses || theirs.Refuses || theirs.Value == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3g", ours.Value/theirs.Value)
}

func (r report) write(file string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
