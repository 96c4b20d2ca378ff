package claims

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims/claimstest"
)

func uids(entries []allocator.Allocation) (out []string) {
	for _, e := range entries {
		out = append(out, string(e.NodeUID))
	}
	slices.Sort(out)
	return out
}

func TestAClaimEndsOnlyWhenItsRecordIsDurable(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	if err := l.Claim(t.Context(), entry(1)); err != nil {
		t.Fatal(err)
	}
	s.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
		if verb == "create" && m == claimstest.Before {
			return errors.New("the API server is away")
		}
		return nil
	})
	l.Settle(entry(1))
	l.writeShards(false)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(said(t, s).Claims) != 1 {
		t.Fatal("the claim ended although its record could not be written")
	}
	s.SetHook(nil)
	l.writeShards(true)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(said(t, s).Claims) != 0 {
		t.Error("the claim did not end")
	}
}

func TestWhoPutAPrefixOnIsRemembered(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	e := entry(1)
	e.Adopted = true
	if err := l.Claim(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if got := said(t, s).Claims; len(got) != 1 || !got[0].Adopted {
		t.Errorf("the claim says %+v", got)
	}
	l.Settle(e)
	l.writeShards(false)
	_, records := mustOpen(t, s, "b")
	if len(records.Held) != 1 || records.Held[0] != e {
		t.Errorf("the record says %+v", records.Held)
	}

	// Put back by us on another machine: the record is written anew.
	l, _ = mustOpen(t, s, "c")
	e.Adopted, e.InstanceUID = false, "2"
	l.Settle(e)
	l.writeShards(false)
	_, records = mustOpen(t, s, "d")
	if len(records.Held) != 1 || records.Held[0] != e {
		t.Errorf("the record says %+v", records.Held)
	}
}

func TestOnlyTheReleaseRemembersWhatStays(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	e := entry(1)
	e.Adopted = true
	l.Settle(e)
	l.writeShards(false)
	if err := l.Release(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	l.LeaveOn(e.NodeUID)
	l.writeShards(false)
	l, records := mustOpen(t, s, "b")
	if len(records.Held) != 0 || len(records.Releases) != 1 || records.Releases[0] != e {
		t.Errorf("held %+v, released %+v", records.Held, records.Releases)
	}
	now := time.Now()
	l.Rest("", e.Prefix, now.Add(time.Minute), now)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if records := said(t, s); len(records.Releases) != 0 || len(records.Resting) != 1 {
		t.Errorf("it left its instance: %+v", records)
	}
}

func TestRecordsSurviveARestartUntilTheirPrefixRests(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	const many = 3*shardSize + 7
	for n := range many {
		l.Settle(entry(n))
	}
	l.writeShards(false)
	now := time.Now()
	for n := range 10 {
		l.Rest(entry(n).NodeUID, entry(n).Prefix, now, now)
	}
	l.writeShards(false)
	_, records := mustOpen(t, s, "b")
	var want []allocator.Allocation
	for n := 10; n < many; n++ {
		want = append(want, entry(n))
	}
	if got := uids(records.Held); !slices.Equal(got, uids(want)) {
		t.Errorf("%d records survived, want %d", len(got), len(want))
	}
}

func TestALostReplyOfARecordIsFoundByReading(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	for round := range 3 {
		s.SetHook(func(_ context.Context, verb string, m claimstest.Moment) error {
			if (verb == "create" || verb == "update") && m == claimstest.After {
				s.SetHook(nil)
				return errors.New("the reply was lost")
			}
			return nil
		})
		l.Settle(entry(round))
		l.writeShards(false)
	}
	if got := len(parseHeld(t, s)); got != 3 {
		t.Errorf("%d records, want 3", got)
	}
}

func TestARecordSurvivesAnEditByHand(t *testing.T) {
	t.Parallel()
	s := &claimstest.Store{}
	l, _ := mustOpen(t, s, "a")
	l.Settle(entry(1))
	l.writeShards(false)
	s.Edit(name+"-holdings-0", func(d map[string]string) { d[keyHoldings] = "" })
	l.Settle(entry(2))
	l.writeShards(false) // meets the edit
	l.writeShards(true)  // and overwrites it
	if got := len(parseHeld(t, s)); got != 2 {
		t.Errorf("%d records, want 2", got)
	}
}

func parseHeld(t *testing.T, s *claimstest.Store) []allocator.Allocation {
	t.Helper()
	_, held, err := readHoldings(t.Context(), config(s, "reader"))
	if err != nil {
		t.Fatal(err)
	}
	return held
}
