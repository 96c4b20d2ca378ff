package invariants

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

func TestAHistoryTellsWhatWasWrongAtAMoment(t *testing.T) {
	type seen struct {
		kind                watch.EventType
		uid, name, cidr, of string
		at                  time.Duration
	}
	const added, modified, deleted = watch.Added, watch.Modified, watch.Deleted
	for name, c := range map[string]struct {
		events []seen
		want   string
	}{
		"apart":                   {[]seen{{added, "1", "a", "10.0.0.0/24", "x", 0}, {added, "2", "b", "10.0.1.0/24", "y", 0}}, ""},
		"said again":              {[]seen{{added, "1", "a", "10.0.0.0/24", "x", 0}, {modified, "1", "a", "10.0.0.0/24", "x", 0}}, ""},
		"two clusters overlap":    {[]seen{{added, "1", "a", "10.0.0.0/24", "x", 0}, {added, "2", "b", "10.0.0.0/28", "y", 0}}, "I1: node b of cluster y publishes 10.0.0.0/28 while node a of cluster x"},
		"a range changes":         {[]seen{{added, "1", "a", "10.0.0.0/24", "x", 0}, {modified, "1", "a", "10.0.1.0/24", "x", 0}}, "I2"},
		"back too soon":           {[]seen{{added, "1", "a", "10.0.0.0/24", "x", 0}, {deleted, "1", "a", "", "x", 0}, {added, "2", "b", "10.0.0.0/24", "x", time.Second}}, "I3: node b"},
		"back when it has rested": {[]seen{{added, "1", "a", "10.0.0.0/24", "x", 0}, {deleted, "1", "a", "", "x", 0}, {added, "2", "b", "10.0.0.0/24", "x", 2 * time.Second}}, ""},
		"inherited":               {[]seen{{added, "1", "a", "10.0.0.0/24", "x", 0}, {deleted, "1", "a", "", "x", 0}, {added, "2", "a", "10.0.0.0/24", "x", 0}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var bad []string
			h := &History{Rest: 2 * time.Second, Bad: func(err error) { bad = append(bad, err.Error()) }}
			start := time.Now()
			for _, e := range c.events {
				n := node(e.name, e.cidr)
				n.UID = types.UID(e.uid)
				h.saw(e.kind, e.of, &n, start.Add(e.at))
			}
			if got := strings.Join(bad, "; "); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
