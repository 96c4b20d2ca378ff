package allocator

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/ipam/pool"
)

var (
	start = time.Unix(1_000_000, 0)
	key   = Key{Request: "pods", Subnet: "nodes"}
	whole = netip.MustParsePrefix("10.0.0.0/28")
)

// open returns an allocator with one range of four /30.
func open(t *testing.T, w World) *Allocator {
	t.Helper()
	b := New(Config{Quarantine: rest})
	rebuild(t, b, w, start)
	return b
}

func rebuild(t *testing.T, b *Allocator, w World, now time.Time) Rebuilt {
	t.Helper()
	w.Began = now
	return b.Rebuild([]Definition{{Key: key, Ranges: []Range{{Name: "r", Prefix: whole}}}}, w, now)
}

// listed lets a listing that begins then show nothing.
func listed(b *Allocator, then time.Time) { b.Listed([]Key{key}, nil, then) }

func node(name string) Holder {
	return Holder{NodeUID: types.UID("uid-" + name), Node: name, Instance: "i-" + name}
}

func take(b *Allocator, h Holder, bits int, now time.Time) (netip.Prefix, error) {
	got, err := b.Take(h, now, []Want{{Key: key, Bits: bits}}, now)
	return got.Prefix, err
}

func mustTake(t *testing.T, b *Allocator, h Holder, bits int, now time.Time) netip.Prefix {
	t.Helper()
	p, err := take(b, h, bits, now)
	if err != nil {
		t.Fatalf("%s: %v", h.Node, err)
	}
	return p
}

func mustWait(t *testing.T, b *Allocator, h Holder, bits int, now time.Time) {
	t.Helper()
	p, err := take(b, h, bits, now)
	if _, ok := errors.AsType[*pool.ExhaustedError](err); !ok {
		t.Fatalf("%s was given %v, %v; it should wait", h.Node, p, err)
	}
}

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, x := range texts {
		out = append(out, netip.MustParsePrefix(x))
	}
	return out
}

