package release

import (
	"net/netip"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// A reading that began before a prefix rested may have seen it where it was
// until then; one that began after must not, and then it does not rest.
func TestOnlyALaterReadingSpeaksAgainstARest(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	p := netip.MustParsePrefix("10.0.0.0/24")
	of := func(instance, uid string) allocator.Allocation {
		return allocator.Allocation{Holder: allocator.Holder{Instance: instance}, Prefix: p, InstanceUID: uid}
	}
	for name, x := range map[string]struct {
		began   time.Duration // after the rest
		shown   []allocator.Allocation
		adopted bool
		wrong   bool
		kept    bool // another reading may still tell
	}{
		"a later one":                 {began: time.Second, shown: []allocator.Allocation{of("vm", "1")}, wrong: true},
		"an earlier one":              {began: -time.Second, shown: []allocator.Allocation{of("vm", "1")}, kept: true},
		"another machine's":           {began: time.Second, shown: []allocator.Allocation{of("other", "1")}, kept: true},
		"a machine made anew":         {began: time.Second, shown: []allocator.Allocation{of("vm", "2")}, kept: true},
		"what was adopted":            {began: time.Second, shown: []allocator.Allocation{of("vm", "1")}, adopted: true, kept: true},
		"one that may be old":         {began: 4 * time.Second, kept: true},
		"one that does not show it":   {began: 6 * time.Second},
		"one that shows it, and late": {began: time.Hour, shown: []allocator.Allocation{of("vm", "1")}, wrong: true},
	} {
		now := noon
		r := New(5*time.Second, func() time.Time { return now })
		r.EndInRest(allocator.Allocation{Holder: allocator.Holder{NodeUID: "u", Instance: "vm"}, Prefix: p, InstanceUID: "1", Adopted: x.adopted})
		got := r.Mistaken(x.shown, noon.Add(x.began))
		if (len(got) == 1) != x.wrong || (len(r.over) == 1) != x.kept {
			t.Errorf("%s: wrong are %v, and %d are kept", name, got, len(r.over))
		}
	}
}
