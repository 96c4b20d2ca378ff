package awssim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

func (w *world) reserve(cidr string) (*types.SubnetCidrReservation, error) {
	r, err := w.ec2.CreateSubnetCidrReservation(w.ctx, &ec2.CreateSubnetCidrReservationInput{
		SubnetId: &w.subnet, Cidr: &cidr, ReservationType: types.SubnetCidrReservationTypeExplicit, Description: aws.String("why"),
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSubnetCidrReservation,
			Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String(cidr)}}}},
	})
	if err != nil {
		return nil, err
	}
	return r.SubnetCidrReservation, nil
}

func TestReservations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, eni := w.addVM("m5.large", "10.0.4.0/28")
	made, err := w.reserve("10.0.4.0/22") // what is in use there stays
	w.must(err)
	if *made.Cidr != "10.0.4.0/22" || *made.Description != "why" || *made.Tags[0].Value != "10.0.4.0/22" || made.ReservationType != "explicit" {
		t.Errorf("made %+v", made)
	}
	_, err = w.reserve("10.0.5.0/24")
	w.refused("InvalidParameterValue", err)
	_, err = w.reserve("10.1.0.0/24")
	w.refused("InvalidParameterValue", err)
	_, err = w.ec2.DeleteSubnetCidrReservation(w.ctx, &ec2.DeleteSubnetCidrReservationInput{SubnetCidrReservationId: made.SubnetCidrReservationId})
	w.must(err)
	_, err = w.ec2.DeleteSubnetCidrReservation(w.ctx, &ec2.DeleteSubnetCidrReservationInput{SubnetCidrReservationId: made.SubnetCidrReservationId})
	w.refused("InvalidSubnetCidrReservationID.NotFound", err)
	if len(w.held(eni)) != 1 {
		t.Error("the prefix went with the reservation")
	}
}

func TestReservationsComeInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	small, err := w.sim.AddSubnet(w.vpc, pfx("10.0.32.0/19"), "")
	w.must(err)
	at := pfx("10.0.32.0/28").Addr()
	for range 300 {
		p, err := at.Prefix(28)
		w.must(err)
		_, err = w.sim.AddReservation(awssim.Reservation{Subnet: small, Prefix: p})
		w.must(err)
		for range 16 {
			at = at.Next()
		}
	}
	var got int
	pages := 0
	for token := (*string)(nil); pages == 0 || token != nil; pages++ {
		l, err := w.ec2.GetSubnetCidrReservations(w.ctx, &ec2.GetSubnetCidrReservationsInput{SubnetId: &small, NextToken: token})
		w.must(err)
		got, token = got+len(l.SubnetIpv4CidrReservations), l.NextToken
	}
	if got != 300 || pages != 2 {
		t.Errorf("%d reservations on %d pages", got, pages)
	}
}

func TestPagesAndFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	other, err := w.sim.AddVPC(pfx("10.9.0.0/16"))
	w.must(err)
	far, err := w.sim.AddSubnet(other, pfx("10.9.0.0/24"), "eu-west-1b")
	w.must(err)
	_, err = w.sim.AddInstance(awssim.Instance{Interfaces: []awssim.Interface{{Subnet: far}}})
	w.must(err)
	for range 12 {
		w.addVM("m5.large")
	}
	inVPC := types.Filter{Name: aws.String("vpc-id"), Values: []string{w.vpc}}
	p := ec2.NewDescribeNetworkInterfacesPaginator(w.ec2, &ec2.DescribeNetworkInterfacesInput{MaxResults: aws.Int32(5), Filters: []types.Filter{inVPC}})
	n, pages := 0, 0
	for ; p.HasMorePages(); pages++ {
		l, err := p.NextPage(w.ctx)
		w.must(err)
		n += len(l.NetworkInterfaces)
	}
	if n != 12 || pages != 3 {
		t.Errorf("%d interfaces on %d pages", n, pages)
	}
	describe := func(in ec2.DescribeInstancesInput) error {
		_, err := w.ec2.DescribeInstances(w.ctx, &in)
		return err
	}
	w.refused("InvalidParameterValue", describe(ec2.DescribeInstancesInput{MaxResults: aws.Int32(4)}))
	w.refused("InvalidParameterCombination", describe(ec2.DescribeInstancesInput{MaxResults: aws.Int32(5), InstanceIds: []string{"i-1"}}))
	w.refused("InvalidInstanceID.NotFound", describe(ec2.DescribeInstancesInput{InstanceIds: []string{"i-0123456789abcdef0"}}))
	w.refused("InvalidInstanceID.Malformed", describe(ec2.DescribeInstancesInput{InstanceIds: []string{"vm"}}))
	w.refused("InvalidParameterValue", describe(ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}}))
	w.refused("FilterLimitExceeded", describe(ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("vpc-id"), Values: slices.Repeat([]string{"v"}, 201)}}}))
	w.refused("DryRunOperation", describe(ec2.DescribeInstancesInput{DryRun: aws.Bool(true)}))
	w.refused("UnknownParameter", describe(ec2.DescribeInstancesInput{IncludeManagedResources: aws.Bool(true)}))
	_, err = w.ec2.DescribeKeyPairs(w.ctx, &ec2.DescribeKeyPairsInput{})
	w.refused("InvalidAction", err)
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, err := w.ec2.CreateTags(w.ctx, &ec2.CreateTagsInput{Resources: []string{w.subnet, w.vpc}, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a/b")}}})
	w.must(err)
	l, err := w.ec2.DescribeSubnets(w.ctx, &ec2.DescribeSubnetsInput{Filters: []types.Filter{{Name: aws.String("tag:team"), Values: []string{"a*"}}}})
	w.must(err)
	if len(l.Subnets) != 1 || *l.Subnets[0].SubnetId != w.subnet {
		t.Errorf("found %+v", l.Subnets)
	}
	_, err = w.ec2.CreateTags(w.ctx, &ec2.CreateTagsInput{Resources: []string{w.subnet, "vpc-0bad"}, Tags: []types.Tag{{Key: aws.String("x"), Value: aws.String("y")}}})
	w.refused("InvalidVpcID.NotFound", err)
	_, err = w.ec2.DeleteTags(w.ctx, &ec2.DeleteTagsInput{Resources: []string{w.subnet}, Tags: []types.Tag{{Key: aws.String("team")}}})
	w.must(err)
	l, err = w.ec2.DescribeSubnets(w.ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{w.subnet}})
	w.must(err)
	if len(l.Subnets[0].Tags) != 0 {
		t.Errorf("kept %v", l.Subnets[0].Tags)
	}
}

