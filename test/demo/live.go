package main

import (
	"fmt"
	"time"
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

func (s *screen) animate() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
			s.mu.Lock()
			s.frame++
			s.draw()
			s.mu.Unlock()
		}
	}
}

// draw writes the live line; s.mu is held.
func (s *screen) draw() {
	if !s.terminal || s.what == "" {
		return
	}
	line := []rune(s.what)
	if s.more != nil {
		if more := s.more(); more != "" {
			line = append(line, []rune("  "+more)...)
		}
	}
	// A line that wraps could not be written anew.
	if most := s.width() - 5; len(line) > most {
		line = line[:most]
	}
	fmt.Fprintf(s.out, "\r\033[K  %s %s", cyan(string(spinner[s.frame%len(spinner)])), faint(string(line)))
	s.drawn = true
}

func (s *screen) erase() {
	if s.drawn {
		fmt.Fprint(s.out, "\r\033[K")
		s.drawn = false
	}
}
