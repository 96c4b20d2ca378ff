package stress

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// hands is what people have made in the VPC: nothing of it may be touched.
type hands struct {
	made    int
	thieves map[string]gcesim.Alias   // by VM, which is theirs
	aliases map[string][]gcesim.Alias // by VM, which is a node's
	ranges  map[string]foreignSecond  // by name
	routes  []netip.Prefix            // destinations
	removed map[[2]string]bool        // subnets and secondary ranges of ours that they took out
}

type foreignSecond struct {
	subnet string
	prefix netip.Prefix
}

func newHands() hands {
	return hands{thieves: map[string]gcesim.Alias{}, aliases: map[string][]gcesim.Alias{}, ranges: map[string]foreignSecond{}, removed: map[[2]string]bool{}}
}

func (h *hands) name(kind string) string {
	h.made++
	return fmt.Sprintf("%s-%d", kind, h.made)
}

func (h *hands) vmGone(name string) { delete(h.aliases, name) }

func base(url string) string { return path.Base(url) }

// dropAlias takes a published range off its VM.
func dropAlias(r *rig, c *cluster, rng *rand.Rand) string {
	name := one(c.nodes, rng)
	n := &corev1.Node{}
	vm, ok := r.sim.Instance(project, zone, name)
	if !ok || c.API.Get(r.ctx, client.ObjectKey{Name: name}, n) != nil || len(n.Spec.PodCIDRs) == 0 {
		return ""
	}
	keep := slices.DeleteFunc(slices.Clone(vm.Interfaces[0].Aliases), func(a gcesim.Alias) bool { return a.Prefix.String() == n.Spec.PodCIDRs[0] })
	if len(keep) == len(vm.Interfaces[0].Aliases) || r.sim.SetAliases(project, zone, name, "nic0", keep...) != nil {
		return ""
	}
	return name + " lost " + n.Spec.PodCIDRs[0]
}

// foreignAlias puts an address of the subnet's own range on a node's VM.
func foreignAlias(r *rig, c *cluster, rng *rand.Rand) string {
	name, host := one(c.vms, rng), 2048+rng.IntN(1024)
	vm, ok := r.sim.Instance(project, zone, name)
	if !ok {
		return ""
	}
	primary := 128 + slices.Index(subnets, base(vm.Interfaces[0].Subnetwork))
	a := gcesim.Alias{Prefix: netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.%d/32", primary, host/256, host%256))}
	if r.sim.SetAliases(project, zone, name, "nic0", append(slices.Clone(vm.Interfaces[0].Aliases), a)...) != nil {
		return ""
	}
	r.hands.aliases[name] = append(r.hands.aliases[name], a)
	return fmt.Sprintf("%s on %s", a.Prefix, name)
}

// thief starts a VM of theirs with a piece of a range of ours that no Node
// publishes.
func thief(r *rig, _ *cluster, rng *rand.Rand) string {
	pick, offset := rng.IntN(1<<30), rng.IntN(1<<30)
	var ours []gcesim.SecondaryRange
	var in []string
	for _, s := range r.sim.Subnetworks() {
		for _, x := range s.Secondary {
			if strings.HasPrefix(x.Name, "vn-") {
				ours, in = append(ours, x), append(in, s.Name)
			}
		}
	}
	if len(ours) == 0 {
		return ""
	}
	from := ours[pick%len(ours)]
	p := nth(from.Prefix, 28, offset%(1<<(28-from.Prefix.Bits())))
	if r.published(p) {
		return ""
	}
	name, a := r.hands.name("theirs"), gcesim.Alias{Prefix: p, RangeName: from.Name}
	_, err := r.sim.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: name,
		Interfaces: []gcesim.Interface{{Subnetwork: in[pick%len(ours)], Aliases: []gcesim.Alias{a}}}})
	if err != nil {
		return "" // somebody has it
	}
	r.hands.thieves[name] = a
	return fmt.Sprintf("%s carries %s", name, p)
}

