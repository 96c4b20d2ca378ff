package simulate

import (
	"container/heap"
	"time"
)

// Agenda is what will happen. Nothing runs in the background: whoever has it
// settles what is due before anything else. The zero value is empty; it is not
// safe for concurrent use.
type Agenda struct {
	events events
	count  uint64
}

// At runs do once that time is settled, or now if it has come.
func (a *Agenda) At(now, at time.Time, do func()) {
	if !at.After(now) {
		do()
		return
	}
	a.count++
	heap.Push(&a.events, event{at, a.count, do})
}

// Settle does what has fallen due, in order.
func (a *Agenda) Settle(now time.Time) {
	for len(a.events) > 0 && !a.events[0].at.After(now) {
		heap.Pop(&a.events).(event).do()
	}
}

type event struct {
	at    time.Time
	order uint64
	do    func()
}

type events []event

func (h events) Len() int      { return len(h) }
func (h events) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h events) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].order < h[j].order
	}
	return h[i].at.Before(h[j].at)
}
func (h *events) Push(x any) { *h = append(*h, x.(event)) }
func (h *events) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return last
}