func TestNothingIsGivenBeforeRebuild(t *testing.T) {
	t.Parallel()
	b := New(Config{Quarantine: rest})
	if p, err := take(b, node("a"), 30, start); !errors.Is(err, pool.ErrNotRestored) {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestAWaiterWhoseTurnComesWhileItAsksGetsOneRange(t *testing.T) {
	t.Parallel()
	b := open(t, World{})
	mustTake(t, b, node("full"), 28, start)
	mustWait(t, b, node("a"), 30, start)
	mustWait(t, b, node("b"), 30, start.Add(1))
	b.Drop("uid-full")
	mustTake(t, b, node("a"), 30, start.Add(2))
	if _, ok := b.Held("uid-b"); !ok {
		t.Error("b waited and was not served")
	}
	for i, name := range []string{"c", "d"} {
		mustTake(t, b, node(name), 30, start.Add(time.Duration(3+i)))
	}
	mustWait(t, b, node("e"), 30, start.Add(9))
}

func TestANodeThatIsGoneWaitsNoLonger(t *testing.T) {
	t.Parallel()
	b := open(t, World{})
	mustTake(t, b, node("full"), 28, start)
	mustWait(t, b, node("ghost"), 28, start)
	mustWait(t, b, node("b"), 28, start.Add(1))
	b.Left("ghost", "")
	b.Drop("uid-full")
	b.Feed(start)
	if _, ok := b.Held("uid-b"); !ok || b.Waiting() != 0 {
		t.Errorf("b was not served; %d wait", b.Waiting())
	}
}

func TestANodeThatInheritsWaitsNoLonger(t *testing.T) {
	t.Parallel()
	b := open(t, World{})
	mustTake(t, b, node("a"), 28, start)
	heir := node("a")
	heir.NodeUID = "uid-new"
	mustWait(t, b, heir, 29, start)
	if _, ok := b.Transfer("uid-a", heir); !ok || b.Waiting() != 0 {
		t.Fatalf("transferred %v, %d wait", ok, b.Waiting())
	}
	b.Feed(start)
	if h, _ := b.Held("uid-new"); h.Prefix != whole {
		t.Errorf("the heir holds %v, want %v", h.Prefix, whole)
	}
}

func TestInstanceEntryBecomesTheNodes(t *testing.T) {
	t.Parallel()
	p := netip.MustParsePrefix("10.0.0.8/30")
	b := open(t, World{Attached: []Allocation{{Holder: Holder{Instance: "i-a"}, Prefix: p}}})
	if _, err := b.Adopt(node("b"), p); err == nil {
		t.Error("another instance's node took it")
	}
	if _, err := b.Adopt(node("a"), p); err != nil {
		t.Error(err)
	}
	if left := b.Instances(); len(left) > 0 {
		t.Errorf("the instance still holds %v", left)
	}
	rebuild(t, b, World{Attached: []Allocation{{Holder: Holder{Instance: "i-a"}, Prefix: p}}}, start)
	if h, ok := b.Held("uid-a"); !ok || h.Prefix != p {
		t.Errorf("after a rebuild the node holds %v", h)
	}
}

func TestANodeTellsItsInstanceLater(t *testing.T) {
	t.Parallel()
	h := node("a")
	h.Instance = ""
	p := netip.MustParsePrefix("10.0.0.8/30")
	b := open(t, World{Nodes: []Allocation{{Holder: h, Prefix: p, Published: true}}})
	got := rebuild(t, b, World{
		Nodes:    []Allocation{{Holder: node("a"), Prefix: p, Published: true}},
		Attached: []Allocation{{Holder: Holder{Instance: "i-a"}, Prefix: p}},
	}, start)
	if held, _ := b.Held("uid-a"); held.Instance != "i-a" || len(got.Collisions) > 0 {
		t.Errorf("the node's instance is %q; collisions %v", held.Instance, got.Collisions)
	}
}

func TestWhatWasAdoptedIsNotDropped(t *testing.T) {
	t.Parallel()
	b := open(t, World{})
	if _, err := b.Adopt(node("a"), whole); err != nil {
		t.Fatal(err)
	}
	b.Drop("uid-a")
	mustWait(t, b, node("b"), 30, start)
	rested := rebuild(t, b, World{}, start).Rested
	if len(rested) != 1 || rested[0].Prefix != whole {
		t.Errorf("the cloud shows it nowhere and %v rest", rested)
	}
	listed(b, start.Add(rest))
	b.Feed(start.Add(rest))
	if _, ok := b.Held("uid-b"); ok {
		t.Error("it was given before its rest was over")
	}
	b.Feed(start.Add(rest + time.Millisecond))
	if _, ok := b.Held("uid-b"); !ok {
		t.Error("it was not given after its rest")
	}
}

func TestAPromiseThatCollidesStaysOccupied(t *testing.T) {
	t.Parallel()
	half, quarter, inside := netip.MustParsePrefix("10.0.0.0/29"), netip.MustParsePrefix("10.0.0.8/30"), netip.MustParsePrefix("10.0.0.4/30")
	for name, w := range map[string]World{
		"the Node publishes another": {
			Nodes:    []Allocation{{Holder: node("a"), Prefix: quarter, Published: true}},
			Promised: []Allocation{{Holder: node("a"), Prefix: half}},
		},
		"another Node publishes a part of it": {
			Nodes:    []Allocation{{Holder: node("b"), Prefix: inside, Published: true}},
			Promised: []Allocation{{Holder: node("a"), Prefix: half}},
		},
		"an interface carries a part of it": {
			Promised: []Allocation{{Holder: node("a"), Prefix: inside}},
			Attached: []Allocation{{Holder: Holder{Instance: "i-x"}, Prefix: half}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, w)
			for _, n := range []string{"c", "d", "e", "f"} {
				if p, err := take(b, node(n), 30, start); err == nil && p.Overlaps(half) {
					t.Errorf("%s was given, of %s", p, half)
				}
			}
		})
	}
}

func TestReleasedWhileRebuildingStaysReleased(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*Allocator){
		"released":           func(b *Allocator) { b.Release("uid-a", start) },
		"handed on and gone": func(b *Allocator) { n := node("a"); n.NodeUID = "new"; b.Transfer("uid-a", n); b.Release("new", start) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := World{
				Nodes:    []Allocation{{Holder: node("a"), Prefix: whole, Published: true}},
				Attached: []Allocation{{Holder: Holder{Instance: "i-a"}, Prefix: whole}},
			}
			b := open(t, world)
			b.Begin()
			leave(b)
			rebuild(t, b, world, start)
			if _, ok := b.Held("uid-a"); ok || len(b.Instances()) > 0 {
				t.Errorf("older news brought it back: %v", b.Instances())
			}
			mustWait(t, b, node("b"), 30, start.Add(rest/2))
			listed(b, start.Add(rest))
			mustTake(t, b, node("c"), 30, start.Add(2*rest))
		})
	}
}

