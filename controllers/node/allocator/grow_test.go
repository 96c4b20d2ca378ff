package allocator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// grown is the allocator of a range of /24 in which instance i-a, which has no
// Node that holds anything yet, carries two /28s.
func grown(t *testing.T, d Definition, w World) *Allocator {
	t.Helper()
	b := New(Config{Quarantine: rest})
	d.Key = key
	if len(d.Ranges) == 0 {
		d.Ranges = []Range{{Name: "r", Prefix: prefixes("10.0.0.0/24")[0]}}
	}
	for _, p := range carried {
		w.Attached = append(w.Attached, Allocation{Holder: Holder{Instance: "i-a"}, Prefix: p})
	}
	w.Began = start
	if got := b.Rebuild([]Definition{d}, w, start); len(got.Collisions) > 0 {
		t.Fatal(got.Collisions)
	}
	return b
}

var (
	carried = prefixes("10.0.0.16/28", "10.0.0.64/28")
	block   = prefixes("10.0.0.0/25")[0]
)

func TestABlockIsGivenAroundWhatIsCarriedWhereItIsFree(t *testing.T) {
	t.Parallel()
	by := func(instance, p string) World {
		return World{Attached: []Allocation{{Holder: Holder{Instance: instance}, Prefix: prefixes(p)[0]}}}
	}
	for name, c := range map[string]struct {
		d           Definition
		w           World
		before, why string
	}{
		"it is free":                {},
		"it is free around":         {w: by("i-b", "10.0.0.128/28")},
		"its own takes more":        {w: by("i-a", "10.0.0.112/28"), before: "10.0.0.16/28 10.0.0.64/28 10.0.0.112/28"},
		"another instance":          {w: by("i-b", "10.0.0.32/28"), why: "10.0.0.32/28, which instance i-b holds"},
		"another Node":              {w: World{Nodes: []Allocation{{Holder: node("b"), Prefix: prefixes("10.0.0.32/27")[0], Published: true}}}, why: "10.0.0.32/27, which node b holds"},
		"a promise":                 {w: World{Promised: []Allocation{{Holder: node("b"), Prefix: prefixes("10.0.0.112/28")[0]}}}, why: "which node b holds"},
		"a rest":                    {w: World{Resting: []Resting{{prefixes("10.0.0.0/28")[0], start.Add(rest)}}}, why: "10.0.0.0/28 is quarantined"},
		"a rest that is over":       {w: World{Resting: []Resting{{prefixes("10.0.0.0/28")[0], start.Add(-rest)}}}},
		"reserved in part":          {d: Definition{Reserved: prefixes("10.0.0.8/32")}, why: "reserved"},
		"the range is too small":    {d: Definition{Ranges: []Range{{Name: "r", Prefix: prefixes("10.0.0.0/26")[0]}}}, why: "in any of the granted ranges"},
		"the range is reclaimed":    {d: Definition{Ranges: []Range{{Name: "r", Prefix: prefixes("10.0.0.0/24")[0], Leaving: true}}}, why: "reclaimed"},
		"the Node holds one":        {w: World{Nodes: []Allocation{{Holder: node("a"), Prefix: prefixes("10.0.0.240/28")[0], Published: true}}}, why: "which node a holds"},
		"a single address by cloud": {w: by(Unknown, "10.0.0.0/28"), why: "10.0.0.0/28"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := grown(t, c.d, c.w)
			before := b.Instances()
			h, err := b.Grow(node("a"), block, carried, start)
			if c.why == "" {
				if want := cmp.Or(c.before, "10.0.0.16/28 10.0.0.64/28"); err != nil || h.Prefix != block || h.Before.String() != want || h.Adopted {
					t.Errorf("holds %+v: %v", h, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("holds %+v: %v", h, err)
			}
			after := b.Instances()
			order := func(x, y Allocation) int { return x.Prefix.Compare(y.Prefix) }
			slices.SortFunc(before, order)
			slices.SortFunc(after, order)
			if !slices.Equal(before, after) {
				t.Errorf("refused, and %+v became %+v", before, after)
			}
		})
	}
}

func TestOfAGrownBlockOnlyOursRests(t *testing.T) {
	t.Parallel()
	b := grown(t, Definition{}, World{})
	h, err := b.Grow(node("a"), block, carried, start)
	if err != nil {
		t.Fatal(err)
	}
	b.MarkPublished("uid-a")
	// A rebuild knows it as it was, whatever of it the interface carries.
	for _, attached := range [][]string{{"10.0.0.0/25"}, {"10.0.0.16/28", "10.0.0.64/28"}, {"10.0.0.0/27", "10.0.0.64/28"}} {
		w := World{Began: start}
		for _, p := range prefixes(attached...) {
			w.Attached = append(w.Attached, Allocation{Holder: Holder{Instance: "i-a"}, Prefix: p})
		}
		got := b.Rebuild([]Definition{{Key: key, Ranges: []Range{{Name: "r", Prefix: prefixes("10.0.0.0/24")[0]}}}}, w, start)
		if now, _ := b.Held("uid-a"); len(got.Collisions) > 0 || now.Before != h.Before || now.Prefix != block {
			t.Errorf("with %v attached it holds %+v: %v", attached, now, got.Collisions)
		}
	}
	now, _ := b.Held("uid-a")
	if got := fmt.Sprint(now.Ours()); got != "[10.0.0.0/28 10.0.0.32/27 10.0.0.80/28 10.0.0.96/27]" {
		t.Errorf("of it is ours %s", got)
	}
	mustTake(t, b, node("other"), 25, start) // the other half of the range
	over := b.ReleaseAround(now, start)
	mustWait(t, b, node("b"), 28, start)
	listed(b, over)
	b.Leave("uid-b")
	for n := range 6 {
		p := mustTake(t, b, node(fmt.Sprint("n", n)), 28, over.Add(2*rest))
		if slices.Contains(carried, p) {
			t.Errorf("%s is given out, which was there before us", p)
		}
	}
	mustWait(t, b, node("c"), 28, over.Add(2*rest))
	var left []string
	for _, h := range b.Instances() {
		left = append(left, h.Instance+" "+h.Prefix.String())
	}
	slices.Sort(left)
	if got := strings.Join(left, ", "); got != "i-a 10.0.0.16/28, i-a 10.0.0.64/28" {
		t.Errorf("left with the instance is %s", got)
	}
}
