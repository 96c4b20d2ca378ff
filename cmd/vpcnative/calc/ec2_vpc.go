package calc

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// VPC is the VPC that the plan needs.
type VPC struct {
	Blocks  []string `json:"blocks"`
	Subnets []Subnet `json:"subnets"`
	// Commands create it, if no IDs are given.
	Commands []string `json:"commands,omitempty"`
}

// Subnet is a subnet for nodes.
type Subnet struct {
	ID   string `json:"id"`
	Zone string `json:"zone"`
	CIDR string `json:"cidr"`
	// Machines is the maximum number of machines in it.
	Machines int `json:"machines"`
}

// layOut places blocks and subnets.
func (a Ask) layOut(taken []netip.Prefix) (sizing, *VPC, *NoFit) {
	s, no := a.size(taken)
	if no != nil {
		return s, nil, no
	}
	out := &VPC{}
	for _, b := range s.blocks {
		out.Blocks = append(out.Blocks, b.String())
	}
	places, err := prefix.Carve(s.blocks, nil, s.subnet, s.perZone*len(a.EC2.Zones))
	if err != nil {
		return s, nil, &NoFit{What: "VPC", Text: err.Error()}
	}
	slices.SortFunc(places, netip.Prefix.Compare)
	if given := len(a.EC2.Subnets); given > 0 && given != len(places) {
		return s, nil, &NoFit{What: "VPC", Text: fmt.Sprintf("the plan has %d subnets, and --subnets has %d: name all, in the order of the plan without --subnets", len(places), given)}
	}
	for i, p := range places {
		x := Subnet{ID: fmt.Sprintf("subnet-%017d", i+1), Zone: a.EC2.Zones[i/s.perZone], CIDR: p.String(), Machines: s.nodes}
		if len(a.EC2.Subnets) > 0 {
			x.ID = a.EC2.Subnets[i]
		}
		out.Subnets = append(out.Subnets, x)
	}
	if !a.known() {
		out.Commands = out.commands(a.EC2.Region)
	}
	return s, out, nil
}

// known reports whether the VPC is there, as far as the flags say.
func (a Ask) known() bool { return a.EC2.VPC != "" && len(a.EC2.Subnets) > 0 }

// commands create the VPC, and print the flags to plan with at the end.
func (v *VPC) commands(region string) []string {
	out := []string{fmt.Sprintf("VPC=$(aws ec2 create-vpc --region %s --cidr-block %s --query Vpc.VpcId --output text)", region, v.Blocks[0])}
	for _, b := range v.Blocks[1:] {
		out = append(out, fmt.Sprintf("aws ec2 associate-vpc-cidr-block --region %s --vpc-id $VPC --cidr-block %s", region, b))
	}
	if len(v.Blocks) > 1 { // no subnet can be created in a block that is being associated
		out = append(out, fmt.Sprintf(`until [ -z "$(aws ec2 describe-vpcs --region %s --vpc-ids $VPC --output text `+
			`--query "Vpcs[].CidrBlockAssociationSet[?CidrBlockState.State=='associating'].CidrBlock")" ]; do sleep 1; done`, region))
	}
	var ids []string
	for i, s := range v.Subnets {
		ids = append(ids, fmt.Sprintf("$S%d", i+1))
		out = append(out, fmt.Sprintf("S%d=$(aws ec2 create-subnet --region %s --vpc-id $VPC --availability-zone %s --cidr-block %s --query Subnet.SubnetId --output text)",
			i+1, region, s.Zone, s.CIDR))
	}
	return append(out, fmt.Sprintf("echo --aws-vpc-id $VPC --subnets %s", strings.Join(ids, ",")))
}

// enter puts the planned VPC into a blank one.
func (v *VPC) enter(blank cloud.Snapshot, a Ask) cloud.Snapshot {
	for _, text := range v.Blocks {
		blank.Blocks = append(blank.Blocks, netip.MustParsePrefix(text))
	}
	blank.Occupied = slices.Clone(blank.Occupied)
	for _, s := range v.Subnets {
		p := netip.MustParsePrefix(s.CIDR)
		blank.Subnets = append(blank.Subnets, cloud.Subnet{Name: s.ID, Zone: s.Zone, Primary: p, Used: kept(p)})
		blank.Occupied = append(blank.Occupied, cloud.Occupied{Prefix: p, Kind: cloud.SubnetPrimary, Name: s.Zone + "/" + s.ID})
	}
	if a.EC2.Routes {
		// A route for each block, and the default route.
		blank.Routes = &cloud.RouteRoom{Table: "main", Limit: a.EC2.RoutesPerTable, Used: len(v.Blocks) + 1}
	}
	return blank
}

// kept are the first four addresses of a subnet and the last one.
func kept(p netip.Prefix) []netip.Prefix {
	last := p
	for last.Bits() < 32 {
		_, last = prefix.Halves(last)
	}
	return []netip.Prefix{netip.PrefixFrom(p.Addr(), 30), last}
}
