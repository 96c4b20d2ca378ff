package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	corev1 "k8s.io/api/core/v1"
)

// nodeTable has every VM, also one that is no Node any more, in the order in
// which people count. Those of one subnet, which is one cluster's, stand
// together.
func nodeTable(nodes []corev1.Node, instances []machine, piece string) string {
	byID := map[string]corev1.Node{}
	for _, n := range nodes {
		byID[n.Spec.ProviderID] = n
	}
	instances = slices.Clone(instances)
	slices.SortFunc(instances, func(a, b machine) int {
		return cmp.Or(cmp.Compare(a.subnet, b.subnet), cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	t := newTable("Node", "Max pods", "Instance", "podCIDR", strings.ToUpper(piece[:1])+piece[1:])
	for at, i := range instances {
		if at > 0 && i.subnet != instances[at-1].subnet {
			t.AppendSeparator()
		}
		n, maxPods := byID[i.ProviderID], ""
		if n.Name != "" {
			maxPods = n.Status.Capacity.Pods().String()
		}
		t.AppendRow(table.Row{cmp.Or(n.Name, "-"), cmp.Or(maxPods, "-"), i.zone + "/" + i.Name, cmp.Or(n.Spec.PodCIDR, "-"), cmp.Or(carries(i), "-")})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight, AlignHeader: text.AlignRight}})
	return indent(t)
}

func newTable(header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateColumns = false
	t.Style().Options.DrawBorder = false
	t.Style().Box.PaddingLeft = ""
	t.Style().Box.PaddingRight = "  "
	t.AppendHeader(header)
	return t
}

func indent(t table.Writer) string {
	lines := strings.Split(t.Render(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight("  "+l, " ")
	}
	return "\n" + strings.Join(lines, "\n")
}
