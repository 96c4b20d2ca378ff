package node

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// someNodes makes Nodes that have their ranges, and gives their names.
func (w *world) someNodes(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("n%d", i))
		w.addNode(names[i])
	}
	time.Sleep(time.Minute)
	return names
}

func (w *world) carrying(names []string) (n int) {
	for _, name := range names {
		n += len(w.carries(name))
	}
	return n
}

// releaseHeld returns what the Network says of it.
func (w *world) releaseHeld() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if cond := meta.FindStatusCondition(w.network.Status.Conditions, v1alpha1.ConditionNodeReleaseHeld); cond != nil {
		return string(cond.Status) + " " + cond.Message
	}
	return ""
}

func (w *world) confirm(n string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.network.Annotations = map[string]string{brake.Annotation(nodeKind): n}
}

// TestManyNodesThatVanishTogetherKeepTheirRanges: as where the ledger was
// restored and the Nodes were not, and where a cluster was copied. Neither time
// nor another leader takes anything off the machines; a person's word does.
func TestManyNodesThatVanishTogetherKeepTheirRanges(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		w.heard = make(chan string, 1000)
		names := w.someNodes(8)
		m.stop()
		for _, name := range names {
			w.deleteNode(name, false)
		}
		time.Sleep(time.Second)
		m = w.lead()
		time.Sleep(time.Hour)
		if n := w.carrying(names); n != 8 {
			t.Fatalf("%d of 8 machines carry their prefixes", n)
		}
		if got := w.releaseHeld(); !strings.Contains(got, "True 8 of 8 Nodes") || !strings.Contains(got, "kubelet") || !strings.Contains(got, "confirm-removal.vpcnative.dev/Node=8") {
			t.Errorf("the Network says %q", got)
		}
		if _, said := m.hears(w, "MassRemoval"); !said {
			t.Error("there is no Event")
		}
		w.addNode("n0") // its kubelet was restarted: what it carries is its own
		time.Sleep(time.Minute)
		m.stop()
		m = w.lead()
		time.Sleep(time.Hour)
		if n := w.carrying(names); n != 8 || w.published("n0") != w.carries("n0")[0].String() {
			t.Errorf("%d of 8 machines carry their prefixes, after another leader came; n0 publishes %q", n, w.published("n0"))
		}
		w.confirm("7")
		m.c.again <- struct{}{}
		time.Sleep(5 * time.Minute)
		if n := w.carrying(names); n != 1 {
			t.Errorf("%d machines carry prefixes after a person confirmed", n)
		}
		if got := w.releaseHeld(); !strings.HasPrefix(got, "False") || len(w.network.Annotations) > 0 {
			t.Errorf("the Network says %q, with %v", got, w.network.Annotations)
		}
		w.someNodes(1)
	})
}

// hears returns the Event of that reason.
func (*process) hears(w *world, reason string) (string, bool) {
	for {
		select {
		case e := <-w.heard:
			if strings.Contains(e, reason) {
				return e, true
			}
		default:
			return "", false
		}
	}
}

// TestNodesWhoseMachinesAreGoneAreReleasedHoweverMany: what an autoscaler takes
// away together needs nobody's word, and what is left of a few is taken off.
func TestNodesWhoseMachinesAreGoneAreReleasedHoweverMany(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		names := w.someNodes(14)
		for i, name := range names {
			w.deleteNode(name, i > 1)
		}
		time.Sleep(5 * time.Minute)
		if n := w.carrying(names); n != 0 || len(m.c.allocator.OfNodes(allocator.All)) > 0 {
			t.Errorf("%d machines carry prefixes; held are %v", n, m.c.allocator.OfNodes(allocator.All))
		}
		if got := w.releaseHeld(); got != "" {
			t.Errorf("the Network says %q", got)
		}
	})
}

// TestMachinesThatGoAfterTheirNodesLetGoOfTheBrake: they are held for a while,
// and nobody has to say anything.
func TestMachinesThatGoAfterTheirNodesLetGoOfTheBrake(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		names := w.someNodes(8)
		for _, name := range names {
			w.deleteNode(name, false)
		}
		time.Sleep(2 * time.Minute)
		if n, got := w.carrying(names), w.releaseHeld(); n != 8 || !strings.HasPrefix(got, "True") {
			t.Errorf("%d machines carry prefixes; the Network says %q", n, got)
		}
		for _, name := range names {
			w.deleteNode(name, true)
		}
		time.Sleep(5 * time.Minute)
		if got := w.releaseHeld(); len(m.c.allocator.OfNodes(allocator.All)) > 0 || !strings.HasPrefix(got, "False") {
			t.Errorf("held are %v; the Network says %q", m.c.allocator.OfNodes(allocator.All), got)
		}
	})
}