// published tells whether a Node publishes any of the prefix, also one whose
// VM lost it.
func (r *rig) published(p netip.Prefix) bool {
	for _, c := range r.clusters {
		var nodes corev1.NodeList
		r.must(c.API.List(r.ctx, &nodes))
		for _, n := range nodes.Items {
			for _, text := range n.Spec.PodCIDRs {
				if netip.MustParsePrefix(text).Overlaps(p) {
					return true
				}
			}
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
	set := map[string]bool{}
	for name := range r.hands.thieves {
		set[name] = true
	}
	name := one(set, rng)
	if name == "" {
		return ""
	}
	r.must(r.sim.DeleteInstance(project, zone, name))
	delete(r.hands.thieves, name)
	return name
}

// foreignRange makes a secondary range of theirs in the middle of the space
// that is carved.
func foreignRange(r *rig, _ *cluster, rng *rand.Rand) string {
	p := nth(supernet, 24, rng.IntN(64))
	subnet := subnets[rng.IntN(len(subnets))]
	name := r.hands.name("theirs")
	for _, s := range r.sim.Subnetworks() {
		if s.Name != subnet {
			continue
		}
		if r.sim.SetSecondaryRanges(project, region, subnet, append(slices.Clone(s.Secondary), gcesim.SecondaryRange{Name: name, Prefix: p})...) != nil {
			return ""
		}
	}
	r.hands.ranges[name] = foreignSecond{subnet, p}
	return fmt.Sprintf("%s (%s) in %s", name, p, subnet)
}

func dropForeignRange(r *rig, _ *cluster, rng *rand.Rand) string {
	set := map[string]bool{}
	for name := range r.hands.ranges {
		set[name] = true
	}
	name := one(set, rng)
	if name == "" {
		return ""
	}
	if r.dropRange(name) != nil {
		return ""
	}
	return name
}

func (r *rig) dropRange(name string) error {
	for _, s := range r.sim.Subnetworks() {
		if s.Name == r.hands.ranges[name].subnet {
			keep := slices.DeleteFunc(slices.Clone(s.Secondary), func(x gcesim.SecondaryRange) bool { return x.Name == name })
			if err := r.sim.SetSecondaryRanges(project, region, s.Name, keep...); err != nil {
				return err
			}
		}
	}
	delete(r.hands.ranges, name)
	return nil
}

// dropOurs takes a secondary range of ours out of its subnet, where no VM
// carries a piece of it.
func dropOurs(r *rig, _ *cluster, rng *rand.Rand) string {
	pick := rng.IntN(1 << 30)
	var ours []string
	for _, s := range r.sim.Subnetworks() {
		for _, x := range s.Secondary {
			if strings.HasPrefix(x.Name, "vn-") {
				ours = append(ours, s.Name+" "+x.Name)
			}
		}
	}
	if len(ours) == 0 {
		return ""
	}
	subnet, name, _ := strings.Cut(ours[pick%len(ours)], " ")
	for _, s := range r.sim.Subnetworks() {
		keep := slices.DeleteFunc(slices.Clone(s.Secondary), func(x gcesim.SecondaryRange) bool { return x.Name == name })
		if s.Name == subnet && r.sim.SetSecondaryRanges(project, region, subnet, keep...) != nil {
			return ""
		}
	}
	r.hands.removed[[2]string{subnet, name}] = true
	return fmt.Sprintf("%s of %s", name, subnet)
}

// withoutRemoved gives the grants without those that people took out of the
// VPC, as far as somebody else has the place, or the request goes and nobody
// uses it.
func (h *hands) withoutRemoved(s *seen) (out []invariants.Grant) {
	granted := map[[2]string]bool{}
	for _, g := range s.grants {
		granted[[2]string{g.Subnet, g.Name}] = true
	}
	maps.DeleteFunc(h.removed, func(at [2]string, _ bool) bool { return !granted[at] })
	for _, g := range s.grants {
		at := [2]string{g.Subnet, g.Name}
		excused := h.removed[at] && (h.another(at, g.Prefix, s) || g.Deleted && !overlaps(g.Prefix, s.taken()))
		if g.Adopted {
			excused = true // it is another's to take away
		}
		if !excused || s.ranges()[at] == g.Prefix {
			out = append(out, g)
		}
	}
	return out
}

// missing tells whether a granted range that people took out is still not in
// the VPC.
func (h *hands) missing(sim *gcesim.Sim) bool {
	s := &seen{subnets: sim.Subnetworks()}
	there := s.ranges()
	for at := range h.removed {
		if !there[at].IsValid() {
			return true
		}
	}
	return false
}

// lost tells whether people took one of the request's ranges out of the VPC
// and somebody else has the place: it can never be put back.
func (h *hands) lost(subnet string, g v1alpha1.GrantedRange, s *seen) bool {
	at, p := [2]string{subnet, g.Name}, netip.MustParsePrefix(g.CIDR)
	return h.removed[at] && h.another(at, p, s)
}

func (h *hands) lostAny(q v1alpha1.RangeRequest, s *seen) bool {
	return slices.ContainsFunc(q.Status.Ranges, func(g v1alpha1.GrantedRange) bool { return h.lost(g.Subnet, g, s) })
}

// another tells whether something else than the range of that name has the
// place.
func (h *hands) another(at [2]string, p netip.Prefix, s *seen) bool {
	got := s.placeOf(p)
	return got != at && (got != [2]string{} || overlaps(p, h.routes))
}

// ranges are the secondary ranges of the VPC, by subnet and name.
func (s *seen) ranges() map[[2]string]netip.Prefix {
	out := map[[2]string]netip.Prefix{}
	for _, sub := range s.subnets {
		out[[2]string{sub.Name, sub.Name}] = sub.Primary
		for _, x := range sub.Secondary {
			out[[2]string{sub.Name, x.Name}] = x.Prefix
		}
	}
	return out
}

// placeOf gives a range of the VPC that overlaps a prefix.
func (s *seen) placeOf(p netip.Prefix) (at [2]string) {
	for at, q := range s.ranges() {
		if q.Overlaps(p) {
			return at
		}
	}
	return at
}

func foreignRoute(r *rig, _ *cluster, rng *rand.Rand) string {
	p, name := nth(supernet, 24, rng.IntN(256)), r.hands.name("route")
	if r.sim.AddRoute(gcesim.Route{Project: project, Name: name, Network: network, Dest: p, NextHopIP: netip.MustParseAddr("10.128.0.2")}) != nil {
		return ""
	}
	r.hands.routes = append(r.hands.routes, p)
	return fmt.Sprintf("%s to %s", name, p)
}

// check is nil when all that people made is as they made it (I4).
func (h *hands) check(sim *gcesim.Sim) error {
	var bad []error
	for name, want := range h.thieves {
		i, ok := sim.Instance(project, zone, name)
		if !ok || !slices.Equal(i.Interfaces[0].Aliases, []gcesim.Alias{want}) {
			bad = append(bad, fmt.Errorf("I4: VM %s was made with %v, and has %+v", name, want, i.Interfaces))
		}
	}
	for name, want := range h.aliases {
		i, ok := sim.Instance(project, zone, name)
		for _, a := range want {
			if !ok || !slices.Contains(i.Interfaces[0].Aliases, a) {
				bad = append(bad, fmt.Errorf("I4: VM %s was given %v by hand, and has %+v", name, a, i.Interfaces))
			}
		}
	}
	there := map[string]foreignSecond{}
	for _, s := range sim.Subnetworks() {
		for _, x := range s.Secondary {
			if !strings.HasPrefix(x.Name, "vn-") {
				there[x.Name] = foreignSecond{s.Name, x.Prefix}
			}
		}
	}
	if !maps.Equal(there, h.ranges) {
		bad = append(bad, fmt.Errorf("I4: secondary ranges of others are %v, and were made as %v", there, h.ranges))
	}
	return errors.Join(bad...)
}

// without gives the instances without what people put on them.
func (h *hands) without(instances []gcesim.Instance) (out []gcesim.Instance) {
	for _, i := range instances {
		if _, theirs := h.thieves[i.Name]; !theirs {
			out = append(out, i)
		}
	}
	return out
}

// letGo takes what people hold of our ranges away.
func (h *hands) letGo(sim *gcesim.Sim) error {
	for name := range h.thieves {
		if err := sim.DeleteInstance(project, zone, name); err != nil {
			return err
		}
	}
	clear(h.thieves)
	return nil
}
