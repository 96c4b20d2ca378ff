package show

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestABarTellsSomethingFromNothing: a bar has its width, is empty only for
// nothing and full only for all, and never shrinks as the share grows.
func TestABarTellsSomethingFromNothing(t *testing.T) {
	t.Parallel()
	s, last := Style{ASCII: true}, 0
	for percent := 0.0; percent <= 100; percent += 0.1 {
		bar := s.Bar(percent, 20)
		filled := strings.Count(bar, "#")
		if len(bar) != 20 || filled < last || (filled == 0) != (percent == 0) || filled == 20 {
			t.Fatalf("%.1f %%: %q after %d", percent, bar, last)
		}
		last = filled
	}
	for percent, want := range map[float64]int{-5: 0, 100: 20, 250: 20} {
		if got := strings.Count(s.Bar(percent, 20), "#"); got != want {
			t.Errorf("%v %%: %d of 20", percent, got)
		}
	}
}

func TestColourAndUnicodeAreAsked(t *testing.T) {
	t.Parallel()
	draw := func(s Style) string { return s.Bar(90, 10) + s.Bold("a") + s.Bad("b") + s.Faint("c") + s.Dot() }
	if got := draw(Style{ASCII: true}); len(got) != utf8.RuneCountInString(got) || strings.Contains(got, "\x1b") {
		t.Errorf("ASCII without colour: %q", got)
	}
	if got := draw(Style{}); strings.Contains(got, "\x1b") {
		t.Errorf("without colour: %q", got)
	}
	if got := draw(Style{Colour: true}); strings.Count(got, "\x1b[") < 8 {
		t.Errorf("with colour: %q", got)
	}
}

func TestNumbersHaveTheirThousandsApart(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "0": "0", "999": "999", "1000": "1,000", "65536": "65,536", "16777216": "16,777,216",
		"+1024": "+1,024", "unknown": "unknown",
		"340282366920938463463374607431768211456": "340,282,366,920,938,463,463,374,607,431,768,211,456",
	} {
		if got := Number(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