// TestVerdict: before everybody who is gone was looked at, nothing is let go that
// may have to be held, and nothing is said.
func TestVerdict(t *testing.T) {
	some := func(n int, what string) map[types.UID]string {
		out := map[types.UID]string{}
		for i := range n {
			out[types.UID(fmt.Sprint(what, i))] = fmt.Sprint(what, i)
		}
		return out
	}
	for name, x := range map[string]struct {
		living, carrying, doubt int
		was                     bool
		confirmed               int
		says                    bool
		held                    int
	}{
		"few":                                    {living: 9, carrying: 5},
		"many":                                   {living: 9, carrying: 6, says: true, held: 6},
		"a tenth of many":                        {living: 90, carrying: 10},
		"few, and others may be like them":       {living: 9, carrying: 1, doubt: 7, held: 8},
		"many already":                           {living: 9, carrying: 7, doubt: 7, says: true, held: 14},
		"a leader starts, and nobody was seen":   {doubt: 7, was: true, says: true, held: 7},
		"a leader starts after the confirmation": {doubt: 7, was: true, confirmed: 7, says: true},
		"more than were confirmed may be":        {carrying: 1, doubt: 7, confirmed: 7, held: 8},
		"held ones, of which one is left":        {living: 7, carrying: 1, was: true, says: true, held: 1},
		"held ones, all of whose machines went":  {living: 7, was: true},
		"confirmed ones":                         {carrying: 7, was: true, confirmed: 7},
	} {
		r := roll{living: x.living, carrying: some(x.carrying, "c"), doubt: some(x.doubt, "d")}
		is, held := r.verdict(brake.Decision{Held: x.was}, x.confirmed)
		if is.Held != x.says || len(held) != x.held {
			t.Errorf("%s: says %v, holds %d", name, is.Held, len(held))
		}
		if is.Spent && x.doubt > 0 {
			t.Errorf("%s: the confirmation is spent before everybody was looked at", name)
		}
	}
}

// TestAHeldReleaseCostsFewLooks: however many are held.
func TestAHeldReleaseCostsFewLooks(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		for _, name := range w.someNodes(16) {
			w.deleteNode(name, false)
		}
		time.Sleep(2 * time.Minute)
		w.mu.Lock()
		before := w.gets
		w.mu.Unlock()
		time.Sleep(10 * time.Minute)
		w.mu.Lock()
		defer w.mu.Unlock()
		if looks := w.gets - before; looks > 16*70 {
			t.Errorf("%d looks at 16 machines in 10 minutes", looks)
		}
	})
}

// TestMachinesThatRegisteredAnewDoNotCount: the cluster has not forgotten them,
// so what their earlier Nodes had, and these do not publish, goes however many
// they are.
func TestMachinesThatRegisteredAnewDoNotCount(t *testing.T) {
	in(t, func(t *testing.T, w *world, m *process) {
		names := w.someNodes(8)
		m.stop()
		taken := map[netip.Prefix]bool{}
		for _, name := range names {
			taken[w.carries(name)[0]] = true
		}
		for i, name := range names {
			w.deleteNode(name, false)
			w.addNode(name)
			w.write(name, nthFree(taken, i).String())
		}
		w.lead()
		time.Sleep(10 * time.Minute)
		for _, name := range names {
			for _, p := range w.carries(name) {
				if taken[p] {
					t.Errorf("the machine of %s carries %s; its Node publishes %s", name, p, w.published(name))
				}
			}
		}
		if got := w.releaseHeld(); got != "" {
			t.Errorf("the Network says %q", got)
		}
	})
}

// nthFree is a /28 of the range that is not taken.
func nthFree(taken map[netip.Prefix]bool, n int) netip.Prefix {
	for i := range 16 {
		if p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(16 * i)}), 28); !taken[p] {
			if n == 0 {
				return p
			}
			n--
		}
	}
	panic("the range is full")
}
