package carve

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/test/golden"
)

const clusterID = "b7d3"

// own is the name of the request's index-th range.
func own(index int) string {
	return cloud.Owner{ClusterID: clusterID, Kind: OwnerKind, Name: "pods"}.ObjectName(index)
}

// story is an Input in short.
type story struct {
	name    string
	cidrs   []v1alpha1.CIDR
	length  int32
	nodes   int32 // of 110 pods
	node    int32 // node prefix length
	subnets []string
	had     []v1alpha1.GrantedRange
	vpc     []string        // subnets of the VPC; "nodes" by default
	ranges  []cloud.Range   // of the VPC
	others  []v1alpha1.CIDR // granted to another request
	more    []cloud.Occupied

	purpose  v1alpha1.Purpose // Pods by default
	growth   bool
	rival    []v1alpha1.CIDR // named by another request, not granted
	age      time.Duration   // how much older than the request that one is
	services []string        // ServiceCIDRs of the cluster

	rivals    v1alpha1.Purpose   // of that request; Pods by default
	elsewhere string             // its Network
	said      []metav1.Condition // its conditions
	families  []v1alpha1.Family
	most      int  // ranges that the cloud allows a subnet
	noAPI     bool // for ServiceCIDRs
	goes      bool // the Network is being deleted
}

var created = time.Unix(1_700_000_000, 0)

func (s story) input() Input {
	r := &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	r.CreationTimestamp = metav1.NewTime(created)
	r.Spec.Purpose, r.Spec.IPFamilies = cmp.Or(s.purpose, v1alpha1.Pods), []v1alpha1.Family{v1alpha1.IPv4}
	if s.families != nil {
		r.Spec.IPFamilies = s.families
	}
	r.Spec.CIDRs, r.Spec.Subnets, r.Status.Ranges = s.cidrs, s.subnets, s.had
	if s.growth {
		r.Spec.Growth = &v1alpha1.Growth{Threshold: 80, WaitingNodes: 1, MaxRanges: 8}
	}
	if s.length != 0 {
		r.Spec.PrefixLength = &s.length
	}
	if s.nodes != 0 {
		r.Spec.Capacity = &v1alpha1.Capacity{Nodes: s.nodes, PodsPerNode: 110}
	}
	if s.node != 0 {
		r.Spec.NodePrefixLength = ptr.To(intstr.FromInt32(s.node))
	}
	n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	n.Spec.Supernets = []v1alpha1.CIDR{"10.0.0.0/12"}
	n.Spec.Reserved = []v1alpha1.ReservedBlock{{CIDR: "10.15.0.0/16", Reason: "the office"}}
	in := Input{Request: r, Network: n, ClusterID: clusterID, Others: []v1alpha1.RangeRequest{*r}}
	in.NoServices = s.noAPI
	if s.goes {
		n.DeletionTimestamp = &r.CreationTimestamp
	}
	in.Snapshot.Occupied = append([]cloud.Occupied{
		{Prefix: netip.MustParsePrefix("10.0.0.0/20"), Kind: cloud.SubnetPrimary, Name: "r/nodes"},
		{Prefix: netip.MustParsePrefix("10.4.0.0/16"), Kind: cloud.SecondaryRange, Name: "r/nodes/theirs"},
		{Prefix: netip.MustParsePrefix("10.5.0.0/16"), Kind: cloud.StaticRoute, Name: "vpn"},
	}, s.more...)
	names := s.vpc
	if names == nil {
		names = []string{"nodes"}
	}
	for _, name := range names {
		sub := cloud.Subnet{Name: name, MaxRanges: s.most}
		for _, x := range s.ranges {
			if x.Subnet == name {
				sub.Ranges = append(sub.Ranges, x)
			}
		}
		in.Snapshot.Subnets = append(in.Snapshot.Subnets, sub)
	}
	for _, x := range s.ranges {
		in.Snapshot.Occupied = append(in.Snapshot.Occupied, cloud.Occupied{Prefix: x.Prefix, Kind: cloud.SecondaryRange, Name: "r/" + x.Subnet + "/" + x.Name, Mark: cloud.ParseMark(x.Name)})
	}
	for i, x := range s.services {
		in.Services = append(in.Services, ServiceBlock{Prefix: netip.MustParsePrefix(x), Name: fmt.Sprintf("sc%d", i)})
	}
	if s.rival != nil {
		rival := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "rival", CreationTimestamp: metav1.NewTime(created.Add(-s.age))}}
		rival.Spec.Purpose, rival.Spec.IPFamilies = cmp.Or(s.rivals, v1alpha1.Pods), r.Spec.IPFamilies
		rival.Spec.CIDRs, rival.Status.Conditions = s.rival, s.said
		rival.Spec.NetworkName = s.elsewhere
		in.Others = append(in.Others, rival)
	}
	if s.others != nil {
		other := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "other"}}
		for _, c := range s.others {
			other.Status.Ranges = append(other.Status.Ranges, v1alpha1.GrantedRange{CIDR: string(c), Subnet: "nodes", Name: "x"})
		}
		in.Others = append(in.Others, other)
	}
	return in
}

