package gcp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

const testScope = scope("projects/p1/zones/r1-a")

func finished(name string) operation { return operation{name: name, done: true} }

func TestPollerEndsWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails when a goroutine is left
		start := time.Now()
		f := &fakeAPI{onOperation: func(name string) (operation, error) {
			if time.Since(start) > time.Second {
				return finished(name), nil
			}
			return operation{name: name}, nil
		}}
		v := newFake(t, f)
		for range 3 {
			if _, err := v.ops.wait(t.Context(), testScope, "op", subject{}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		v.ops.mu.Lock()
		defer v.ops.mu.Unlock()
		if len(v.ops.scopes) != 0 {
			t.Errorf("%d watches are left", len(v.ops.scopes))
		}
	})
}

func TestCloseEndsAllWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAPI{onOperation: func(name string) (operation, error) { return operation{name: name}, nil }}
		v := newFake(t, f)
		var all sync.WaitGroup
		for n := range 2 {
			all.Go(func() {
				_, err := v.ops.wait(context.Background(), testScope, fmt.Sprint("op", n), subject{})
				if !cloud.Is(err, cloud.OutcomeUnknown) || !errors.Is(err, errClosed) {
					t.Errorf("got %v", err)
				}
			})
		}
		time.Sleep(time.Second)
		v.ops.close()
		all.Wait()
	})
}

// A stuck operation is looked at ever more seldom, and those that come later
// are not looked at more seldom because of it.
func TestStuckOperationHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAPI{onOperation: func(name string) (operation, error) {
			return operation{name: name, done: name != "stuck"}, nil
		}}
		v := newFake(t, f)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var stuck sync.WaitGroup
		stuck.Go(func() {
			if _, err := v.ops.wait(ctx, testScope, "stuck", subject{}); !cloud.Is(err, cloud.OutcomeUnknown) {
				t.Errorf("the stuck one gave %v", err)
			}
		})
		time.Sleep(30 * time.Second)
		before := f.counted("operation")
		time.Sleep(10 * time.Second)
		if n := f.counted("operation") - before; n > 201 {
			t.Errorf("%d looks in 10 s at an operation that is half a minute old", n)
		}
		start := time.Now()
		if _, err := v.ops.wait(ctx, testScope, "young", subject{}); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took > 10*time.Millisecond {
			t.Errorf("the young one was seen after %v", took)
		}
		stuck.Wait()
	})
}

func TestForgottenOperationIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAPI{onOperation: func(string) (operation, error) { return operation{}, reply(404, "notFound", "gone") }}
		v := newFake(t, f)
		start := time.Now()
		_, err := v.ops.wait(t.Context(), testScope, "op", subject{"attach", "vm"})
		if !cloud.Is(err, cloud.OutcomeUnknown) || time.Since(start) < notYetShown {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestRefusedPollIsNoRefusedChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeAPI{onOperation: func(string) (operation, error) { return operation{}, reply(403, "forbidden", "no") }}
		v := newFake(t, f)
		_, err := v.ops.wait(t.Context(), testScope, "op", subject{"attach", "vm"})
		if !cloud.Is(err, cloud.OutcomeUnknown) {
			t.Errorf("got %v: the change may have been made all the same", err)
		}
	})
}

// Three hundred operations among others: the list finds those near its top,
// and names find the one that lies deep.
func TestListFindsManyAndNamesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 300
		f := &fakeAPI{
			onOperation: func(name string) (operation, error) { return finished(name), nil },
			onOperations: func(max int64, token string) (page[operation], error) {
				var p page[operation]
				for i := range n - 1 { // the last is in no list
					p.items = append(p.items, finished(fmt.Sprint("op", i)))
				}
				return p, nil
			},
		}
		v := newFake(t, f)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				if _, err := v.ops.wait(t.Context(), testScope, fmt.Sprint("op", i), subject{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if lists, gets := f.counted("operations"), f.counted("operation"); lists != 1 || gets != 1 {
			t.Errorf("%d lists and %d single reads", lists, gets)
		}
	})
}
