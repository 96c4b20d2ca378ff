package claims

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
)

const name = "claims"

func config(s *claimstest.Store, holder string) Config {
	return Config{ConfigMaps: s, Name: name, Holder: holder, Log: logr.Discard()}
}

func mustOpen(t *testing.T, s *claimstest.Store, holder string) (*Ledger, Records) {
	t.Helper()
	l, b, err := Open(t.Context(), config(s, holder))
	if err != nil {
		t.Fatal(err)
	}
	return l, b
}

// said is what the next leader would read.
func said(t *testing.T, s *claimstest.Store) Records {
	t.Helper()
	b, err := parse(s.Data(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var errBroken = apierrors.NewInternalError(errors.New("etcd is on fire"))

// on returns a hook that fails n calls of a verb at a moment.
func on(verb string, m claimstest.Moment, n int32, err error) claimstest.Hook {
	var left atomic.Int32
	left.Store(n)
	return func(_ context.Context, v string, at claimstest.Moment) error {
		if v == verb && at == m && left.Add(-1) >= 0 {
			return err
		}
		return nil
	}
}

// hang returns a hook in which one call of a verb hangs until its context ends.
func hang(verb string, m claimstest.Moment) claimstest.Hook {
	var done atomic.Bool
	return func(ctx context.Context, v string, at claimstest.Moment) error {
		if v != verb || at != m || done.Swap(true) {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	}
}

// claimed claims as a Node does: for as long as the ledger is blocked, it comes
// again.
func claimed(ctx context.Context, l *Ledger, e allocator.Allocation) error {
	for {
		err := l.Claim(ctx, e)
		if _, blocked := errors.AsType[*BlockedError](err); !blocked {
			return err
		}
		time.Sleep(time.Second)
	}
}

func TestABurstCostsFewWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		l, _ := mustOpen(t, s, "a")
		before := s.Writes()
		s.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
			if verb == "update" && m == claimstest.Before {
				time.Sleep(time.Second)
			}
			return nil
		})
		const many = 500
		var wg sync.WaitGroup
		for n := range many {
			wg.Go(func() {
				if err := l.Claim(t.Context(), entry(n)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if w := s.Writes() - before; w > 2 {
			t.Errorf("%d claims cost %d writes", many, w)
		}
		if got := len(said(t, s).Claims); got != many {
			t.Errorf("the ledger has %d claims, want %d", got, many)
		}
	})
}

// On a busy API server, a write is followed by as long a pause, in which further
// claims gather.
func TestWritesLeaveTheServerRoom(t *testing.T) {
	t.Parallel()
	const write = 50 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		l, _ := mustOpen(t, s, "a")
		s.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
			if verb == "update" && m == claimstest.Before {
				time.Sleep(write)
			}
			return nil
		})
		began := time.Now()
		for n := range 4 {
			claimTogether(t, l, n*10, 10)
		}
		if took, want := time.Since(began), 4*write+3*write; took != want {
			t.Errorf("4 times 10 claims took %v, want %v", took, want)
		}
	})
}

// claimTogether makes n claims that go out in one write.
func claimTogether(t *testing.T, l *Ledger, from, n int) {
	t.Helper()
	l.mu.Lock()
	l.writing = true // until all wait
	l.mu.Unlock()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := l.Claim(t.Context(), entry(from+i)); err != nil {
				t.Error(err)
			}
		})
	}
	synctest.Wait()
	go l.writeAll()
	all.Wait()
	synctest.Wait()
}

func TestAClaimIsDurableWhenItReturns(t *testing.T) {
	t.Parallel()
	for fault, hook := range map[string]claimstest.Hook{
		"none":                      nil,
		"refused":                   on("update", claimstest.Before, 1, errBroken),
		"refused for long":          on("update", claimstest.Before, 50, errBroken),
		"reply lost":                on("update", claimstest.After, 1, errBroken),
		"reply lost, again":         on("update", claimstest.After, 3, errBroken),
		"hangs and is not made":     hang("update", claimstest.Before),
		"hangs and is made":         hang("update", claimstest.After),
		"cannot be read back":       both(on("update", claimstest.After, 1, errBroken), on("get", claimstest.Before, 3, errBroken)),
		"reading back hangs":        both(on("update", claimstest.After, 1, errBroken), hang("get", claimstest.Before)),
		"a conflict out of the air": on("update", claimstest.Before, 2, apierrors.NewConflict(schema.GroupResource{}, name, errBroken)),
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &claimstest.Store{}
				l, _ := mustOpen(t, s, "a")
				s.SetHook(hook)
				for n := range 3 {
					if err := claimed(t.Context(), l, entry(n)); err != nil {
						t.Fatal(err)
					}
					if got := said(t, s).Claims; len(got) != n+1 || got[n] != entry(n) {
						t.Fatalf("after %d claims the ledger has %v", n+1, got)
					}
				}
			})
		})
	}
}