func TestOneAnswerForEachPrefixOfOneRange(t *testing.T) {
	t.Parallel()
	b := open(t, World{})
	for _, p := range prefixes("10.0.0.0/28", "10.0.0.4/30", "10.0.0.15/32") {
		if k, r, ok := b.Find(p); !ok || k != key || r.Name != "r" {
			t.Errorf("%s: %v %v %v", p, k, r, ok)
		}
	}
	for _, p := range prefixes("10.0.0.0/27", "10.0.0.16/30", "fd00::/64") {
		if _, _, ok := b.Find(p); ok {
			t.Errorf("%s was found", p)
		}
	}
}

func TestRangesThatOverlapCostNobodyElse(t *testing.T) {
	t.Parallel()
	def := func(request string, prefixes ...string) Definition {
		d := Definition{Key: Key{Request: request, Subnet: "s"}}
		for _, p := range prefixes {
			d.Ranges = append(d.Ranges, Range{Name: p, Prefix: netip.MustParsePrefix(p)})
		}
		return d
	}
	b := New(Config{Quarantine: rest})
	b.Begin()
	got := b.Rebuild([]Definition{
		def("first", "10.0.0.0/29", "10.0.0.0/30"),
		def("second", "10.0.0.4/30", "10.0.1.0/30", "fd00::/64"),
		def("third", "10.0.2.0/30", "10.0.2.4/30"),
	}, World{}, start)
	if h, err := b.Take(node("wide"), start, []Want{{Key: Key{"third", "s"}, Bits: 29}}, start); err == nil {
		t.Errorf("%s spans ranges side by side", h.Prefix)
	}
	b.Leave(node("wide").NodeUID)
	var refused []string
	for _, r := range got.Refused {
		refused = append(refused, r.Key.Request+" "+r.Range.Name)
	}
	if want := []string{"first 10.0.0.0/30", "second 10.0.0.4/30", "second fd00::/64"}; !slices.Equal(refused, want) {
		t.Errorf("refused %v, want %v", refused, want)
	}
	given := map[netip.Prefix]string{}
	for i, request := range []string{"first", "first", "second", "third"} {
		h, err := b.Take(node(fmt.Sprint(i)), start, []Want{{Key: Key{request, "s"}, Bits: 30}}, start)
		if err != nil {
			t.Errorf("%s gives nothing: %v", request, err)
		}
		for p, to := range given {
			if p.Overlaps(h.Prefix) {
				t.Errorf("I1: %s has %s, %s got %s", to, p, request, h.Prefix)
			}
		}
		given[h.Prefix] = request
	}
}

// A leader whose clock was a day ahead wrote when a prefix may be had again.
func TestNoRestOutlivesTheQuarantine(t *testing.T) {
	t.Parallel()
	b := open(t, World{Resting: []Resting{{Prefix: whole, Until: start.Add(24 * time.Hour)}}})
	mustWait(t, b, node("a"), 30, start.Add(rest-time.Second))
	listed(b, start.Add(rest))
	for _, h := range b.Feed(start.Add(rest)) {
		if h.Node != "a" {
			t.Errorf("%s was fed", h.Node)
		}
	}
	if _, held := b.Held("uid-a"); !held {
		mustTake(t, b, node("a"), 30, start.Add(rest+time.Second))
	}
}
