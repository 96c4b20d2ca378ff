package gcp

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Operations come in waves, as those of many Nodes do that wait for their
// turn. After the first ones, each is seen to be done soon after it is, and
// with fewer looks than by their age alone.
func TestPaceOfWaves(t *testing.T) {
	const each, spread = 64, 150 * time.Millisecond
	for _, c := range []struct {
		name  string
		waves []time.Duration // what the operations of each take
		late  time.Duration   // how late those of the last wave are seen, in the mean
		looks int             // a wave, in the mean
	}{
		{"all as long", repeat(2*time.Second, 8), 20 * time.Millisecond, 20},
		{"slow ones", repeat(8*time.Second, 8), 60 * time.Millisecond, 20},
		{"faster than before", append(repeat(6*time.Second, 4), repeat(2*time.Second, 4)...), 40 * time.Millisecond, 25},
		{"slower than before", append(repeat(2*time.Second, 4), repeat(6*time.Second, 4)...), 160 * time.Millisecond, 35},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ends := &ends{}
				f := &fakeAPI{onOperation: ends.get, onOperations: ends.list}
				v := newFake(t, f)
				v.PollMin, v.PollMax = 100*time.Millisecond, 5*time.Second
				var late time.Duration
				for n, takes := range c.waves {
					late = 0
					var mu sync.Mutex
					var all sync.WaitGroup
					for i := range each {
						time.Sleep(spread / each)
						name, end := fmt.Sprintf("op-%d-%d", n, i), time.Now().Add(takes)
						ends.add(name, end)
						all.Go(func() {
							if _, err := v.ops.wait(t.Context(), testScope, name, subject{}); err != nil {
								t.Error(err)
							}
							mu.Lock()
							late += time.Since(end) / each
							mu.Unlock()
						})
					}
					all.Wait()
				}
				if late > c.late {
					t.Errorf("an operation of the last wave was seen %v late, in the mean", late)
				}
				if n := (f.counted("operations") + f.counted("operation")) / len(c.waves); n > c.looks {
					t.Errorf("%d looks a wave", n)
				}
			})
		})
	}
}

// An operation that takes far less than those before is seen soon all the same.
func TestPaceOfOneThatIsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends := &ends{}
		f := &fakeAPI{onOperation: ends.get, onOperations: ends.list}
		v := newFake(t, f)
		v.PollMin, v.PollMax = 100*time.Millisecond, 5*time.Second
		for i, takes := range []time.Duration{time.Minute, time.Minute, 2 * time.Second, time.Second, time.Minute, time.Second} {
			name, end := fmt.Sprint("op-", i), time.Now().Add(takes)
			ends.add(name, end)
			if _, err := v.ops.wait(t.Context(), testScope, name, subject{}); err != nil {
				t.Fatal(err)
			}
			if late := time.Since(end); late > takes {
				t.Errorf("operation %d took %v and was seen %v late", i, takes, late)
			}
		}
	})
}

// A steady flow of operations costs no more looks than it did before anything
// was known of them: one for each twentieth of their time.
func TestPaceOfASteadyFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const takes, flow = 2 * time.Second, 30 * time.Second
		ends := &ends{}
		f := &fakeAPI{onOperation: ends.get, onOperations: ends.list}
		v := newFake(t, f)
		v.PollMin, v.PollMax = 100*time.Millisecond, 5*time.Second
		var all sync.WaitGroup
		for i := range 1000 {
			time.Sleep(flow / 1000)
			name, end := fmt.Sprint("op-", i), time.Now().Add(takes)
			ends.add(name, end)
			all.Go(func() {
				if _, err := v.ops.wait(t.Context(), testScope, name, subject{}); err != nil {
					t.Error(err)
				}
				if late := time.Since(end); late > 300*time.Millisecond {
					t.Errorf("%s was seen %v late", name, late)
				}
			})
		}
		all.Wait()
		if n, most := f.counted("operations")+f.counted("operation"), int((flow+takes)/(takes/lateness))+spared; n > most {
			t.Errorf("%d looks, at most %d were due", n, most)
		}
	})
}

func repeat(d time.Duration, n int) (all []time.Duration) {
	for range n {
		all = append(all, d)
	}
	return all
}

// ends are when operations are done.
type ends struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (e *ends) add(name string, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.at == nil {
		e.at = map[string]time.Time{}
	}
	e.at[name] = at
}

func (e *ends) get(name string) (operation, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return operation{name: name, done: !time.Now().Before(e.at[name])}, nil
}

func (e *ends) list(int64, string) (p page[operation], _ error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for name, at := range e.at {
		p.items = append(p.items, operation{name: name, done: !time.Now().Before(at)})
	}
	return p, nil
}
