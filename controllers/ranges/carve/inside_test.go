package carve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/golden"
)

// ec2 is like EC2, in data alone.
var ec2 = cloud.Traits{Range: "subnet CIDR reservation", Inside: true, Spare: 1, Smallest: 28, NoServices: true, NoProxies: true}

func inSubnets(spec v1alpha1.RangeRequestSpec, subnets ...cloud.Subnet) Input {
	r := &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}, Spec: spec}
	if r.Spec.IPFamilies == nil {
		r.Spec.IPFamilies = []v1alpha1.Family{v1alpha1.IPv4}
	}
	n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	n.Spec.Supernets = []v1alpha1.CIDR{"10.0.0.0/16", "172.20.0.0/16"}
	n.Spec.Reserved = []v1alpha1.ReservedBlock{{CIDR: "10.0.8.0/24", Reason: "the printers"}}
	in := Input{Request: r, Network: n, ClusterID: clusterID, Others: []v1alpha1.RangeRequest{*r}}
	in.Snapshot.Traits, in.Snapshot.Subnets = ec2, subnets
	in.Snapshot.Blocks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}
	for _, s := range subnets {
		in.Snapshot.Occupied = append(in.Snapshot.Occupied, cloud.Occupied{Prefix: s.Primary, Kind: cloud.SubnetPrimary, Name: s.Zone + "/" + s.Name})
		for _, x := range s.Ranges {
			in.Snapshot.Occupied = append(in.Snapshot.Occupied, cloud.Occupied{Prefix: x.Prefix, Kind: cloud.SubnetReservation, Name: s.Name + "/" + x.Name, Mark: cloud.ParseMark(x.Name)})
		}
	}
	return in
}

func subnetOf(name, primary string, used ...string) cloud.Subnet {
	s := cloud.Subnet{Name: name, Zone: "z" + name, Primary: netip.MustParsePrefix(primary)}
	for _, u := range used {
		s.Used = append(s.Used, netip.MustParsePrefix(u))
	}
	return s
}

func (in Input) with(change func(*Input)) Input {
	change(&in)
	return in
}

