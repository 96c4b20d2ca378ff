package cloud

import (
	"strings"
	"testing"
)

func TestWhatDiffersFromTryToTryIsNoPartOfAText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"read tcp 10.0.0.5:43512->10.0.0.1:443: read: connection reset by peer":                 "read tcp 10.0.0.1:443: read: connection reset by peer",
		"lookup a.b on 10.0.0.2:53: read udp [2001:db8::5]:5353->[2001:db8::2]:53: i/o timeout": "lookup a.b on 10.0.0.2:53: read udp [2001:db8::2]:53: i/o timeout",
		"10.4.3.0/24 -> somewhere":            "10.4.3.0/24 -> somewhere",
		"<html>\n  <p>\tBad gateway\n":        "<html> <p> Bad gateway",
		"":                                    "",
		strings.Repeat("x", longest):          strings.Repeat("x", longest),
		strings.Repeat("x", longest+1):        strings.Repeat("x", longest) + "...",
		strings.Repeat("x", longest-1) + "éé": strings.Repeat("x", longest-1) + "...",
	} {
		if got := Steady(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
