package claims

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
)

// leading opens the ledger of a manager that holds the lease while leads says
// so.
func leading(t *testing.T, s *claimstest.Store, holder string, leads func() error) *Ledger {
	t.Helper()
	c := config(s, holder)
	c.StillLeads = func(context.Context) error { return leads() }
	l, _, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func always() error { return nil }

var forbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, name, errors.New("no rights"))

// A ConfigMap that people deleted is written anew with all that it said, while
// the others go on: claims end, and as many Nodes join as ever.
func TestDeletedConfigMapsAreWrittenAnew(t *testing.T) {
	t.Parallel()
	for _, gone := range []string{name, name + "-holdings-0", name + "-holdings-1"} {
		t.Run(gone, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &claimstest.Store{}
				l := leading(t, s, "a", always)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go l.Run(ctx)
				const many = shardSize + 100
				for n := range many {
					l.Settle(entry(n))
				}
				if err := l.Claim(t.Context(), entry(many)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * shardLinger)
				s.Remove(gone)
				time.Sleep(checkEvery + time.Second) // nothing is written to it
				if s.Data(gone) == nil {
					t.Errorf("%s was not missed", gone)
				}
				s.Remove(gone)
				l.End(entry(1).NodeUID, entry(1).Prefix) // of the first shard
				if err := l.Claim(t.Context(), entry(many+1)); err != nil {
					t.Fatal(err)
				}
				l.Settle(entry(many + 1))
				time.Sleep(10 * shardLinger)
				if got := said(t, s).Claims; len(got) != 1 || got[0] != entry(many) {
					t.Errorf("the claims are %v, want that of the Node which publishes nothing", got)
				}
				if got := len(parseHeld(t, s)); got != many {
					t.Errorf("%d records, want %d", got, many)
				}
			})
		})
	}
}

// Without the main ConfigMap the lease alone says who leads: a manager that
// lost it writes none.
func TestADeletedLedgerIsWrittenAnewByWhoLeadsOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		var lost atomic.Bool
		l := leading(t, s, "a", func() error {
			if lost.Load() {
				return errors.New("another holds the lease")
			}
			return nil
		})
		lost.Store(true)
		s.Remove(name)
		if err := l.Claim(t.Context(), entry(1)); err == nil || s.Data(name) != nil {
			t.Errorf("a manager that leads no more wrote the ledger anew: %v", err)
		}
		mustOpen(t, s, "b")
		lost.Store(false)
		time.Sleep(time.Minute)
		if err := l.Claim(t.Context(), entry(2)); !errors.Is(err, ErrFenced) {
			t.Errorf("the earlier leader claimed: %v", err)
		}
	})
}

// Who waits is told what came back and what to do, new claims are refused at
// once, tries come ever later, and when it is mended all goes on by itself.
func TestARefusedWriteIsToldAndTriedEverLater(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		refuse func(*claimstest.Store)
		mend   func(*claimstest.Store)
		within time.Duration
		remedy string
	}{
		"no rights": {
			func(s *claimstest.Store) { s.SetHook(on("update", claimstest.Before, 1<<30, forbidden)) },
			func(s *claimstest.Store) { s.SetHook(nil) }, time.Second, "rbac.yaml"},
		"immutable": {
			func(s *claimstest.Store) { s.Freeze(name) },
			func(s *claimstest.Store) { s.Remove(name) }, time.Second, "delete it"},
		"a webhook that is away": {
			func(s *claimstest.Store) { s.SetHook(on("update", claimstest.Before, 1<<30, errBroken)) },
			func(s *claimstest.Store) { s.SetHook(nil) }, 2 * patience, "webhooks"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &claimstest.Store{}
				l := leading(t, s, "a", always)
				c.refuse(s)
				defer s.SetHook(nil)
				began := time.Now()
				err := l.Claim(t.Context(), entry(1))
				blocked, is := errors.AsType[*BlockedError](err)
				if !is || blocked.ConfigMap != name || !strings.Contains(err.Error(), c.remedy) || time.Since(began) > c.within {
					t.Fatalf("after %v: %v", time.Since(began), err)
				}
				if got := l.Blocked(); len(got) != 1 || got[0].Error() != err.Error() {
					t.Errorf("it says that it is blocked by %v", got)
				}
				began = time.Now()
				if err := l.Claim(t.Context(), entry(2)); err == nil || time.Since(began) > 0 {
					t.Errorf("a later claim: %v, after %v", err, time.Since(began))
				}
				before := s.Calls()
				time.Sleep(10 * time.Minute)
				if got := s.Calls() - before; got > 200 {
					t.Errorf("%d calls in ten minutes", got)
				}
				c.mend(s)
				time.Sleep(20 * time.Second)
				if err := l.Claim(t.Context(), entry(2)); err != nil || len(l.Blocked()) > 0 {
					t.Errorf("once mended: %v, blocked by %v", err, l.Blocked())
				}
				if got := said(t, s).Claims; len(got) != 2 {
					t.Errorf("the ledger has %v", got)
				}
			})
		})
	}
}

// One shard that is refused is told of, and keeps nothing of the others from
// being written.
func TestARefusedShardHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &claimstest.Store{}
		l := leading(t, s, "a", always)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go l.Run(ctx)
		for n := range shardSize {
			l.Settle(entry(n))
		}
		time.Sleep(2 * shardLinger)
		s.Freeze(name + "-holdings-0")
		l.End(entry(0).NodeUID, entry(0).Prefix)
		if err := l.Claim(t.Context(), entry(shardSize)); err != nil {
			t.Fatal(err)
		}
		l.Settle(entry(shardSize))
		time.Sleep(time.Minute)
		if got := said(t, s).Claims; len(got) > 0 {
			t.Errorf("claims that did not end: %v", got)
		}
		if got := l.Blocked(); len(got) != 1 || got[0].ConfigMap != name+"-holdings-0" {
			t.Errorf("blocked by %v", got)
		}
	})
}

// What a later release wrote is neither read nor written over.
func TestALaterFormatIsRefused(t *testing.T) {
	t.Parallel()
	for _, newer := range []string{name, name + "-holdings-0"} {
		t.Run(newer, func(t *testing.T) {
			t.Parallel()
			s := &claimstest.Store{}
			l, _ := mustOpen(t, s, "a")
			l.Settle(entry(1))
			l.writeShards(false)
			if got := s.Data(newer)[keyFormat]; got != fmt.Sprint(formatFirst) {
				t.Errorf("%s is said to be in format %q", newer, got)
			}
			s.Edit(newer, func(d map[string]string) { d[keyFormat] = fmt.Sprint(format + 1) })
			before := s.Data(newer)
			_, _, err := Open(t.Context(), config(s, "b"))
			if _, is := errors.AsType[*FormatError](err); !is || !strings.Contains(err.Error(), newer) {
				t.Errorf("opened: %v", err)
			}
			if !maps.Equal(before, s.Data(newer)) {
				t.Errorf("%s was written over", newer)
			}
		})
	}
}
