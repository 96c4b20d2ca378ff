package balance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func member(machine, zone string, draining bool) Member {
	return Member{Machine: machine, Zone: zone, Addr: netip.MustParseAddr("10.0.0.2"), Draining: draining}
}

func names(all []Member) (out string) {
	for _, m := range all {
		out += m.Machine
	}
	return out
}

func TestWhoIsEligible(t *testing.T) {
	members := []Member{member("a", "x", false), member("b", "x", false), member("c", "y", false), member("d", "x", true)}
	for _, c := range []struct {
		name, zone, healthy, want string
	}{
		{"all that are healthy and stay", "", "abcd", "abc"},
		{"one that is not healthy gets nothing", "", "ac", "ac"},
		{"none is healthy: all that stay", "", "", "abc"},
		{"only one that leaves is healthy: all that stay", "", "d", "abc"},
		{"a front of one zone", "x", "abc", "ab"},
		{"a zone without healthy members", "y", "ab", "c"},
		{"a zone without members", "z", "abc", ""},
	} {
		h := Health{}
		for _, m := range c.healthy {
			h[Key{"s", string(m)}] = true
		}
		b := Balancer{Service: "s", Members: members}
		if got := names(b.Eligible(Front{Zone: c.zone}, h)); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNamesLeadToZonesThatServe(t *testing.T) {
	b := Balancer{Service: "s", Members: []Member{member("a", "x", false), member("b", "y", false)}, Fronts: []Front{{Zone: "x"}, {Zone: "y"}}}
	if got := b.Resolved(Health{{"s", "b"}: true}); len(got) != 1 || got[0].Zone != "y" {
		t.Errorf("one zone is healthy: %v", got)
	}
	if got := b.Resolved(nil); len(got) != 2 {
		t.Errorf("none is: %v", got)
	}
}

func TestWhenConnectionsAreCut(t *testing.T) {
	now := time.Now()
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	with := func(drain time.Duration, cutUnhealthy bool, members ...Member) []Balancer {
		return []Balancer{{Name: "b", Service: "s", Drain: drain, CutUnhealthy: cutUnhealthy, Members: members, Fronts: []Front{{Addr: netip.MustParseAddr("10.0.0.9")}}}}
	}
	a := member("a", "", false)
	up, down := Health{{"s", "a"}: true}, Health{}
	type step struct {
		balancers []Balancer
		health    Health
		at        time.Time
	}
	for _, c := range []struct {
		name  string
		steps []step
		want  string // cuts of each step
	}{
		{"it leaves and drains", []step{
			{with(10*time.Second, false, a), up, at(0)},
			{with(10*time.Second, false), up, at(1)},
			{with(10*time.Second, false), up, at(10)},
			{with(10*time.Second, false), up, at(11)},
			{with(10*time.Second, false), up, at(12)},
		}, "00010"},
		{"it comes back meanwhile", []step{
			{with(10*time.Second, false, a), up, at(0)},
			{with(10*time.Second, false), up, at(1)},
			{with(10*time.Second, false, a), up, at(5)},
			{with(10*time.Second, false, a), up, at(20)},
		}, "0000"},
		{"without draining it is cut at once, with its balancer too", []step{
			{with(0, false, a), up, at(0)},
			{nil, up, at(1)},
		}, "01"},
		{"connections that only their ends end", []step{
			{with(Forever, false, a), up, at(0)},
			{with(Forever, false), up, at(1000)},
		}, "00"},
		{"it is no longer healthy", []step{
			{with(0, true, a), up, at(0)},
			{with(0, true, a), down, at(1)},
			{with(0, true, a), down, at(2)},
		}, "010"},
		{"it is no longer healthy, which ends nothing", []step{
			{with(0, false, a), up, at(0)},
			{with(0, false, a), down, at(1)},
		}, "00"},
	} {
		d, got := &Drainer{}, ""
		for _, s := range c.steps {
			_, cuts := d.Follow(s.balancers, s.health, s.at)
			got += fmt.Sprint(len(cuts))
		}
		if got != c.want {
			t.Errorf("%s: cuts %s, want %s", c.name, got, c.want)
		}
	}
}

func TestWhoDrainsKeepsItsConnections(t *testing.T) {
	b := Balancer{Name: "b", Service: "s", Drain: time.Minute, Members: []Member{member("b", "", false), member("a", "", false)}}
	d, now := &Drainer{}, time.Now()
	d.Follow([]Balancer{b}, nil, now)
	b.Members = b.Members[:1]
	with, _ := d.Follow([]Balancer{b}, nil, now)
	if got := with[0].Members; names(got) != "ab" || !got[0].Draining || got[1].Draining || len(b.Members) != 1 {
		t.Errorf("with those that drain: %v", got)
	}
}

func TestSetsHaveNoOverlaps(t *testing.T) {
	if got := Set(prefixes("10.0.1.0/24", "10.0.0.0/16", "10.1.0.0/16", "10.0.0.0/24")); got != "{ 10.0.0.0/16, 10.1.0.0/16 }" {
		t.Error(got)
	}
}

func TestProbesComeFromEverywhereInTheirRanges(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		a := pick(Sources(true))
		if !slices.ContainsFunc(Sources(true), func(p netip.Prefix) bool { return p.Contains(a) }) {
			t.Fatalf("%s is in none", a)
		}
		seen[strings.SplitN(a.String(), ".", 2)[0]] = true
	}
	if len(seen) != 2 {
		t.Errorf("first octets: %v", seen)
	}
}

func TestThresholds(t *testing.T) {
	var fail atomic.Bool
	p := NewProber(func(context.Context, netip.Addr, netip.AddrPort, int) (net.Conn, error) {
		if fail.Load() {
			return nil, errors.New("refused")
		}
		c, _ := net.Pipe()
		return c, nil
	})
	key := Key{"s", "a"}
	check := Check{Interval: 20 * time.Millisecond, Timeout: time.Second, Healthy: 3, Unhealthy: 3}
	p.Watch(map[Key]Target{key: {Check: check, From: prefixes("35.191.0.0/16")}})
	began := time.Now()
	until := func(want bool) {
		t.Helper()
		for p.Health()[key] != want {
			if time.Since(began) > 5*time.Second {
				t.Fatalf("health never is %v", want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	until(true)
	if took := time.Since(began); took < 2*check.Interval {
		t.Errorf("healthy after %s", took)
	}
	fail.Store(true)
	until(false)
	p.Watch(nil)
	if len(p.Health()) != 0 {
		t.Error("what is not watched has health")
	}
}
