package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

type report struct {
	Services       int     `json:"services"`
	Nodes          int     `json:"nodes"`
	LatencySeconds float64 `json:"cloudLatencySeconds"`
	Rates          bool    `json:"atAWSRates"`
	Rows           []row   `json:"rows"`
}

func (r report) print(w io.Writer, detail bool) {
	fmt.Fprintf(w, "Cloud calls for %d Services on %d nodes.\n\n", r.Services, r.Nodes)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "cloud\twhat happens\treads\twrites\tseconds")
	for _, x := range r.Rows {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%.1f\n", x.Contender, x.What, x.Reads, x.Writes, x.Seconds)
		if !detail {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(x.Methods)) {
			fmt.Fprintf(t, "\t  %s\t%d\t\t\n", name, x.Methods[name])
		}
	}
	_ = t.Flush()
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

// slug is a name that objects can have.
func slug(name string) string { return strings.ReplaceAll(strings.ReplaceAll(name, ",", ""), " ", "-") }
