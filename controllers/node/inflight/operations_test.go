package inflight

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAnOperationThatEndedIsReportedUntilItIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := NewOperations(time.Now, time.Minute)
		if s := o.Of("a"); s != (State{}) {
			t.Errorf("an operation out of nothing: %+v", s)
		}
		var left, ended atomic.Int32
		fails := errors.New("bad luck")
		o.Watch(t.Context(), "a", func(context.Context) error { time.Sleep(2 * slowAfter); return fails },
			func() { left.Add(1) }, func() { ended.Add(1) })
		for range 2 {
			if s := o.Of("a"); !s.UnderWay || s.Ended {
				t.Errorf("under way: %+v", s)
			}
		}
		time.Sleep(slowAfter)
		synctest.Wait()
		if left.Load() != 1 || ended.Load() != 0 {
			t.Errorf("a slow one left its place %d times and ended %d times", left.Load(), ended.Load())
		}
		time.Sleep(slowAfter)
		synctest.Wait()
		if s := o.Of("a"); s.UnderWay || !s.Ended || s.Err != fails || ended.Load() != 1 {
			t.Errorf("ended: %+v", s)
		}
		o.Forget("a")
		if s := o.Of("a"); s != (State{}) {
			t.Errorf("it is forgotten, and there is %+v", s)
		}
	})
}

func TestAnOperationThatDoesNotEndIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := NewOperations(time.Now, time.Minute)
		o.Watch(t.Context(), "a", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, func() {}, func() {})
		time.Sleep(lostAfter)
		synctest.Wait()
		if s := o.Of("a"); !errors.Is(s.Err, context.DeadlineExceeded) {
			t.Errorf("%+v", s)
		}
	})
}

func TestDoubtEndsByItself(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	o := NewOperations(func() time.Time { return now }, time.Minute)
	o.MayAttach("a")
	o.MayDetach("b")
	for _, step := range []struct{ after, want time.Duration }{{0, time.Minute}, {time.Second, 59 * time.Second}, {59 * time.Second, 0}} {
		now = now.Add(step.after)
		a, b := o.Of("a"), o.Of("b")
		if a.MayAttach != step.want || b.MayDetach != step.want || a.MayDetach+b.MayAttach != 0 {
			t.Errorf("at %s: %+v, %+v, want %s", now, a, b, step.want)
		}
	}
	o.MayAttach("c")
	o.Clear("c")
	o.ForgetOld()
	if n := len(o.attaching) + len(o.detaching); n > 0 || o.Of("c").MayAttach > 0 {
		t.Errorf("%d doubts are kept that are over", n)
	}
}