func TestCIDRAssociations(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newWorld(t, awssim.Config{Instant: true, Clock: clock, Latency: time.Minute, CIDRsPerVPC: 3})
	clock.Advance(time.Minute)
	w.must(w.sim.AddRoute(w.vpc, pfx("100.65.0.0/24"), "tgw-1"))
	associate := func(cidr string) (*types.VpcCidrBlockAssociation, error) {
		r, err := w.ec2.AssociateVpcCidrBlock(w.ctx, &ec2.AssociateVpcCidrBlockInput{VpcId: &w.vpc, CidrBlock: &cidr})
		if err != nil {
			return nil, err
		}
		return r.CidrBlockAssociation, nil
	}
	for _, cidr := range []string{"172.16.0.0/16", "192.168.0.0/24", "198.19.0.0/16", "10.0.128.0/20", "100.64.0.0/10", "10.1.0.0/29", "100.65.0.0/16", "100.65.0.0/24"} {
		_, err := associate(cidr)
		w.refused("InvalidVpc.Range", err)
	}
	made, err := associate("100.64.0.0/16")
	w.must(err)
	if made.CidrBlockState.State != types.VpcCidrBlockStateCodeAssociating {
		t.Errorf("state %v", made.CidrBlockState.State)
	}
	sub := &ec2.CreateSubnetInput{VpcId: &w.vpc, CidrBlock: aws.String("100.64.0.0/20")}
	_, err = w.ec2.CreateSubnet(w.ctx, sub)
	w.refused("InvalidSubnet.Range", err) // not yet
	clock.Advance(time.Minute)
	got, err := w.ec2.CreateSubnet(w.ctx, sub)
	w.must(err)
	_, err = w.ec2.CreateSubnet(w.ctx, sub)
	w.refused("InvalidSubnet.Conflict", err)
	_, err = w.ec2.DisassociateVpcCidrBlock(w.ctx, &ec2.DisassociateVpcCidrBlockInput{AssociationId: made.AssociationId})
	w.refused("DependencyViolation", err)
	_, err = w.ec2.DeleteSubnet(w.ctx, &ec2.DeleteSubnetInput{SubnetId: got.Subnet.SubnetId})
	w.must(err)
	_, err = associate("10.2.0.0/16")
	w.must(err)
	_, err = associate("10.3.0.0/16")
	w.refused("CidrLimitExceeded", err)
	_, err = w.ec2.DisassociateVpcCidrBlock(w.ctx, &ec2.DisassociateVpcCidrBlockInput{AssociationId: made.AssociationId})
	w.must(err)
	clock.Advance(time.Minute)
	l, err := w.ec2.DescribeRouteTables(w.ctx, &ec2.DescribeRouteTablesInput{})
	w.must(err)
	var routes []string
	for _, r := range l.RouteTables[0].Routes {
		routes = append(routes, *r.DestinationCidrBlock)
	}
	if !slices.Equal(routes, []string{"10.0.0.0/16", "100.65.0.0/24", "10.2.0.0/16"}) {
		t.Errorf("the main table has %v", routes)
	}
}

func TestTerminatedInstances(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	vm, err := w.sim.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{
		{Subnet: w.subnet, Prefixes: nil}, {Subnet: w.subnet, Kept: true}}})
	w.must(err)
	w.must(w.assign(vm.Interfaces[0].ID, "10.0.1.0/28"))
	w.must(w.sim.StopInstance(vm.ID))
	if len(w.held(vm.Interfaces[0].ID)) != 1 {
		t.Error("a stopped instance lost its prefix")
	}
	w.must(w.sim.TerminateInstance(vm.ID))
	l, err := w.ec2.DescribeInstances(w.ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{vm.ID}})
	w.must(err)
	if i := l.Reservations[0].Instances[0]; i.State.Name != types.InstanceStateNameTerminated || len(i.NetworkInterfaces) != 0 {
		t.Errorf("a terminated instance reads %+v", i)
	}
	if left := w.sim.Interfaces(); len(left) != 1 || left[0].ID != vm.Interfaces[1].ID {
		t.Errorf("left are %+v", left)
	}
	_, other := w.addVM("m5.large")
	w.must(w.assign(other, "10.0.1.0/28"))
}

func TestInstanceTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	l, err := w.ec2.DescribeInstanceTypes(w.ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{"m5.xlarge"}})
	w.must(err)
	if n := l.InstanceTypes[0].NetworkInfo; *n.Ipv4AddressesPerInterface != 15 || *n.MaximumNetworkInterfaces != 4 {
		t.Errorf("m5.xlarge has %+v", n)
	}
	_, err = w.ec2.DescribeInstanceTypes(w.ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{"m5.huge"}})
	w.refused("InvalidInstanceType", err)
}
