package explain

import (
	"fmt"
	"io"
	"strings"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// Print writes the explanation for people.
func (e Explanation) Print(w io.Writer, s show.Style) error {
	text := s.Bold(e.Text)
	if e.Answer == Forbidden {
		text = s.Bad(e.Text)
	}
	if _, err := fmt.Fprintln(w, text); err != nil {
		return err
	}
	var rows []string
	for _, b := range e.Around {
		rows = append(rows, b.row("in"))
	}
	for _, b := range e.Inside {
		rows = append(rows, b.row("has"))
	}
	if err := show.Table(w, rows...); err != nil {
		return err
	}
	var b strings.Builder
	if e.More > 0 {
		fmt.Fprintf(&b, "  and %d more\n", e.More)
	}
	if len(e.FreeBlocks) > 0 {
		fmt.Fprintf(&b, "  free blocks: %s\n", strings.Join(e.FreeBlocks, ", "))
	}
	for _, n := range e.Notes {
		fmt.Fprintf(&b, "  %s\n", s.Faint(n))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (b Block) row(where string) string {
	return fmt.Sprintf("  %s\t%s\t%s\t%s\t%s", where, b.CIDR, b.Kind, b.Name, b.Text)
}