func granted(cidr, subnet string) []v1alpha1.GrantedRange {
	return []v1alpha1.GrantedRange{{CIDR: cidr, Subnet: subnet, Name: own(0)}}
}

func there(cidr, subnet string) []cloud.Range {
	return []cloud.Range{{Subnet: subnet, Name: own(0), Prefix: netip.MustParsePrefix(cidr)}}
}

var stories = []story{
	{name: "explicit", cidrs: []v1alpha1.CIDR{"10.8.0.0/16"}, node: 24},
	{name: "explicit, one more", cidrs: []v1alpha1.CIDR{"10.8.0.0/16", "10.9.0.0/16"}, had: granted("10.8.0.0/16", "nodes"), ranges: there("10.8.0.0/16", "nodes")},
	{name: "by length", length: 16},
	{name: "by length, there already", length: 16, had: granted("10.8.0.0/16", "nodes"), ranges: there("10.8.0.0/16", "nodes")},
	{name: "by capacity", nodes: 200},
	{name: "in two subnets", length: 16, vpc: []string{"a", "b"}},
	{name: "in one of two subnets", length: 16, vpc: []string{"a", "b"}, subnets: []string{"b"}},
	{name: "an unknown subnet", length: 16, subnets: []string{"c"}},
	{name: "explicit, and which subnet", cidrs: []v1alpha1.CIDR{"10.8.0.0/16"}, vpc: []string{"a", "b"}},
	{name: "over a subnet", cidrs: []v1alpha1.CIDR{"10.0.8.0/24"}},
	{name: "over a secondary range", cidrs: []v1alpha1.CIDR{"10.4.8.0/24"}},
	{name: "over a route", cidrs: []v1alpha1.CIDR{"10.5.8.0/24"}},
	{name: "over a reserved block", cidrs: []v1alpha1.CIDR{"10.15.8.0/24"}},
	{name: "over another request", cidrs: []v1alpha1.CIDR{"10.9.8.0/24"}, others: []v1alpha1.CIDR{"10.9.0.0/16"}},
	{name: "around another request", length: 15, others: []v1alpha1.CIDR{"10.2.0.0/15"}},
	{name: "host bits", cidrs: []v1alpha1.CIDR{"10.8.0.1/16"}},
	{name: "outside the supernets", cidrs: []v1alpha1.CIDR{"172.16.0.0/16"}},
	{name: "a node larger than the range", length: 24, node: 20},
	{name: "no room", length: 12},
	{name: "the status lost, the mark in the VPC", length: 16, ranges: there("10.9.0.0/16", "nodes")},
	{name: "deleted by hand", length: 16, had: granted("10.9.0.0/16", "nodes")},
	{name: "deleted by hand, and taken", length: 16, had: granted("10.9.0.0/16", "nodes"),
		more: []cloud.Occupied{{Prefix: netip.MustParsePrefix("10.9.4.0/24"), Kind: cloud.SubnetPrimary, Name: "r/new"}}},
	{name: "deleted by hand, while another subnet is added", length: 16, vpc: []string{"a", "b"}, had: granted("10.1.0.0/16", "b")},
	{name: "a name of ours that is in use", length: 16, ranges: []cloud.Range{{Subnet: "nodes", Name: cloud.Owner{ClusterID: "other", Kind: OwnerKind, Name: "pods"}.ObjectName(0), Prefix: netip.MustParsePrefix("10.9.0.0/16")}}},
}