// TestInside: where ranges lie inside their subnets' own blocks.
func TestInside(t *testing.T) {
	t.Parallel()
	pods := func(length int32) v1alpha1.RangeRequestSpec {
		return v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods, PrefixLength: &length}
	}
	named := func(cidrs ...v1alpha1.CIDR) v1alpha1.RangeRequestSpec {
		return v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods, CIDRs: cidrs}
	}
	a, b := subnetOf("a", "10.0.0.0/20", "10.0.0.0/30", "10.0.0.17/32", "10.0.15.255/32"), subnetOf("b", "10.0.16.0/20", "10.0.16.0/30", "10.0.31.255/32")
	scattered := subnetOf("a", "10.0.0.0/24", "10.0.0.0/30", "10.0.0.40/32", "10.0.0.77/32", "10.0.0.130/32", "10.0.0.140/32", "10.0.0.200/32")
	taken := a
	taken.Ranges = []cloud.Range{{Subnet: "a", Name: "by-hand", Prefix: netip.MustParsePrefix("10.0.4.0/22")}}
	services := v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Services}
	var text strings.Builder
	for _, c := range []struct {
		name string
		in   Input
	}{
		{"a range in each subnet, clear of what is in use", inSubnets(pods(22), a, b)},
		{"a subnet of the request alone", inSubnets(pods(22), a, b).with(func(in *Input) { in.Request.Spec.Subnets = []string{"b"} })},
		{"around another's reservation and what is reserved", inSubnets(pods(21), taken, b)},
		{"half of the subnet, where every half has addresses in use", inSubnets(pods(25), scattered)},
		{"more than the subnet has", inSubnets(pods(19), a)},
		{"a subnet whose block is not known", inSubnets(pods(22), cloud.Subnet{Name: "a"})},
		{"a subnet outside of the supernets", inSubnets(pods(22), subnetOf("c", "192.168.0.0/20"))},
		{"capacity counts an address for each pod", inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods, Capacity: &v1alpha1.Capacity{Nodes: 16, PodsPerNode: 110}}, a)},
		{"capacity of nodes no smaller than a piece", inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods, Capacity: &v1alpha1.Capacity{Nodes: 16, PodsPerNode: 4}}, a)},
		{"a named block may cover addresses in use", inSubnets(named("10.0.0.0/24"), a)},
		{"named blocks go to the subnets that they lie in", inSubnets(named("10.0.4.0/22", "10.0.20.0/22"), a, b)},
		{"a named block in no subnet", inSubnets(named("10.0.64.0/22"), a, b)},
		{"a named block that is a reservation already", inSubnets(named("10.0.4.0/22"), taken)},
		{"a named block over a reservation", inSubnets(named("10.0.0.0/21"), taken)},
		{"a routes' destination around the subnet is in nobody's way", inSubnets(pods(22), a).with(func(in *Input) {
			in.Snapshot.Occupied = append(in.Snapshot.Occupied, cloud.Occupied{Prefix: netip.MustParsePrefix("10.0.0.0/12"), Kind: cloud.StaticRoute, Name: "rtb/tgw"})
		})},
		{"smaller than a piece", inSubnets(pods(29), a)},
		{"nodes smaller than a piece", inSubnets(pods(22), a).with(func(in *Input) { in.Request.Spec.NodePrefixLength = ptr.To(intstr.FromInt32(29)) })},
		{"Routes", inSubnets(pods(22), a).with(func(in *Input) { in.Request.Spec.Attachment = v1alpha1.AttachRoutes })},
		{"Services keep clear of the VPC's blocks", inSubnets(services, a)},
		{"Services by name only of what is there", inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Services, CIDRs: []v1alpha1.CIDR{"10.0.96.0/20"}}, a)},
		{"Services over a subnet", inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Services, CIDRs: []v1alpha1.CIDR{"10.0.0.0/22"}}, a)},
		{"four pieces, each with an address in use", inSubnets(pods(26), subnetOf("a", "10.0.0.0/26", "10.0.0.3/32", "10.0.0.17/32", "10.0.0.33/32", "10.0.0.62/32"))},
		{"a named block of such pieces", inSubnets(named("10.0.0.0/26"), subnetOf("a", "10.0.0.0/24", "10.0.0.3/32", "10.0.0.17/32", "10.0.0.33/32", "10.0.0.62/32"))},
		{"the pieces of a range that was granted come to be in use", inSubnets(pods(26), subnetOf("a", "10.0.0.0/24", "10.0.0.3/32", "10.0.0.17/32", "10.0.0.33/32", "10.0.0.62/32")).with(func(in *Input) {
			in.Request.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/26", Subnet: "a", Name: own(0)}}
		})},
		{"the same, where a node has a piece", inSubnets(pods(26), subnetOf("a", "10.0.0.0/24", "10.0.0.3/32", "10.0.0.16/28", "10.0.0.33/32", "10.0.0.62/32")).with(func(in *Input) {
			in.Request.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/26", Subnet: "a", Name: own(0)}}
			in.Nodes = []*corev1.Node{node("n1", "10.0.0.16/28", "")}
		})},
		{"the block with most room, not that with the fewest addresses in use", inSubnets(pods(25), subnetOf("a", "10.0.0.0/24", "10.0.0.3/32", "10.0.0.20/32", "10.0.0.40/32", "10.0.0.128/32", "10.0.0.129/32", "10.0.0.130/32", "10.0.0.131/32"))},
		{"three subnets, of which the smallest has no room", inSubnets(pods(25), a, b, subnetOf("c", "10.0.32.0/26"))},
		{"sizes of their own", inSubnets(pods(22), a, b, subnetOf("c", "10.0.32.0/26")).with(func(in *Input) {
			in.Request.Spec.SubnetSizes = []v1alpha1.SubnetSize{{Name: "b", PrefixLength: 23}, {Name: "c", PrefixLength: 27}}
		})},
		{"a size for a subnet that is not selected", inSubnets(pods(22), a, b).with(func(in *Input) {
			in.Request.Spec.Subnets, in.Request.Spec.SubnetSizes = []string{"a"}, []v1alpha1.SubnetSize{{Name: "b", PrefixLength: 23}}
		})},
		{"Services that a ServiceCIDR shows, the status lost", inSubnets(services, a).with(func(in *Input) {
			in.Services = []ServiceBlock{{Prefix: netip.MustParsePrefix("172.20.16.0/20"), Name: "pods-x", Request: "pods"}}
		})},
		{"Services that a subnet was made over", inSubnets(services, a, subnetOf("c", "172.20.0.0/24")).with(func(in *Input) {
			in.Request.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "172.20.0.0/20", Name: "vn-x"}}
		})},
		{"Services of a subnet", inSubnets(services, a).with(func(in *Input) { in.Request.Spec.Subnets = []string{"a"} })},
		{"Custom is clear of what is in use", inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Custom, PrefixLength: ptr.To[int32](25)}, scattered)},
		{"Proxy", inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Proxy}, a)},
	} {
		fmt.Fprintf(&text, "# %s\n", c.name)
		steps, _, no := Plan(c.in)
		if no != nil {
			fmt.Fprintf(&text, "%s: %s\n", no.Reason, no.Text)
		}
		for _, s := range steps {
			fmt.Fprintf(&text, "%s %q create=%t adopted=%t: %s\n", s.Range.Prefix, s.Range.Subnet, s.Create, s.Adopted, s.Why)
		}
	}
	for _, c := range []struct {
		name string
		in   Input
		more Further
	}{
		{"growth in the subnet that is full", inSubnets(pods(22), taken, b).with(func(in *Input) {
			in.Request.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.16.0/22", Subnet: "b", Name: "vn-x"}}
		}), Further{Subnet: "a", Length: 24, Why: "it is full"}},
		{"growth of a subnet that is cut up", inSubnets(pods(25), scattered), Further{Subnet: "a", Length: 26, Why: "it is full"}},
		{"growth of Services that name a block of the VPC", inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Services, CIDRs: []v1alpha1.CIDR{"10.0.96.0/20"}}, a).with(func(in *Input) {
			in.Request.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.96.0/20", Name: "vn-x"}}
		}), Further{Length: 20, Why: "it is full"}},
	} {
		fmt.Fprintf(&text, "# %s\n", c.name)
		s, no := PlanFurther(c.in, c.more)
		if no != nil {
			fmt.Fprintf(&text, "%s: %s\n", no.Reason, no.Text)
			continue
		}
		fmt.Fprintf(&text, "%s %q create=%t adopted=%t: %s\n", s.Range.Prefix, s.Range.Subnet, s.Create, s.Adopted, s.Why)
	}
	golden.Check(t, "testdata/inside.golden", text.String())
}

