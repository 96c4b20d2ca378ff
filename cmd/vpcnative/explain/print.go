package explain

import (
	"fmt"
	"strings"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// Print writes the explanation for people.
func (e Explanation) Print(p *show.Printer) {
	text := p.Bold(e.Text)
	if e.Answer == Forbidden {
		text = p.Bad(e.Text)
	}
	fmt.Fprintln(p, text)
	var rows []string
	for _, b := range e.Around {
		rows = append(rows, b.row("in"))
	}
	for _, b := range e.Inside {
		rows = append(rows, b.row("has"))
	}
	p.Table(rows...)
	if e.More > 0 {
		fmt.Fprintf(p, "  and %d more\n", e.More)
	}
	if len(e.FreeBlocks) > 0 {
		fmt.Fprintf(p, "  free blocks: %s\n", strings.Join(e.FreeBlocks, ", "))
	}
	for _, n := range e.Notes {
		fmt.Fprintf(p, "  %s\n", p.Faint(n))
	}
}

func (b Block) row(where string) string {
	return fmt.Sprintf("  %s\t%s\t%s\t%s\t%s", where, b.CIDR, b.Kind, b.Name, b.Text)
}
