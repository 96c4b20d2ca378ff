package awssim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

func (w *world) assign6(eni string, prefixes ...string) error {
	_, err := w.ec2.AssignIpv6Addresses(w.ctx, &ec2.AssignIpv6AddressesInput{NetworkInterfaceId: &eni, Ipv6Prefixes: prefixes})
	return err
}

func TestIPv6Prefixes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, eni := w.addVM("m5.large")
	_, other := w.addVM("m5.large")
	w.refused("InvalidParameterValue", w.assign6(eni, "2600:1f00::/80")) // the subnet has no IPv6
	block, err := w.sim.AddIPv6(w.subnet)
	w.must(err)
	first := block.Addr().String() + "/80"
	w.must(w.assign6(eni, first))
	w.refused("InvalidParameterValue", w.assign6(eni, first))
	w.refused("InvalidParameterValue", w.assign6(other, first))
	w.refused("InvalidParameterValue", w.assign6(other, block.String()))
	counted, err := w.ec2.AssignIpv6Addresses(w.ctx, &ec2.AssignIpv6AddressesInput{NetworkInterfaceId: &other, Ipv6PrefixCount: aws.Int32(1)})
	w.must(err)
	if len(counted.AssignedIpv6Prefixes) != 1 || counted.AssignedIpv6Prefixes[0] == first {
		t.Errorf("given %v", counted.AssignedIpv6Prefixes)
	}
	l, err := w.ec2.DescribeNetworkInterfaces(w.ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{eni}})
	w.must(err)
	if p := l.NetworkInterfaces[0].Ipv6Prefixes; len(p) != 1 || *p[0].Ipv6Prefix != first {
		t.Errorf("it has %+v", p)
	}
	free := func() error {
		_, err := w.ec2.UnassignIpv6Addresses(w.ctx, &ec2.UnassignIpv6AddressesInput{NetworkInterfaceId: &eni, Ipv6Prefixes: []string{first}})
		return err
	}
	w.must(free())
	w.refused("InvalidParameterValue", free())
	w.must(w.assign6(other, first))
	for _, vm := range w.sim.Instances() {
		w.must(w.sim.TerminateInstance(vm.ID))
	}
	_, eni = w.addVM("m5.large")
	w.must(w.assign6(eni, first)) // they went with their interface
}

func TestIPv6BlocksLieInTheVPCs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	made, err := w.ec2.AssociateVpcCidrBlock(w.ctx, &ec2.AssociateVpcCidrBlockInput{VpcId: &w.vpc, AmazonProvidedIpv6CidrBlock: aws.Bool(true)})
	w.must(err)
	of := pfx(*made.Ipv6CidrBlockAssociation.Ipv6CidrBlock).Addr().String()
	give := func(cidr string) error {
		_, err := w.ec2.AssociateSubnetCidrBlock(w.ctx, &ec2.AssociateSubnetCidrBlockInput{SubnetId: &w.subnet, Ipv6CidrBlock: &cidr})
		return err
	}
	w.refused("InvalidSubnet.Range", give(of+"/80"))
	w.refused("InvalidSubnet.Range", give("2001:db8::/64"))
	w.must(give(of + "/64"))
	w.refused("InvalidSubnet.Conflict", give(of+"/64"))
	l, err := w.ec2.DescribeSubnets(w.ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{w.subnet}})
	w.must(err)
	if a := l.Subnets[0].Ipv6CidrBlockAssociationSet; len(a) != 1 || *a[0].Ipv6CidrBlock != of+"/64" || a[0].Ipv6CidrBlockState.State != "associated" {
		t.Errorf("the subnet has %+v", a)
	}
}
