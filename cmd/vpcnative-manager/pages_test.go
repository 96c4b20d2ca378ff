package main

import (
	"testing"
	"time"
)

func TestATrimComesAfterWork(t *testing.T) {
	const s = time.Second
	for _, c := range []struct {
		name string
		used []time.Duration // processor time, look by look
		want []bool
	}{
		{"after the start", []time.Duration{2 * s, 2*s + s/5, 2*s + 2*s/5}, []bool{false, true, false}},
		{"not while it works", []time.Duration{4 * s, 8 * s, 12 * s, 12*s + s/5}, []bool{false, false, false, true}},
		{"not again for little work", []time.Duration{s, s, 2 * s, 2 * s}, []bool{false, true, false, false}},
		{"again after much work", []time.Duration{s, s, 8 * s, 8 * s, 8 * s}, []bool{false, true, false, true, false}},
		{"after little work that adds up", []time.Duration{s, s, 2 * s, 2 * s, 3 * s, 3 * s}, []bool{false, true, false, false, false, true}},
		{"in the end, where a pause came in the midst of work", []time.Duration{8 * s, 8 * s, 9 * s, 9 * s, 9 * s, 9 * s}, []bool{false, true, false, false, true, false}},
		{"never for next to nothing", []time.Duration{s, s, s + s/5, s + s/5, s + s/5, s + s/5}, []bool{false, true, false, false, false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			trims := newTrimmer()
			for i, used := range c.used {
				if got := trims.due(used); got != c.want[i] {
					t.Errorf("look %d, after %v: %v", i, used, got)
				}
			}
		})
	}
}
