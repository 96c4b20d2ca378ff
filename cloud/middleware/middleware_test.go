package middleware

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/vpcnative/vpcnative/cloud"
)

var (
	readCall   = cloud.Call{Method: "instances.get", Scope: "projects/p/regions/r"}
	changeCall = cloud.Call{Method: "subnetworks.patch", Scope: "projects/p/regions/r", Mutates: true}
)

func succeed(context.Context) error { return nil }

func throttle(context.Context) error { return &cloud.Error{Reason: cloud.Throttled} }

func TestMetricsCountByMethodAndResult(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	hook, err := Metrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	hook(t.Context(), readCall, succeed)
	hook(t.Context(), readCall, succeed)
	if err := hook(t.Context(), changeCall, throttle); !cloud.Is(err, cloud.Throttled) {
		t.Errorf("the hook gave %v, want the call's own error", err)
	}
	want := `
# HELP vpcnative_cloud_calls_total Cloud API calls, by method and result (OK or the error's reason).
# TYPE vpcnative_cloud_calls_total counter
vpcnative_cloud_calls_total{method="instances.get",result="OK"} 2
vpcnative_cloud_calls_total{method="subnetworks.patch",result="Throttled"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "vpcnative_cloud_calls_total"); err != nil {
		t.Error(err)
	}
	if n, _ := testutil.GatherAndCount(registry, "vpcnative_cloud_call_duration_seconds"); n != 2 {
		t.Errorf("%d latency series, want one a method", n)
	}
	if _, err := Metrics(registry); err == nil {
		t.Error("registering twice in one registry passed")
	}
}

func TestDryRunRefusesEveryChange(t *testing.T) {
	t.Parallel()
	hook, called := DryRun(), false
	next := func(context.Context) error { called = true; return nil }
	if err := hook(t.Context(), changeCall, next); !errors.Is(err, ErrDryRun) || called {
		t.Errorf("a change gave %v, made: %v", err, called)
	}
	if err := hook(t.Context(), readCall, next); err != nil || !called {
		t.Errorf("a read gave %v, made: %v", err, called)
	}
}

func newPace(t *testing.T, c PaceConfig) cloud.Hook {
	t.Helper()
	hook, err := Pace(c, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return hook
}

func TestPaceSlowsDownWhenThrottledAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hook := newPace(t, PaceConfig{Max: 100, Min: 20, Every: time.Millisecond})
		many := func(n int, call cloud.Call, next func(context.Context) error) time.Duration {
			start := time.Now()
			for range n {
				_ = hook(t.Context(), call, next)
			}
			return time.Since(start)
		}
		for range 10 {
			many(1, changeCall, throttle)
			time.Sleep(2 * time.Millisecond)
		}
		// At the floor, 20 a second, the burst is 2.
		if took := many(5, changeCall, throttle); took < 100*time.Millisecond || took > 250*time.Millisecond {
			t.Errorf("five calls took %v at the floor of 20 a second", took)
		}
		if took := many(5, readCall, succeed); took > 0 {
			t.Errorf("reads took %v though only changes were throttled", took)
		}
		for range 60 {
			many(1, changeCall, succeed)
			time.Sleep(2 * time.Millisecond)
		}
		if took := many(10, changeCall, succeed); took > 0 {
			t.Errorf("ten calls took %v after the recovery", took)
		}
	})
}

func TestPaceGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hook := newPace(t, PaceConfig{Max: 2, Min: 0.1})
		_ = hook(t.Context(), changeCall, throttle)
		_ = hook(t.Context(), changeCall, succeed) // the burst of one
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		err := hook(ctx, changeCall, func(context.Context) error {
			t.Error("the call was made")
			return nil
		})
		if !cloud.Is(err, cloud.Throttled) {
			t.Errorf("got %v, want Throttled: nothing was sent", err)
		}
	})
}

func BenchmarkHooksIdle(b *testing.B) {
	registry := prometheus.NewRegistry()
	pace, _ := Pace(PaceConfig{}, registry)
	count, _ := Metrics(registry)
	for name, hook := range map[string]cloud.Hook{"metrics": count, "pace": pace, "both": cloud.Chain(pace, count)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				hook(b.Context(), changeCall, succeed)
			}
		})
	}
}
