package gcesim_test

import (
	"context"
	"testing"
	"time"

	rest "google.golang.org/api/compute/v1"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

const update = "instances.updateNetworkInterface"

func TestInjectedErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.addVM("vm")
	w.addVM("other")
	for _, want := range []*gcesim.APIError{
		gcesim.RateLimited(),
		{Status: 429, Reason: "rateLimitExceeded", Message: "slow down"},
		{Status: 503, Reason: "backendError", Message: "try again"},
	} {
		in := w.sim.Inject(gcesim.Fault{Method: update, Resource: "vm", Skip: 1, Count: 1, Error: want})
		for n, struck := range []bool{false, true, false} {
			_, err := w.setAliases("vm")
			if code, reason, _ := failure(err); struck != (code == want.Status && reason == want.Reason) {
				t.Errorf("call %d of %v: %v", n, want, err)
			}
			_, err = w.setAliases("other")
			w.must(err)
		}
		if in.Hits() != 1 {
			t.Errorf("%d hits", in.Hits())
		}
	}
}

func TestProbabilityIsSeeded(t *testing.T) {
	t.Parallel()
	strikes := func() int {
		w := newWorld(t, gcesim.Config{Instant: true, Seed: 7})
		in := w.sim.Inject(gcesim.Fault{Method: "zones.*", Probability: 0.3, Error: gcesim.RateLimited()})
		for range 100 {
			w.rest.Zones.Get(projectID, zone).Do()
		}
		return in.Hits()
	}
	if a, b := strikes(), strikes(); a != b || a < 15 || a > 45 {
		t.Fatalf("%d and %d strikes of 100", a, b)
	}
}

func TestLostReplyHasItsEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.addVM("vm")
	w.sim.Inject(gcesim.Fault{Method: update, Count: 1, LostReply: true})
	if _, err := w.setAliases("vm", alias("10.4.1.0/24")); err == nil {
		t.Fatal("there was a reply")
	} else if code, _, _ := failure(err); code != 0 {
		t.Fatalf("there was a reply: %v", err)
	}
	if vm, _ := w.sim.Instance(projectID, zone, "vm"); len(vm.Interfaces[0].Aliases) != 1 {
		t.Fatal("the change was not made")
	}
	last := w.sim.Calls()[len(w.sim.Calls())-1]
	if last.Method != update || last.Status != 0 || !last.Mutating || last.Resource != "vm" || last.Scope != "zones/"+zone {
		t.Fatalf("logged as %+v", last)
	}
}

func TestHangHasNoEffectWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	vm := w.addVM("vm")
	w.sim.Inject(gcesim.Fault{Method: update, Hang: make(chan struct{})})
	ctx, cancel := context.WithTimeout(w.ctx, 50*time.Millisecond)
	defer cancel()
	_, err := w.rest.Instances.UpdateNetworkInterface(projectID, zone, "vm", "nic0", &rest.NetworkInterface{
		Fingerprint: vm.Interfaces[0].Fingerprint, AliasIpRanges: []*rest.AliasIpRange{alias("10.4.1.0/24")},
	}).Context(ctx).Do()
	if err == nil {
		t.Fatal("it did not hang")
	}
	if vm, _ := w.sim.Instance(projectID, zone, "vm"); len(vm.Interfaces[0].Aliases) != 0 {
		t.Fatal("the change was made")
	}
}

func TestOperationFaults(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock})
	w.addVM("vm")
	w.sim.Inject(gcesim.Fault{Method: update, Count: 1, Slow: time.Hour, OperationError: &gcesim.OperationError{Code: "RESOURCE_OPERATION_RATE_EXCEEDED", Message: "too fast", HTTPStatus: 503}})
	op, err := w.setAliases("vm", alias("10.4.1.0/24"))
	w.must(err)
	clock.Advance(30 * time.Minute)
	if w.sim.PendingOperations() != 1 {
		t.Fatal("the operation was not slow")
	}
	clock.Advance(30 * time.Minute)
	op, err = w.rest.ZoneOperations.Get(projectID, zone, op.Name).Do()
	w.must(err)
	if op.Error == nil || op.Error.Errors[0].Code != "RESOURCE_OPERATION_RATE_EXCEEDED" || op.HttpErrorStatusCode != 503 {
		t.Fatalf("got %+v", op)
	}
	op, err = w.setAliases("vm", alias("10.4.1.0/24"))
	w.must(err)
	if op.Error != nil {
		t.Fatalf("the failed operation kept its range: %+v", op.Error.Errors[0])
	}
}

