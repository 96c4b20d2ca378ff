package claims

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Write prints the results as people read them.
func Write(to io.Writer, title string, results []Result) {
	t := table.NewWriter()
	t.SetOutputMirror(to)
	t.SetTitle(title)
	t.AppendHeader(table.Row{"", "claim", "command", "output"})
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, WidthMax: 48, WidthMaxEnforcer: wrap}, {Number: 3, WidthMax: 56, WidthMaxEnforcer: wrap}, {Number: 4, WidthMax: 48, WidthMaxEnforcer: wrap},
	})
	for _, r := range results {
		verdict, said := "✓", r.Output
		if !r.OK {
			verdict, said = "✗", r.Why
		}
		t.AppendRow(table.Row{verdict, r.Claim, r.Command, strings.Join(append(times(r), clip(said)), "\n")})
		t.AppendSeparator()
	}
	t.Render()
	fmt.Fprintln(to)
}

// wrap keeps the lines that there are, which text.WrapSoft would fill up.
func wrap(said string, width int) string {
	var lines []string
	for line := range strings.SplitSeq(said, "\n") {
		lines = append(lines, text.WrapSoft(line, width))
	}
	return strings.Join(lines, "\n")
}

// times are what was measured, a line each.
func times(r Result) (lines []string) {
	for _, m := range r.Measured {
		lines = append(lines, fmt.Sprintf("%s after %.1f s", m.What, m.After.Seconds()))
	}
	return lines
}

// Failed are those that do not hold.
func Failed(results []Result) (out []Result) {
	for _, r := range results {
		if !r.OK {
			out = append(out, r)
		}
	}
	return out
}

func clip(said string) string {
	const most = 200
	runes := []rune(strings.TrimSpace(said))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
