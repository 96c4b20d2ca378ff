package node

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// TestManyNodesUnderFaults lets Nodes and VMs come and go while calls fail,
// replies get lost and managers crash or are replaced; the world itself
// judges I1, I2 and I3 at every step. When the faults stop, I5 is checked.
func TestManyNodesUnderFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(18) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { underFaults(t, seed) })
		})
	}
}

func underFaults(t *testing.T, seed uint64) {
	w := newWorld(t, seed)
	w.faults = int(seed%4) * 5
	switch seed % 3 {
	case 1:
		w.dual(v1alpha1.IPv4, v1alpha1.IPv6)
	case 2:
		w.dual(v1alpha1.IPv6, v1alpha1.IPv4)
	}
	if seed%6 > 3 {
		w.pairs = netip.MustParsePrefix("2600:1f00:0:700::/64")
	}
	if seed >= 12 { // VMs may come with too little, and it is made larger
		w.traits = cloud.Traits{Spare: 1, Smallest: 30, Grows: true}
		w.limit = cloud.Limit{Pieces: 4}
	}
	m := w.lead()
	for range 250 {
		w.mu.Lock()
		dice, name, pause := w.rnd.IntN(40), fmt.Sprintf("n%02d", w.rnd.IntN(22)), time.Duration(w.rnd.IntN(6000))*time.Millisecond
		there, alias := w.nodes[name] != nil, w.rnd.IntN(2) == 0
		w.mu.Unlock()
		switch {
		case dice == 0: // a crash
			m.stop()
			time.Sleep(pause)
			m = w.lead()
		case dice == 1: // a replacement that the old leader does not notice
			old := m
			m = w.lead()
			time.AfterFunc(30*time.Second, old.stop)
		case dice == 2 && there: // somebody takes the alias off
			w.mu.Lock()
			i := w.instancesOf("vm-" + name)
			i.prefixes, i.born = nil, netip.Prefix{} // what is put back is ours
			w.remember("vm-" + name)
			w.mu.Unlock()
		case dice == 3 && there: // another VM takes the name
			w.mu.Lock()
			w.recreateVM(name)
			w.mu.Unlock()
		case !there:
			w.maybeBorn(name)
			w.addNode(name)
		case dice < 14:
			w.deleteNode(name, alias)
		case dice < 16: // the kubelet registers again
			w.deleteNode(name, false)
			w.addNode(name)
		}
		if m.c.rivals.Stops("pods") {
			t.Error("a rival is seen where there is none")
		}
		time.Sleep(pause)
	}
	w.mu.Lock()
	w.faults = 0
	w.mu.Unlock()
	time.Sleep(time.Minute) // whoever was replaced and did not notice has stopped
	m.stop()
	m = w.lead()
	for range 4 { // a person says, as often as asked, that what is held may go
		w.confirm("22")
		time.Sleep(10 * time.Minute)
	}
	w.settled(m)
	m.stop()
	time.Sleep(10 * time.Minute)
}

// settled is I5, where the range has room for every Node that is left.
func (w *world) settled(m *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.fenced != nil {
		w.t.Errorf("the last leader was fenced: %v", m.fenced)
	}
	if m.c.rivals.Stops("pods") {
		w.t.Error("a rival is seen where there is none")
	}
	room, leftOn := 16, 0
	for id, i := range w.instances {
		if i.born.IsValid() && w.nodes[strings.TrimPrefix(id, "vm-")] == nil {
			leftOn++
		}
	}
	for name, n := range w.nodes {
		if len(n.Spec.PodCIDRs) == 0 {
			if room -= 1; len(w.nodes)+leftOn <= 14 {
				w.t.Errorf("I5: %s has no range: %v", name, n.Status.Conditions)
			}
			continue
		}
		vm := w.instancesOf(n.Spec.ProviderID)
		for _, text := range n.Spec.PodCIDRs {
			if p := netip.MustParsePrefix(text); p != vm.delegated && !vm.holds(p) {
				w.t.Errorf("I5: %s publishes %v and carries %v and %v", name, n.Spec.PodCIDRs, vm.prefixes, vm.delegated)
			}
		}
	}
	for id, vm := range w.instances {
		var publishes []string
		if n := w.nodes[strings.TrimPrefix(id, "vm-")]; n != nil {
			publishes = n.Spec.PodCIDRs
		}
		for _, p := range vm.prefixes {
			if p.Addr().Is6() && !vm.born.IsValid() && !slices.Contains(publishes, p.String()) {
				w.t.Errorf("I5: %s is left on %s, whose Node publishes %v", p, id, publishes)
			}
		}
	}
	data := w.store.Data("claims")
	if n := strings.Count(data["claims"], `"prefix"`); n > len(w.nodes) {
		w.t.Errorf("I5: the ledger still has %d claims for %d nodes", n, len(w.nodes))
	}
	for l := range strings.Lines(data["releases"]) {
		if strings.Contains(l, `"prefix"`) && !strings.Contains(l, `"adopted":true`) {
			w.t.Errorf("I5: left in the ledger: %s", l)
		}
	}
}

// maybeBorn makes, now and then, the VM of a Node to come with an alias range
// of its own, out of ours and free in the cloud's eyes. It is none that
// another Node has and its instance has lost for the moment: whether that one
// gets it back is not for us to say.
func (w *world) maybeBorn(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(w.rnd.IntN(16) * 16)}), 28)
	if w.traits.Grows {
		p = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, p.Addr().As4()[3] + byte(w.rnd.IntN(4)*4)}), 30)
	}
	for _, i := range w.instances {
		if slices.ContainsFunc(i.prefixes, p.Overlaps) {
			return
		}
	}
	if slices.ContainsFunc(w.leader.c.allocator.OfNodes(allocator.All), func(h allocator.Allocation) bool { return h.Prefix.Overlaps(p) }) {
		return
	}
	for _, n := range w.nodes {
		if slices.ContainsFunc(podCIDRsOf(n), p.Overlaps) {
			return
		}
	}
	if w.instances["vm-"+name] == nil && w.rnd.IntN(8) == 0 {
		w.createVM(name, p)
	}
}
