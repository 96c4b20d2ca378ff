package carve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/test/golden"
)

// roomy asks for a /22 in each subnet, and for new subnets of /20 where one has
// no room.
func roomy(subnets ...cloud.Subnet) Input {
	in := inSubnets(v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods, PrefixLength: ptr.To[int32](22),
		Growth:     &v1alpha1.Growth{Threshold: 80, WaitingNodes: 1, MaxRanges: 8},
		NewSubnets: &v1alpha1.NewSubnets{Blocks: []v1alpha1.CIDR{"100.64.0.0/18", "100.65.0.0/16"}, SubnetPrefixLength: 20, MaxSubnets: 2},
	}, subnets...)
	in.Network.Spec.Supernets = append(in.Network.Spec.Supernets, "100.64.0.0/10")
	return in
}

func madeSubnet(in Input, name, zone, primary string, n int) cloud.Subnet {
	s := subnetOf(name, primary)
	s.Zone, s.Made = zone, in.owner().RoleName(fmt.Sprintf("subnet%d", n))
	return s
}

func (in Input) having(subnets ...cloud.Subnet) Input {
	in.Snapshot.Subnets = append(slices.Clone(in.Snapshot.Subnets), subnets...)
	for _, s := range subnets {
		in.Snapshot.Occupied = append(slices.Clone(in.Snapshot.Occupied), cloud.Occupied{Prefix: s.Primary, Kind: cloud.SubnetPrimary, Name: s.Zone + "/" + s.Name})
	}
	return in
}

func (in Input) blocks(all ...string) Input {
	for _, b := range all {
		in.Snapshot.Blocks = append(slices.Clone(in.Snapshot.Blocks), netip.MustParsePrefix(b))
	}
	return in
}

// TestNewSpace: subnets that are made where the zone's have no room.
func TestNewSpace(t *testing.T) {
	t.Parallel()
	small, large := subnetOf("small", "10.0.0.0/24"), subnetOf("large", "10.0.16.0/20")
	full := roomy(small, large)
	granted := func(in *Input) {
		in.Request.Status.Ranges = append(in.Request.Status.Ranges, v1alpha1.GrantedRange{CIDR: "10.0.20.0/22", Subnet: "large", Name: "vn-x"})
	}
	ours := func(n int, zone, p string) cloud.Subnet { return madeSubnet(full, "subnet-"+fmt.Sprint(n), zone, p, n) }
	other := roomy(small)
	other.Request.Name = "other"
	var text strings.Builder
	for _, c := range []struct {
		name string
		in   Input
		full []string
	}{
		{"a subnet without room is passed over, and its zone gets another", full, nil},
		{"in a block that the VPC has", roomy(small).blocks("100.64.0.0/18"), nil},
		{"a range in the subnet that was made", roomy(small).blocks("100.64.0.0/18").having(ours(0, "zsmall", "100.64.0.0/20")), nil},
		{"nothing is made for a subnet with room", roomy(large).with(granted), nil},
		{"growth without room", roomy(large).with(granted), []string{"large"}},
		{"growth without room in the one that was made too", roomy(large).with(granted).blocks("100.64.0.0/18").having(ours(0, "zlarge", "100.64.0.0/20")), []string{"large", "subnet-0"}},
		{"growth with room in the one that was made", roomy(large).with(granted).blocks("100.64.0.0/18").having(ours(0, "zlarge", "100.64.0.0/20")), []string{"large"}},
		{"as many as may be made", roomy(large).with(granted).blocks("100.64.0.0/18").having(ours(0, "zlarge", "100.64.0.0/20"), ours(1, "zlarge", "100.64.16.0/20")), []string{"large", "subnet-0", "subnet-1"}},
		{"the next block when the first is full", roomy(small).blocks("100.64.0.0/18").having(subnetOf("theirs", "100.64.0.0/18")), nil},
		{"another request's subnet is not this one's", roomy(large).with(granted).having(madeSubnet(other, "subnet-9", "zlarge", "100.64.0.0/20", 0)), nil},
		{"a block outside the supernets", roomy(small).with(func(in *Input) { in.Request.Spec.NewSubnets.Blocks = []v1alpha1.CIDR{"192.168.0.0/16"} }), nil},
		{"a block over a range of another request's", roomy(small).with(func(in *Input) {
			o := withRanges("100.64.1.0/24")
			o.Name = "routed"
			in.Others = append(in.Others, *o)
		}), nil},
		{"a block over a block", roomy(small).blocks("100.64.0.0/16"), nil},
		{"ranges as large as the subnets", roomy(small).with(func(in *Input) { in.Request.Spec.PrefixLength = ptr.To[int32](20) }), nil},
		{"where ranges lie beside the subnets", roomy(small).with(func(in *Input) { in.Snapshot.Traits = cloud.Traits{} }), nil},
	} {
		fmt.Fprintf(&text, "# %s\n", c.name)
		steps, _, no := Plan(c.in)
		if no != nil {
			fmt.Fprintf(&text, "%s: %s\n", no.Reason, no.Text)
			continue
		}
		for _, s := range steps {
			fmt.Fprintf(&text, "%s %q create=%t made=%t grown=%t: %s\n", s.Range.Prefix, s.Range.Subnet, s.Create, s.Made, s.Grown, s.Why)
			s.Record(c.in.Request, v1alpha1.RangeGranted)
		}
		for _, zone := range FullZones(c.in, c.full) {
			m, no := PlanSpace(c.in, zone)
			if no != nil {
				fmt.Fprintf(&text, "%s: %s\n", no.Reason, no.Text)
				continue
			}
			fmt.Fprintf(&text, "make %s in %s as %s, block %s, record %+v: %s\n", m.Subnet.Prefix, m.Subnet.Zone, m.Subnet.Name, m.Block, m.Record, m.Why)
		}
		c.in.Request.Status.NewSubnets = MadeSpace(c.in)
		if s := c.in.Request.Status.NewSubnets; s != nil {
			fmt.Fprintf(&text, "status %+v\n", s.Subnets)
		}
	}
	golden.Check(t, "testdata/space.golden", text.String())
}
