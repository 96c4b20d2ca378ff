// Package show puts values into lines for people.
package show

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/fatih/color"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Style is what the terminal can do; the zero value is plain Unicode.
type Style struct {
	// ASCII keeps to ASCII.
	ASCII bool
	// Colour paints.
	Colour bool
}

func (s Style) paint(text string, attributes ...color.Attribute) string {
	c := color.New(attributes...)
	if s.Colour {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return c.Sprint(text)
}

// Bold is for headings.
func (s Style) Bold(text string) string { return s.paint(text, color.Bold) }

// Faint is for what matters less.
func (s Style) Faint(text string) string { return s.paint(text, color.Faint) }

// Bad is for refusals and warnings.
func (s Style) Bad(text string) string { return s.paint(text, color.FgRed, color.Bold) }

// Dot joins parts of a line.
func (s Style) Dot() string {
	if s.ASCII {
		return ", "
	}
	return " · "
}

// Bar shows a share from 0 to 100. A bar that is not empty shows something,
// one that is not full is not filled.
func (s Style) Bar(percent float64, width int) string {
	percent = min(100, max(0, percent))
	filled := int(math.Round(percent / 100 * float64(width)))
	if percent > 0 {
		filled = max(1, filled)
	}
	if percent < 100 {
		filled = min(width-1, filled)
	}
	on, off := "█", "░"
	if s.ASCII {
		on, off = "#", "."
	}
	hue := color.FgGreen
	switch {
	case percent >= 95:
		hue = color.FgRed
	case percent >= 80:
		hue = color.FgYellow
	}
	return s.paint(strings.Repeat(on, filled), hue) + strings.Repeat(off, width-filled)
}

// Number sets thousands apart; digits is a number in decimal.
func Number(digits string) string {
	if rest, signed := strings.CutPrefix(digits, "+"); signed {
		return "+" + Number(rest)
	}
	if len(digits) <= 3 || strings.Trim(digits, "0123456789") != "" {
		return digits
	}
	return Number(digits[:len(digits)-3]) + "," + digits[len(digits)-3:]
}

// Printer collects what a command prints for people.
type Printer struct {
	Style
	strings.Builder
}

// Table prints rows with their columns aligned; their cells are separated by
// tabs.
func (p *Printer) Table(rows ...string) {
	var aligned strings.Builder
	t := tabwriter.NewWriter(&aligned, 0, 0, 3, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(t, r)
	}
	_ = t.Flush() // a Builder takes everything
	for line := range strings.Lines(aligned.String()) {
		fmt.Fprintln(p, strings.TrimRight(line, " \n"))
	}
}

// Free says how much space is free.
func Free(f v1alpha1.FreeSpace) string {
	if f.Addresses == "" || f.Addresses == "0" {
		return "nothing"
	}
	share := fmt.Sprint(f.Share)
	if f.Share == 0 {
		share = "less than 1"
	}
	return fmt.Sprintf("%s addresses (%s %%); largest blocks %s", Number(f.Addresses), share, strings.Join(f.LargestBlocks[:min(3, len(f.LargestBlocks))], ", "))
}