func both(hooks ...claimstest.Hook) claimstest.Hook {
	return func(ctx context.Context, verb string, m claimstest.Moment) error {
		for _, h := range hooks {
			if err := h(ctx, verb, m); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestAReplacedLeaderCannotClaim(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(*claimstest.Store){
		"the ledger as it was":          func(*claimstest.Store) {},
		"the ledger deleted in between": func(s *claimstest.Store) { s.Remove("claims") },
		"its epoch edited in between":   func(s *claimstest.Store) { s.Edit("claims", func(d map[string]string) { d[keyEpoch] = "0" }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &claimstest.Store{}
			a, _ := mustOpen(t, s, "a")
			if err := a.Claim(t.Context(), entry(1)); err != nil {
				t.Fatal(err)
			}
			between(s)
			b, _ := mustOpen(t, s, "b")
			if err := a.Confirm(t.Context()); !errors.Is(err, ErrFenced) {
				t.Errorf("the earlier leader confirms itself: %v", err)
			}
			if err := a.Claim(t.Context(), entry(2)); !errors.Is(err, ErrFenced) {
				t.Errorf("the earlier leader claimed: %v", err)
			}
			for what, err := range map[string]error{
				"claim": a.Claim(t.Context(), entry(3)), "release": a.Release(t.Context(), entry(3)), "flush": a.Flush(t.Context()),
			} {
				if !errors.Is(err, ErrFenced) {
					t.Errorf("%s, once fenced: %v", what, err)
				}
			}
			if err := b.Claim(t.Context(), entry(4)); err != nil {
				t.Errorf("the later leader cannot claim: %v", err)
			}
			if err := b.Confirm(t.Context()); err != nil {
				t.Errorf("the later leader does not confirm itself: %v", err)
			}
			for _, e := range said(t, s).Claims {
				if e == entry(2) || e == entry(3) {
					t.Errorf("the earlier leader wrote %v", e)
				}
			}
		})
	}
}

func TestWhoWaitsWhenItIsFencedIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		a, _ := mustOpen(t, s, "a")
		s.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
			if verb == "update" && m == claimstest.Before {
				time.Sleep(time.Second)
			}
			return nil
		})
		errs := make(chan error, 2)
		go func() { errs <- a.Claim(t.Context(), entry(1)) }()
		time.Sleep(time.Millisecond)
		go func() { errs <- a.Claim(t.Context(), entry(2)) }()
		time.Sleep(time.Millisecond)
		s.Edit(name, func(d map[string]string) { d[keyEpoch], d[keyHolder] = "7", "b" })
		for range 2 {
			if err := <-errs; !errors.Is(err, ErrFenced) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestOpenTakesOverWhatWasPromised(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	a, first := mustOpen(t, s, "a")
	if len(first.Claims)+len(first.Releases)+len(first.Resting) > 0 {
		t.Errorf("a new ledger says %v", first)
	}
	now := time.Unix(1_000_000, 0).UTC()
	for _, err := range []error{a.Claim(t.Context(), entry(1)), a.Claim(t.Context(), entry(2)), a.Release(t.Context(), entry(2)), a.Release(t.Context(), entry(3))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	a.Rest(entry(3).NodeUID, entry(3).Prefix, now.Add(restGrain), now)
	if err := a.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	peeked, err := Peek(t.Context(), config(s, "x"))
	if err != nil {
		t.Fatal(err)
	}
	_, got := mustOpen(t, s, "b")
	for who, records := range map[string]Records{"open": got, "peek": peeked} {
		want := Records{Claims: []allocator.Allocation{entry(1)}, Releases: []allocator.Allocation{entry(2)}, Resting: []allocator.Resting{{Prefix: entry(3).Prefix, Until: now.Add(restGrain)}}}
		if fmt.Sprint(records) != fmt.Sprint(want) {
			t.Errorf("%s says\n%v, want\n%v", who, records, want)
		}
	}
	if again := said(t, s); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("taking over lost something: %v", again)
	}
}

func TestOpenWinsAgainstAWriterOrSaysWhy(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	mustOpen(t, s, "a")
	edits := 0
	s.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
		if verb == "update" && m == claimstest.Before && edits < 5 {
			edits++
			s.Edit(name, func(d map[string]string) { d["x"] = fmt.Sprint(edits) })
		}
		return nil
	})
	mustOpen(t, s, "b")
	edits = -1000
	if _, _, err := Open(t.Context(), config(s, "c")); err == nil || !strings.Contains(err.Error(), "second") {
		t.Errorf("against an endless writer: %v", err)
	}
	s.SetHook(nil)
	s.Edit(name, func(d map[string]string) { d[keyClaims] = "garbage" })
	if _, _, err := Open(t.Context(), config(s, "d")); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("over garbage: %v", err)
	}
	if _, err := Peek(t.Context(), config(s, "d")); err == nil {
		t.Error("peeked at garbage")
	}
}

func TestLazyChangesAreWrittenAfterAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		l, _ := mustOpen(t, s, "a")
		const many = 50
		for n := range many {
			if err := l.Claim(t.Context(), entry(n)); err != nil {
				t.Fatal(err)
			}
		}
		before := s.Writes()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go l.Run(ctx)
		for n := range many {
			l.Settle(entry(n))
			l.Settle(entry(n))
		}
		if got := s.Writes() - before; got > 0 {
			t.Errorf("%d writes at once", got)
		}
		time.Sleep(shardLinger + linger + time.Millisecond)
		synctest.Wait()
		if got := s.Writes() - before; got != 2 || len(said(t, s).Claims) > 0 {
			t.Errorf("after the linger: %d writes, want one of the records and one of the claims; %d claims left", got, len(said(t, s).Claims))
		}
		time.Sleep(10 * linger)
		synctest.Wait()
		if got := s.Writes() - before; got != 2 {
			t.Errorf("%d writes with nothing to say", got)
		}
	})
}

func TestEditsAroundTheLedgerAreOverwritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		l, _ := mustOpen(t, s, "a")
		if err := l.Claim(t.Context(), entry(1)); err != nil {
			t.Fatal(err)
		}
		s.Edit(name, func(d map[string]string) { d[keyClaims] = "" })
		if err := l.Claim(t.Context(), entry(2)); err != nil {
			t.Fatal(err)
		}
		if got := said(t, s).Claims; len(got) != 2 {
			t.Errorf("the ledger has %v", got)
		}
		// The same, while the reply of our own write was lost.
		s.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
			if verb != "update" || m != claimstest.After {
				return nil
			}
			s.SetHook(nil)
			s.Edit(name, func(d map[string]string) { d[keyClaims] = "" })
			return errBroken
		})
		if err := l.Claim(t.Context(), entry(3)); err != nil {
			t.Fatal(err)
		}
		if got := said(t, s).Claims; len(got) != 3 {
			t.Errorf("after a lost reply the ledger has %v", got)
		}
	})
}

func TestADeletedLedgerStopsTheLeader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		l, _ := mustOpen(t, s, "a")
		s.Remove(name)
		if err := l.Claim(t.Context(), entry(1)); !errors.Is(err, ErrFenced) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAFullLedgerRefusesAndGoesOn(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	var wg sync.WaitGroup
	var full, ok atomic.Int32
	for n := range 6000 {
		wg.Go(func() {
			switch err := l.Claim(t.Context(), entry(n)); {
			case errors.Is(err, ErrFull):
				full.Add(1)
			case err != nil:
				t.Error(err)
			default:
				ok.Add(1)
			}
		})
	}
	wg.Wait()
	got := said(t, s).Claims
	if full.Load() == 0 || len(got) != int(ok.Load()) {
		t.Fatalf("%d claims, %d promised, %d refused", len(got), ok.Load(), full.Load())
	}
	if err := l.Release(t.Context(), entry(7000)); err != nil {
		t.Errorf("a release finds no room: %v", err)
	}
	for _, e := range got {
		l.Settle(e)
	}
	l.writeShards(false)
	if err := l.Claim(t.Context(), entry(8000)); err != nil {
		t.Errorf("it does not go on: %v", err)
	}
}

// TestManyLeadersNeverLoseAPromise has managers take over from one another
// while faults are about; whatever was promised is there until it is ended.
func TestManyLeadersNeverLoseAPromise(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 3))
			var mu sync.Mutex
			s := &claimstest.Store{}
			leader, _ := mustOpen(t, s, "m0")
			s.SetHook(func(ctx context.Context, _ string, _ claimstest.Moment) error {
				mu.Lock()
				dice := rnd.IntN(20)
				mu.Unlock()
				switch {
				case dice == 0:
					<-ctx.Done()
					return ctx.Err()
				case dice < 5:
					return errBroken
				}
				return nil
			})
			old := []*Ledger{leader}
			promised := map[int]bool{}
			for n := range 60 {
				mu.Lock()
				dice := rnd.IntN(8)
				mu.Unlock()
				if dice == 0 {
					for {
						ctx, cancel := context.WithTimeout(t.Context(), writeTimeout)
						l, records, err := Open(ctx, config(s, fmt.Sprintf("m%d", n)))
						cancel()
						if err != nil {
							continue
						}
						if len(records.Claims) < len(promised) {
							t.Fatalf("seed %d: %d were promised, the new leader reads %d", seed, len(promised), len(records.Claims))
						}
						leader, old = l, append(old, l)
						break
					}
				}
				for _, l := range old[max(0, len(old)-3):] {
					if err := claimed(t.Context(), l, entry(n)); err == nil {
						if l != leader {
							t.Fatalf("seed %d: a replaced leader claimed", seed)
						}
						promised[n] = true
					} else if !errors.Is(err, ErrFenced) {
						t.Fatal(err)
					}
				}
			}
			s.SetHook(nil)
			have := map[allocator.Allocation]bool{}
			for _, e := range said(t, s).Claims {
				have[e] = true
			}
			for n := range promised {
				if !have[entry(n)] {
					t.Errorf("seed %d: the promise of %v is lost", seed, entry(n))
				}
			}
		})
	}
}