// TestInsideLiesInside: whatever is used in a subnet, what is carved for pods
// lies in its block and the supernets, on no range, and on addresses in use
// only where no block is clear of them.
func TestInsideLiesInside(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		s := subnetOf("a", "10.0.0.0/24")
		for range random.IntN(12) {
			s.Used = append(s.Used, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(256))}), 32))
		}
		if at := random.IntN(20); at < 16 {
			s.Ranges = []cloud.Range{{Subnet: "a", Name: "by-hand", Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(at * 16)}), 28)}}
		}
		length := int32(25 + random.IntN(4))
		steps, _, no := Plan(inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods, PrefixLength: &length}, s))
		possible, clear := false, false
		for at := range split(s.Primary, int(length)) {
			free := !overlapsRange(s, at)
			possible = possible || free && !Feeds(at, 28, cloud.Snapshot{Traits: ec2, Subnets: []cloud.Subnet{s}}, nil).IsZero()
			clear = clear || free && len(prefix.Overlapping(s.Used, at)) == 0
		}
		if (no == nil) != possible {
			t.Fatalf("%v: /%d: got %v, want possible=%t", s, length, no, possible)
		}
		for _, x := range steps {
			p := x.Range.Prefix
			if !prefix.Contains(s.Primary, p) || p.Bits() != int(length) || overlapsRange(s, p) || clear && len(prefix.Overlapping(s.Used, p)) > 0 {
				t.Fatalf("%v: /%d: got %s", s, length, p)
			}
		}
	}
}

func overlapsRange(s cloud.Subnet, p netip.Prefix) bool {
	for _, r := range s.Ranges {
		if r.Prefix.Overlaps(p) {
			return true
		}
	}
	return false
}