func TestStaleReads(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock})
	w.addVM("old")
	clock.Advance(time.Minute)
	w.addVM("new")
	w.must(w.sim.SetAliases(projectID, zone, "old", "nic0", gcesim.Alias{Prefix: pfx("10.4.1.0/24"), RangeName: "pods"}))
	names := func() (out []string) {
		l, err := w.rest.Instances.List(projectID, zone).Do()
		w.must(err)
		for _, i := range l.Items {
			out = append(out, i.Name)
		}
		return out
	}
	in := w.sim.Inject(gcesim.Fault{Method: "instances.*", StaleFor: 30 * time.Second})
	if got := names(); len(got) != 1 || got[0] != "old" {
		t.Errorf("30 s ago: %v", got)
	}
	if _, err := w.rest.Instances.Get(projectID, zone, "new").Do(); err == nil {
		t.Error("30 s ago there was no such VM")
	}
	in.Remove()
	in = w.sim.Inject(gcesim.Fault{Method: "instances.get", StaleChanges: 1})
	old, err := w.rest.Instances.Get(projectID, zone, "old").Do()
	w.must(err)
	if len(old.NetworkInterfaces[0].AliasIpRanges) != 0 {
		t.Errorf("one change ago: %v", old.NetworkInterfaces[0])
	}
	in.Remove()
	w.must(w.sim.DeleteInstance(projectID, zone, "old"))
	w.sim.Inject(gcesim.Fault{Method: "instances.list", StaleChanges: 1})
	if got := names(); len(got) != 2 {
		t.Errorf("before the deletion: %v", got)
	}
	w.sim.ClearFaults()
	if got := names(); len(got) != 1 || got[0] != "new" {
		t.Errorf("now: %v", got)
	}
}

func TestHooksRunAroundTheEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.addVM("vm")
	var seen []int
	count := func(gcesim.Call) {
		vm, _ := w.sim.Instance(projectID, zone, "vm")
		seen = append(seen, len(vm.Interfaces[0].Aliases))
	}
	w.sim.Inject(gcesim.Fault{Method: update, Before: count, After: count})
	_, err := w.setAliases("vm", alias("10.4.1.0/24"))
	w.must(err)
	if len(seen) != 2 || seen[0] != 0 || seen[1] != 1 {
		t.Fatalf("alias ranges before and after: %v", seen)
	}
}

func TestCallLogCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Instant: true})
	w.addVM("vm")
	w.sim.ResetCalls()
	_, err := w.setAliases("vm", alias("10.4.1.0/24"))
	w.must(err)
	if n := w.sim.CallCounts(); n["instances.get"] != 1 || n[update] != 1 || w.sim.MutatingCalls() != 1 || len(w.sim.Calls()) != 2 {
		t.Fatalf("got %v", w.sim.Calls())
	}
}

func TestCredentialsAndRateLimit(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, gcesim.Config{Instant: true, Clock: clock, Token: "secret", ReadsPerMinute: 2})
	_, err := w.rest.Zones.Get(projectID, zone).Do()
	if code, _, _ := failure(err); code != 401 {
		t.Fatalf("without a token: %v", err)
	}
	get := func(token string) (code int, reason string) {
		call := w.rest.Zones.Get(projectID, zone)
		call.Header().Set("Authorization", "Bearer "+token)
		_, err := call.Do()
		code, reason, _ = failure(err)
		return code, reason
	}
	if code, reason := get("wrong"); code != 401 || reason != "authError" {
		t.Fatalf("with a wrong token: %d %s", code, reason)
	}
	get("secret")
	get("secret")
	if code, reason := get("secret"); code != 403 || reason != "rateLimitExceeded" {
		t.Fatalf("over the rate: %d %s", code, reason)
	}
	clock.Advance(time.Minute)
	if code, _ := get("secret"); code != 0 {
		t.Fatalf("in the next window: %d", code)
	}
}

func TestServeOnALoopbackPort(t *testing.T) {
	t.Parallel()
	sim := gcesim.New(gcesim.Config{Instant: true, Projects: []string{projectID}})
	url, stop, err := sim.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	s, err := rest.NewService(context.Background(), option.WithEndpoint(url+"/compute/v1/"), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Projects.Get(projectID).Do(); err != nil || p.Name != projectID {
		t.Fatalf("got %v, %v", p, err)
	}
	if _, err := s.Projects.Get("nobody").Do(); err == nil {
		t.Fatal("an unknown project was found")
	}
}
