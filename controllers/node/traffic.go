package node

import (
	"sync"
	"time"
)

// traffic counts the writes of one kind that are under way.
type traffic struct {
	mu   sync.Mutex
	now  int
	last time.Time // when the last one ended
}

func (t *traffic) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now++
}

func (t *traffic) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.now--
	t.last = time.Now()
}

// quietSince gives for how long none has been under way; zero while one is.
func (t *traffic) quietSince(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now > 0 {
		return 0
	}
	return now.Sub(t.last)
}
