package stress

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/invariants"
)

// hands is what people have made in the VPC: nothing of it may be touched.
type hands struct {
	made      int
	thieves   map[string]netip.Prefix   // by VM, which is theirs
	aliases   map[string][]netip.Prefix // by VM, which is a node's
	ranges    map[string]foreignSecond  // by name
	addresses map[string]netip.Addr     // by interface
	routes    []netip.Prefix            // destinations
	removed   map[[2]string]bool        // subnets and ranges of ours that they took out
}

func newHands() hands {
	return hands{thieves: map[string]netip.Prefix{}, aliases: map[string][]netip.Prefix{}, ranges: map[string]foreignSecond{},
		addresses: map[string]netip.Addr{}, removed: map[[2]string]bool{}}
}

func (h *hands) name(kind string) string {
	h.made++
	return fmt.Sprintf("%s-%d", kind, h.made)
}

func (h *hands) vmGone(name string) { delete(h.aliases, name) }

// dropAlias takes a published range off its VM.
func dropAlias(r *rig, c *cluster, rng *rand.Rand) string {
	name := one(c.nodes, rng)
	n := &corev1.Node{}
	vm, ok := r.machine(name)
	if !ok || c.API.Get(r.ctx, client.ObjectKey{Name: name}, n) != nil || len(n.Spec.PodCIDRs) == 0 {
		return ""
	}
	carried := vm.Prefixes()
	keep := slices.DeleteFunc(slices.Clone(carried), func(p netip.Prefix) bool { return p.String() == n.Spec.PodCIDRs[0] })
	if len(keep) == len(carried) || r.cloud.Carry(name, keep...) != nil {
		return ""
	}
	return name + " lost " + n.Spec.PodCIDRs[0]
}

// foreignAlias puts addresses of theirs on a node's VM.
func foreignAlias(r *rig, c *cluster, rng *rand.Rand) string {
	name, n := one(c.vms, rng), rng.IntN(1024)
	vm, ok := r.machine(name)
	if !ok {
		return ""
	}
	p := r.ground.pieces(r.storied(vm.Subnet), n)
	if slices.Contains(vm.Prefixes(), p) || r.cloud.Carry(name, append(vm.Prefixes(), p)...) != nil {
		return ""
	}
	r.hands.aliases[name] = append(r.hands.aliases[name], p)
	return fmt.Sprintf("%s on %s", p, name)
}

// thief starts a VM of theirs with a piece of a range of ours that no Node
// publishes.
func thief(r *rig, _ *cluster, rng *rand.Rand) string {
	pick, offset := rng.IntN(1<<30), rng.IntN(1<<30)
	ours := r.ours()
	if len(ours) == 0 {
		return ""
	}
	from := ours[pick%len(ours)]
	p := nth(from.prefix, 28, offset%(1<<(28-from.prefix.Bits())))
	if r.published(p) {
		return ""
	}
	name := r.hands.name("theirs")
	r.boot(name, map[string]string{"subnet": from.subnet})
	if r.cloud.Carry(name, p) != nil { // somebody has it
		r.must(r.cloud.Delete(name))
		return ""
	}
	r.hands.thieves[name] = p
	return fmt.Sprintf("%s carries %s", name, p)
}

// published tells whether a Node publishes any of the prefix, also one whose
// VM lost it.
func (r *rig) published(p netip.Prefix) bool {
	for _, c := range r.clusters {
		var nodes corev1.NodeList
		r.must(c.API.List(r.ctx, &nodes))
		if overlaps(p, (&seen{nodes: nodes.Items}).published()) {
			return true
		}
	}
	return false
}

func nth(in netip.Prefix, bits, n int) netip.Prefix {
	b := in.Addr().As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += uint32(n) << (32 - bits)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), bits)
}

func dropThief(r *rig, _ *cluster, rng *rand.Rand) string {
	name := oneOf(r.hands.thieves, rng)
	if name == "" {
		return ""
	}
	r.must(r.cloud.Delete(name))
	delete(r.hands.thieves, name)
	return name
}

func foreignRoute(r *rig, _ *cluster, rng *rand.Rand) string {
	p, name := nth(r.ground.routes, 24, rng.IntN(256)), r.hands.name("route")
	if r.cloud.Route(name, p) != nil {
		return ""
	}
	r.hands.routes = append(r.hands.routes, p)
	return fmt.Sprintf("%s to %s", name, p)
}

// check is nil when all that people made is as they made it (I4).
func (h *hands) check(machines []invariants.Machine, subnets []invariants.Subnet) error {
	var bad []error
	carried := map[string][]netip.Prefix{}
	for _, m := range machines {
		carried[m.Name] = m.Prefixes()
	}
	for name, want := range h.thieves {
		if got := carried[name]; !slices.Equal(got, []netip.Prefix{want}) {
			bad = append(bad, fmt.Errorf("I4: VM %s was made with %v, and has %v", name, want, got))
		}
	}
	for name, want := range h.aliases {
		for _, a := range want {
			if got := carried[name]; !slices.Contains(got, a) {
				bad = append(bad, fmt.Errorf("I4: VM %s was given %v by hand, and has %v", name, a, got))
			}
		}
	}
	return errors.Join(append(bad, h.checkRanges(subnets))...)
}

// without gives the machines without those of theirs.
func (h *hands) without(machines []invariants.Machine) []invariants.Machine {
	return slices.DeleteFunc(slices.Clone(machines), func(m invariants.Machine) bool { return h.thieves[m.Name].IsValid() })
}

// letGo takes what people hold of our ranges away.
func (r *rig) letGo() error {
	for name := range r.hands.thieves {
		if err := r.cloud.Delete(name); err != nil {
			return err
		}
	}
	clear(r.hands.thieves)
	return nil
}
