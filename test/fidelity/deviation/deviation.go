// Package deviation has what a check of an exchange finds.
package deviation

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Side is who said what deviates.
type Side string

const (
	// Request is of the adapter, Answer of the simulator.
	Request Side = "request"
	Answer  Side = "answer"
)

// Deviation is one thing that the published API does not have so. It can be
// compared: the same one of many exchanges is one.
type Deviation struct {
	Side      Side
	Operation string // "compute.firewalls.patch", "ec2.CreateRoute"
	Path      string // of a field: "allowed[].ports[]"; empty for the whole
	What      string
}

func (d Deviation) String() string {
	at := ""
	if d.Path != "" {
		at = " " + d.Path + ":"
	}
	return fmt.Sprintf("%s of %s:%s %s", d.Side, d.Operation, at, d.What)
}

// List gathers deviations of one side of one exchange.
type List struct {
	Side      Side
	Operation string
	Found     []Deviation
}

// Add notes one at a path.
func (l *List) Add(path, format string, args ...any) {
	l.Found = append(l.Found, Deviation{l.Side, l.Operation, path, fmt.Sprintf(format, args...)})
}

// Join is the path of a member.
func Join(path, name string) string {
	if path == "" || strings.HasPrefix(name, "[") {
		return path + name
	}
	return path + "." + name
}

// Full compiles a pattern that the whole value has to match, as the APIs mean
// it; patterns that Go cannot say (look-arounds) are nil, and match everything.
func Full(pattern string) *regexp.Regexp {
	if re, ok := compiled.Load(pattern); ok {
		return re.(*regexp.Regexp)
	}
	re, _ := regexp.Compile(`^(?:` + pattern + `)$`)
	compiled.Store(pattern, re)
	return re
}

var compiled sync.Map // pattern -> *regexp.Regexp
