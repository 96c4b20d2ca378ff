package cloud

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// longest is what is kept of what a cloud says, in bytes: a proxy on the way
// may answer with a page of its own.
const longest = 2000

var (
	// ownEnd is our own end of a connection in an error of package net, whose
	// port is another each time: "read tcp 10.0.0.5:43512->10.0.0.1:443".
	ownEnd = regexp.MustCompile(`(?:\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.%a-z]+\]):\d+->`)
	blanks = regexp.MustCompile(`\s+`)
)

// Steady is a text without what differs from one try to the next, on one line
// and not too long. Texts of errors end in conditions, where a difference is
// news: it costs a write and an Event.
func Steady(text string) string {
	text = strings.TrimSpace(blanks.ReplaceAllString(ownEnd.ReplaceAllString(text, ""), " "))
	if len(text) <= longest {
		return text
	}
	cut := longest
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}
