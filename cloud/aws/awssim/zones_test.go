package awssim_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// nextOf is the address of the /64 after one.
func nextOf(a netip.Addr) netip.Addr {
	out := a.As16()
	out[7]++
	return netip.AddrFrom16(out)
}

var edge = awssim.Config{Instant: true, LocalZones: []string{"eu-west-1-dub-1a", "eu-west-1-dub-1b"}, WavelengthZones: []string{"eu-west-1-wl1-dub-wlz-1"}, NotOptedIn: []string{"eu-west-1-dub-1b"}}

func TestZonesAreOfTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edge)
	list := func(in ec2.DescribeAvailabilityZonesInput) (out []string) {
		t.Helper()
		got, err := w.ec2.DescribeAvailabilityZones(w.ctx, &in)
		w.must(err)
		for _, z := range got.AvailabilityZones {
			out = append(out, *z.ZoneName+" "+*z.ZoneType+" "+string(z.OptInStatus))
		}
		return out
	}
	local := []ec2types.Filter{{Name: aws.String("zone-type"), Values: []string{"local-zone"}}}
	for _, one := range []struct {
		in   ec2.DescribeAvailabilityZonesInput
		want []string
	}{
		{ec2.DescribeAvailabilityZonesInput{ZoneNames: []string{"eu-west-1b", "eu-west-1-wl1-dub-wlz-1"}},
			[]string{"eu-west-1b availability-zone opt-in-not-required", "eu-west-1-wl1-dub-wlz-1 wavelength-zone opted-in"}},
		{ec2.DescribeAvailabilityZonesInput{Filters: local}, []string{"eu-west-1-dub-1a local-zone opted-in"}},
		{ec2.DescribeAvailabilityZonesInput{Filters: local, AllAvailabilityZones: aws.Bool(true)},
			[]string{"eu-west-1-dub-1a local-zone opted-in", "eu-west-1-dub-1b local-zone not-opted-in"}},
	} {
		if got := list(one.in); !slices.Equal(got, one.want) {
			t.Errorf("got %q, want %q", got, one.want)
		}
	}
	_, err := w.ec2.DescribeAvailabilityZones(w.ctx, &ec2.DescribeAvailabilityZonesInput{ZoneNames: []string{"eu-west-1z"}})
	w.refused("InvalidParameterValue", err)
	_, err = w.sim.AddSubnet(w.vpc, pfx("10.0.16.0/24"), "eu-west-1-dub-1b")
	if err == nil {
		t.Error("a subnet was made in a zone that is not opted in to")
	}
}

func TestBalancersAreInNoZoneAtTheEdge(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, edge)
	made := func(in ec2.CreateSubnetInput) string {
		t.Helper()
		in.VpcId = &w.vpc
		got, err := w.ec2.CreateSubnet(w.ctx, &in)
		w.must(err)
		return *got.Subnet.SubnetId
	}
	six, err := w.sim.AddIPv6(w.subnet)
	w.must(err)
	native := ec2.CreateSubnetInput{Ipv6Native: aws.Bool(true), AvailabilityZone: aws.String("eu-west-1b"), VpcId: &w.vpc}
	_, err = w.ec2.CreateSubnet(w.ctx, &native)
	w.refused("MissingParameter", err)
	native.Ipv6CidrBlock = aws.String(pfx("::/64").String())
	_, err = w.ec2.CreateSubnet(w.ctx, &native)
	w.refused("InvalidSubnet.Range", err)
	native.Ipv6CidrBlock = aws.String(nextOf(six.Addr()).String() + "/64")
	for id, code := range map[string]string{
		made(ec2.CreateSubnetInput{CidrBlock: aws.String("10.0.16.0/24"), AvailabilityZone: aws.String("eu-west-1-dub-1a")}):                    "AvailabilityZoneNotSupported",
		made(ec2.CreateSubnetInput{CidrBlock: aws.String("10.0.17.0/24"), AvailabilityZone: aws.String("eu-west-1-wl1-dub-wlz-1")}):             "AvailabilityZoneNotSupported",
		made(ec2.CreateSubnetInput{CidrBlock: aws.String("10.0.18.0/24"), OutpostArn: aws.String("arn:aws:outposts:eu-west-1:1:outpost/op-1")}): "InvalidConfigurationRequest",
		made(native): "InvalidConfigurationRequest",
	} {
		_, err := w.create(elb.CreateLoadBalancerInput{Name: aws.String("edge"), Subnets: []string{id}, Scheme: types.LoadBalancerSchemeEnumInternal})
		w.refused(code, err)
	}
	got, err := w.ec2.DescribeSubnets(w.ctx, &ec2.DescribeSubnetsInput{Filters: []ec2types.Filter{{Name: aws.String("availability-zone"), Values: []string{"eu-west-1b"}}}})
	w.must(err)
	if n := got.Subnets[0]; !*n.Ipv6Native || n.CidrBlock != nil || *n.AvailableIpAddressCount != 0 || len(n.Ipv6CidrBlockAssociationSet) != 1 {
		t.Errorf("the subnet of IPv6 only is %+v", n)
	}
}

func TestWithoutAnInternetGatewayNothingFacesTheInternet(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	other, err := w.sim.AddVPC(pfx("10.9.0.0/16"))
	w.must(err)
	sub, err := w.sim.AddSubnet(other, pfx("10.9.0.0/24"), "")
	w.must(err)
	_, err = w.create(elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{sub}})
	w.refused("InvalidSubnet", err)
	igw, err := w.sim.AddInternetGateway(other)
	w.must(err)
	_, err = w.create(elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: []string{sub}})
	w.must(err)
	main, all := w.mainTable(), "0.0.0.0/0"
	_, err = w.ec2.CreateRoute(w.ctx, &ec2.CreateRouteInput{RouteTableId: &main, DestinationCidrBlock: &all, GatewayId: &igw})
	w.refused("InvalidParameterValue", err)
	_, err = w.ec2.CreateRoute(w.ctx, &ec2.CreateRouteInput{RouteTableId: &main, DestinationCidrBlock: &all, GatewayId: aws.String("igw-0")})
	w.refused("InvalidGatewayID.NotFound", err)
}

func TestASubnetUsesItsOwnTableOrTheMainOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	made, err := w.ec2.CreateRouteTable(w.ctx, &ec2.CreateRouteTableInput{VpcId: &w.vpc})
	w.must(err)
	table, main := made.RouteTable.RouteTableId, w.mainTable()
	use, err := w.ec2.AssociateRouteTable(w.ctx, &ec2.AssociateRouteTableInput{RouteTableId: table, SubnetId: &w.subnet})
	w.must(err)
	_, err = w.ec2.AssociateRouteTable(w.ctx, &ec2.AssociateRouteTableInput{RouteTableId: &main, SubnetId: &w.subnet})
	w.refused("Resource.AlreadyAssociated", err)
	_, err = w.ec2.DisassociateRouteTable(w.ctx, &ec2.DisassociateRouteTableInput{AssociationId: use.AssociationId})
	w.must(err)

	// Another main one.
	got, err := w.ec2.DescribeRouteTables(w.ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{main}})
	w.must(err)
	id := got.RouteTables[0].Associations[0].RouteTableAssociationId
	_, err = w.ec2.DisassociateRouteTable(w.ctx, &ec2.DisassociateRouteTableInput{AssociationId: id})
	w.refused("InvalidParameterValue", err)
	_, err = w.ec2.ReplaceRouteTableAssociation(w.ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: id, RouteTableId: table})
	w.must(err)
	if now := w.mainTable(); now != *table {
		t.Errorf("the main table is %s, want %s", now, *table)
	}
}
