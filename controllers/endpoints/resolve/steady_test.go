package resolve

import (
	"net/netip"
	"testing"
	"time"
)

func TestAMomentOfNotBeingReadyIsPassedOver(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0)
	at := netip.MustParseAddrPort("10.4.0.7:80")
	type look struct {
		after  time.Duration
		now    string // of the endpoint: ready, unready, terminating or gone
		wanted bool
		again  time.Duration
	}
	for name, looks := range map[string][]look{
		"a flap":                       {{0, "ready", true, 0}, {time.Second, "unready", true, time.Second}, {1030 * time.Millisecond, "ready", true, 0}},
		"not ready for longer":         {{0, "ready", true, 0}, {time.Second, "unready", true, time.Second}, {2 * time.Second, "unready", false, 0}},
		"never ready":                  {{0, "unready", false, 0}},
		"terminating":                  {{0, "ready", true, 0}, {time.Second, "terminating", false, 0}},
		"not ready, then terminating":  {{0, "ready", true, 0}, {time.Second, "unready", true, time.Second}, {1500 * time.Millisecond, "terminating", false, 0}},
		"gone, and back and not ready": {{0, "ready", true, 0}, {time.Second, "gone", false, 0}, {1500 * time.Millisecond, "unready", false, 0}},
	} {
		var s Steady
		for i, l := range looks {
			var list []Endpoint
			if l.now != "gone" {
				list = append(list, Endpoint{AddrPort: at, Ready: l.now == "ready", Serving: true, Terminating: l.now == "terminating"})
			}
			got, again := s.Keep(list, start.Add(l.after), 2*time.Second)
			wanted := len(got) == 1 && got[0].Wanted()
			if wanted != l.wanted || again != l.again {
				t.Errorf("%s: look %d: wanted %t, again %s", name, i, wanted, again)
			}
		}
	}
}

// TestARenamedPortEmptiesNoGroup: the Service has the new name before the slices
// have, and those that never get it are not waited for long.
func TestARenamedPortEmptiesNoGroup(t *testing.T) {
	t.Parallel()
	start, at := time.Unix(1_800_000_000, 0), netip.MustParseAddrPort("10.4.0.7:80")
	var s Steady
	s.Keep([]Endpoint{{AddrPort: at, Ready: true}}, start, time.Second)
	for _, c := range []struct {
		after time.Duration
		stay  int
		again time.Duration
	}{{time.Second, 1, 10 * time.Second}, {5 * time.Second, 1, 6 * time.Second}, {11 * time.Second, 0, 0}, {12 * time.Second, 0, 0}} {
		if got, again := s.Stay(start.Add(c.after), 10*time.Second); len(got) != c.stay || again != c.again {
			t.Errorf("after %s: %v, again %s", c.after, got, again)
		}
	}
	if got, _ := s.Keep([]Endpoint{{AddrPort: at, Ready: true}}, start, time.Second); len(got) != 1 || s.stays != (time.Time{}) {
		t.Errorf("the slices have it: %v", got)
	}
}
