package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fatih/color"
)

// An event is something that happened. Events that say the same about many
// subjects within a moment become one line.
type event struct {
	at      time.Time
	source  string // one of sources
	subject string
	what    string // the same words for the same happening
	detail  string // what is particular
	alone   bool   // it has a line of its own in any crowd
	late    bool   // a crowd of such is told after what led to them
	bad     bool
}

// sources say in their colours who showed it.
var sources = map[string]func(a ...any) string{
	"cloud call":   color.New(color.FgYellow).SprintFunc(),
	"vm":           color.New(color.FgBlue).SprintFunc(),
	"subnet":       color.New(color.FgBlue).SprintFunc(),
	"balancer":     color.New(color.FgBlue).SprintFunc(),
	"firewall":     color.New(color.FgBlue).SprintFunc(),
	"node":         color.New(color.FgGreen).SprintFunc(),
	"service":      color.New(color.FgGreen).SprintFunc(),
	"servicecidr":  color.New(color.FgGreen).SprintFunc(),
	"rangerequest": color.New(color.FgMagenta).SprintFunc(),
	"network":      color.New(color.FgCyan).SprintFunc(),
}

const (
	moment = 150 * time.Millisecond
	crowd  = 3 // as many alike have a line each
	names  = 3 // of a crowd are named
)

// feed shows events as they happen.
type feed struct {
	screen *screen
	done   chan struct{}
	ended  chan struct{}

	showing sync.Mutex // keeps moments in order
	mu      sync.Mutex
	waiting []event
}

func newFeed(s *screen) *feed {
	f := &feed{screen: s, done: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		tick := time.NewTicker(moment)
		defer tick.Stop()
		for {
			select {
			case <-f.done:
				return
			case <-tick.C:
				f.flush()
			}
		}
	}()
	return f
}

func (f *feed) tell(e event) {
	e.at = time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, e)
}

// flush shows what has not been shown.
func (f *feed) flush() {
	f.showing.Lock()
	defer f.showing.Unlock()
	f.mu.Lock()
	events := f.waiting
	f.waiting = nil
	f.mu.Unlock()
	type kind struct{ source, what string }
	alike := map[kind][]event{}
	for _, e := range events {
		alike[kind{e.source, e.what}] = append(alike[kind{e.source, e.what}], e)
	}
	for _, e := range events {
		k := kind{e.source, e.what}
		switch same := alike[k]; {
		case len(same) <= crowd || e.alone:
			f.line(e.at, e.source, e.subject, strings.TrimSpace(e.what+" "+e.detail), e.bad)
		case e.late && same[len(same)-1].subject == e.subject, !e.late && same[0].subject == e.subject:
			f.line(e.at, e.source, fmt.Sprintf("%d of them", len(same)), e.what+" "+faint("("+enumerate(same)+")"), e.bad)
		}
	}
}

func enumerate(same []event) string {
	var out []string
	for _, e := range same {
		out = append(out, strings.TrimSpace(e.subject+" "+e.detail))
	}
	if len(out) > names {
		out = append(out[:names], "…")
	}
	return strings.Join(out, ", ")
}

func (f *feed) line(at time.Time, source, subject, text string, bad bool) {
	if bad {
		text = red(text)
	}
	lead := fmt.Sprintf("%s  %s %-13s ", faint(f.screen.since(at)), sources[source](fmt.Sprintf("%-12s", source)), subject)
	f.screen.hang(lead, text)
}

// close shows the rest and ends the feed.
func (f *feed) close() {
	close(f.done)
	<-f.ended
	f.flush()
}