func init() {
	byHand := func(cidr, subnet string) []cloud.Range {
		return []cloud.Range{{Subnet: subnet, Name: "by-hand", Prefix: netip.MustParsePrefix(cidr)}}
	}
	adopted := func(cidr string) []v1alpha1.GrantedRange {
		return []v1alpha1.GrantedRange{{CIDR: cidr, Subnet: "nodes", Name: "by-hand", Adopted: true}}
	}
	marked := func(cluster, name string) []cloud.Range {
		return []cloud.Range{{Subnet: "nodes", Prefix: netip.MustParsePrefix("10.9.0.0/16"),
			Name: cloud.Owner{ClusterID: cluster, Kind: OwnerKind, Name: name}.ObjectName(0)}}
	}
	stories = append(stories, []story{
		{name: "services, of the size by default, in the first subnet", purpose: v1alpha1.Services, vpc: []string{"a", "b"}},
		{name: "services, in the subnet it names", purpose: v1alpha1.Services, length: 24, vpc: []string{"a", "b"}, subnets: []string{"b"}},
		{name: "services, in two subnets", purpose: v1alpha1.Services, vpc: []string{"a", "b"}, subnets: []string{"a", "b"}},
		{name: "services stay where they are when the subnets change order", purpose: v1alpha1.Services, vpc: []string{"b", "a"}, had: granted("10.9.0.0/20", "a"), ranges: there("10.9.0.0/20", "a")},
		{name: "services keep clear of every ServiceCIDR", purpose: v1alpha1.Services, services: []string{"10.0.16.0/20", "10.0.32.0/20"}},
		{name: "services over a part of a ServiceCIDR", purpose: v1alpha1.Services, cidrs: []v1alpha1.CIDR{"10.8.0.0/20"}, services: []string{"10.8.0.0/16"}},
		{name: "services that are a ServiceCIDR", purpose: v1alpha1.Services, cidrs: []v1alpha1.CIDR{"10.8.0.0/20"}, services: []string{"10.8.0.0/20"}},
		{name: "services, one more, there and with its ServiceCIDR", purpose: v1alpha1.Services, had: granted("10.8.0.0/20", "nodes"), ranges: there("10.8.0.0/20", "nodes"), services: []string{"10.8.0.0/20"}},
		{name: "pods keep clear of every ServiceCIDR", length: 16, services: []string{"10.1.0.0/20"}},
		{name: "pods over a ServiceCIDR", cidrs: []v1alpha1.CIDR{"10.8.0.0/20"}, services: []string{"10.8.0.0/20"}},
		{name: "custom, in the first subnet", purpose: v1alpha1.Custom, length: 24, vpc: []string{"a", "b"}},
		{name: "custom, in the subnets it names", purpose: v1alpha1.Custom, length: 24, vpc: []string{"a", "b", "c"}, subnets: []string{"b", "c"}},
		{name: "custom, explicit", purpose: v1alpha1.Custom, cidrs: []v1alpha1.CIDR{"10.9.0.0/24"}, vpc: []string{"a", "b"}},

		{name: "made by hand, named: adopted", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, ranges: byHand("10.9.0.0/16", "nodes")},
		{name: "made by hand, adopted already", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, ranges: byHand("10.9.0.0/16", "nodes"), had: adopted("10.9.0.0/16")},
		{name: "made by hand, and one more", cidrs: []v1alpha1.CIDR{"10.9.0.0/16", "10.10.0.0/16"}, ranges: byHand("10.9.0.0/16", "nodes")},
		{name: "made by hand, a part of it named", cidrs: []v1alpha1.CIDR{"10.9.0.0/17"}, ranges: byHand("10.9.0.0/16", "nodes")},
		{name: "made by hand in another subnet", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, vpc: []string{"nodes", "b"}, subnets: []string{"nodes"}, ranges: byHand("10.9.0.0/16", "b")},
		{name: "made by hand, outside the supernets", cidrs: []v1alpha1.CIDR{"172.16.0.0/16"}, ranges: byHand("172.16.0.0/16", "nodes")},
		{name: "made by hand, and reserved", cidrs: []v1alpha1.CIDR{"10.15.0.0/16"}, ranges: byHand("10.15.0.0/16", "nodes")},
		{name: "made by hand, and adopted by another request", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, ranges: byHand("10.9.0.0/16", "nodes"), others: []v1alpha1.CIDR{"10.9.0.0/16"}},
		{name: "made by hand, not named", length: 16, ranges: byHand("10.1.0.0/16", "nodes")},
		{name: "adopted, and removed by hand", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, had: adopted("10.9.0.0/16")},
		{name: "another cluster's", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, ranges: marked("other", "pods")},
		{name: "another request's", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, ranges: marked(clusterID, "rival"), rival: []v1alpha1.CIDR{"10.11.0.0/16"}},
		{name: "that of a request that is gone", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, ranges: marked(clusterID, "gone")},

		{name: "an older request names it too", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16"}, age: time.Second},
		{name: "an older request names a part of it", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.4.0/24"}, age: time.Second},
		{name: "a younger request names it too", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16"}, age: -time.Second},
		{name: "a request as old with a later name names it too", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16"}},
		{name: "a younger request was granted it", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16"}, age: -time.Second, others: []v1alpha1.CIDR{"10.9.0.0/16"}},

		{name: "an older request names it too, and a block outside the supernets", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16", "172.16.0.0/16"}, age: time.Second},
		{name: "an older request names a part of it, and a part of a route", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/24", "10.5.4.0/24"}, age: time.Second},
		{name: "an older Services request names more than a ServiceCIDR", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.8.0.0/15"}, rivals: v1alpha1.Services, services: []string{"10.8.0.0/16"}, age: time.Second},
		{name: "an older Services request names it, and there are no ServiceCIDRs", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16"}, rivals: v1alpha1.Services, noAPI: true, age: time.Second},
		{name: "an older request of another Network names it too", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16"}, elsewhere: "other", age: time.Second},
		{name: "an older request of a Network that is not there names it too", cidrs: []v1alpha1.CIDR{"10.9.0.0/16"}, rival: []v1alpha1.CIDR{"10.9.0.0/16"}, elsewhere: "other", age: time.Second,
			said: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNetworkNotFound}}},

		{name: "IPv6 alone", length: 16, families: []v1alpha1.Family{v1alpha1.IPv6}},
		{name: "both families", length: 16, families: []v1alpha1.Family{v1alpha1.IPv6, v1alpha1.IPv4}},
		{name: "services without ServiceCIDRs", purpose: v1alpha1.Services, noAPI: true},
		{name: "pods without ServiceCIDRs", length: 16, noAPI: true},
		{name: "the Network is being deleted", length: 16, goes: true},
		{name: "the subnet has all the ranges that the cloud allows", length: 16, most: 1, ranges: byHand("10.9.0.0/16", "nodes")},
		{name: "room for one more range of two", cidrs: []v1alpha1.CIDR{"10.8.0.0/16", "10.10.0.0/16"}, most: 2, ranges: byHand("10.9.0.0/16", "nodes")},
		{name: "the last range that the cloud allows", length: 16, most: 2, ranges: byHand("10.9.0.0/16", "nodes")},
		{name: "all the ranges that the cloud allows, one of them ours", length: 16, most: 1, had: granted("10.9.0.0/16", "nodes"), ranges: there("10.9.0.0/16", "nodes")},
		{name: "explicit, and in one of two subnets", cidrs: []v1alpha1.CIDR{"10.9.0.0/16", "10.10.0.0/16"}, vpc: []string{"a", "b"}, had: granted("10.9.0.0/16", "b"), ranges: there("10.9.0.0/16", "b")},
		{name: "custom stays in each subnet where it is", purpose: v1alpha1.Custom, length: 24, vpc: []string{"a", "b", "c"},
			had: append(granted("10.9.0.0/24", "b"), granted("10.9.1.0/24", "c")...), ranges: append(there("10.9.0.0/24", "b"), there("10.9.1.0/24", "c")...)},

		{name: "grown, there", length: 16, growth: true, ranges: append(there("10.8.0.0/16", "nodes"), cloud.Range{Subnet: "nodes", Name: own(1), Prefix: netip.MustParsePrefix("10.9.0.0/16")}),
			had: append(granted("10.8.0.0/16", "nodes"), v1alpha1.GrantedRange{CIDR: "10.9.0.0/16", Subnet: "nodes", Name: own(1), Grown: true})},
		{name: "grown, the status lost", length: 16, growth: true, ranges: append(there("10.8.0.0/16", "nodes"), cloud.Range{Subnet: "nodes", Name: own(1), Prefix: netip.MustParsePrefix("10.9.0.0/16")})},
		{name: "grown, not in the status yet, and lower than the first", length: 16, growth: true, had: granted("10.9.0.0/16", "nodes"),
			ranges: append(there("10.9.0.0/16", "nodes"), cloud.Range{Subnet: "nodes", Name: own(1), Prefix: netip.MustParsePrefix("10.8.0.0/16")})},
		{name: "grown and leaving, gone from the VPC: not put back", length: 16, growth: true, ranges: there("10.8.0.0/16", "nodes"),
			had: append(granted("10.8.0.0/16", "nodes"), v1alpha1.GrantedRange{CIDR: "10.9.0.0/16", Subnet: "nodes", Name: own(1), Grown: true, Leaving: true})},
	}...)
}

func TestPlan(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, s := range stories {
		fmt.Fprintf(&got, "# %s\n", s.name)
		steps, _, no := Plan(s.input())
		for _, x := range steps {
			verb := "keep"
			switch {
			case x.Create:
				verb = "create"
			case x.Adopted:
				verb = "adopt"
			case x.Grown:
				verb = "keep, grown"
			}
			fmt.Fprintf(&got, "%s %s %s in %s, chosen %v: %s\n", verb, x.Range.Name, x.Range.Prefix, x.Range.Subnet, x.Chosen, x.Why)
		}
		if no != nil {
			fmt.Fprintf(&got, "refused, %s: %s\n", no.Reason, no.Text)
		}
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/plan.golden", got.String())
}

// TestAPlanNeverOverlaps: what is to be created is free, in the VPC as in the
// books.
func TestAPlanNeverOverlaps(t *testing.T) {
	t.Parallel()
	for _, s := range stories {
		in := s.input()
		steps, _, _ := Plan(in)
		for i, x := range steps {
			if !x.Create {
				continue
			}
			for _, o := range in.Snapshot.Occupied {
				if o.Prefix.Overlaps(x.Range.Prefix) {
					t.Errorf("%s: %s overlaps %s", s.name, x.Range.Prefix, o.Name)
				}
			}
			for _, y := range steps[:i] {
				if y.Range.Prefix.Overlaps(x.Range.Prefix) {
					t.Errorf("%s: %s and %s overlap", s.name, x.Range.Prefix, y.Range.Prefix)
				}
			}
		}
	}
}

func TestSupported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		purpose  v1alpha1.Purpose
		families []v1alpha1.Family
		ok       bool
	}{
		{v1alpha1.Pods, []v1alpha1.Family{v1alpha1.IPv4}, true},
		{v1alpha1.Services, []v1alpha1.Family{v1alpha1.IPv4}, true},
		{v1alpha1.Pods, []v1alpha1.Family{v1alpha1.IPv6}, false},
		{v1alpha1.Pods, []v1alpha1.Family{v1alpha1.IPv4, v1alpha1.IPv6}, true},
		{v1alpha1.Pods, []v1alpha1.Family{v1alpha1.IPv6, v1alpha1.IPv4}, true},
	} {
		r := &v1alpha1.RangeRequest{}
		r.Spec.Purpose, r.Spec.IPFamilies = c.purpose, c.families
		if no := (Input{Request: r}).supported(); (no == nil) != c.ok || no != nil && no.Reason != v1alpha1.ReasonUnsupported {
			t.Errorf("%s %v: %v", c.purpose, c.families, no)
		}
	}
}
