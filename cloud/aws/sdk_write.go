package aws

import (
	"context"
	"net/netip"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s sdk) createReservation(ctx context.Context, r reservation) error {
	_, err := s.CreateSubnetCidrReservation(ctx, &ec2.CreateSubnetCidrReservationInput{
		SubnetId: &r.subnet, Cidr: &r.cidr, ReservationType: types.SubnetCidrReservationType(r.kind), Description: &r.description,
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeSubnetCidrReservation, Tags: []types.Tag{{Key: awssdk.String(nameTag), Value: &r.name}},
		}},
	})
	return err
}

func (s sdk) deleteReservation(ctx context.Context, id string) error {
	_, err := s.DeleteSubnetCidrReservation(ctx, &ec2.DeleteSubnetCidrReservationInput{SubnetCidrReservationId: &id})
	return err
}

func (s sdk) assign(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error {
	_, err := s.AssignPrivateIpAddresses(ctx, &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: &interfaceID, Ipv4Prefixes: texts(prefixes)})
	return err
}

func (s sdk) unassign(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error {
	_, err := s.UnassignPrivateIpAddresses(ctx, &ec2.UnassignPrivateIpAddressesInput{NetworkInterfaceId: &interfaceID, Ipv4Prefixes: texts(prefixes)})
	return err
}

func (s sdk) assign6(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error {
	_, err := s.AssignIpv6Addresses(ctx, &ec2.AssignIpv6AddressesInput{NetworkInterfaceId: &interfaceID, Ipv6Prefixes: texts(prefixes)})
	return err
}

func (s sdk) unassign6(ctx context.Context, interfaceID string, prefixes []netip.Prefix) error {
	_, err := s.UnassignIpv6Addresses(ctx, &ec2.UnassignIpv6AddressesInput{NetworkInterfaceId: &interfaceID, Ipv6Prefixes: texts(prefixes)})
	return err
}

func (s sdk) createRoute(ctx context.Context, tableID string, to netip.Prefix, interfaceID string) error {
	in := &ec2.CreateRouteInput{RouteTableId: &tableID, NetworkInterfaceId: &interfaceID}
	in.DestinationCidrBlock, in.DestinationIpv6CidrBlock = byFamily(to)
	_, err := s.CreateRoute(ctx, in)
	return err
}

func (s sdk) deleteRoute(ctx context.Context, tableID string, to netip.Prefix) error {
	in := &ec2.DeleteRouteInput{RouteTableId: &tableID}
	in.DestinationCidrBlock, in.DestinationIpv6CidrBlock = byFamily(to)
	_, err := s.DeleteRoute(ctx, in)
	return err
}

func byFamily(p netip.Prefix) (v4, v6 *string) {
	text := p.String()
	if p.Addr().Is4() {
		return &text, nil
	}
	return nil, &text
}

func (s sdk) uncheck(ctx context.Context, interfaceID string) error {
	_, err := s.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{
		NetworkInterfaceId: &interfaceID, SourceDestCheck: &types.AttributeBooleanValue{Value: awssdk.Bool(false)},
	})
	return err
}

func (s sdk) addBlock(ctx context.Context, vpcID string, p netip.Prefix) error {
	_, err := s.AssociateVpcCidrBlock(ctx, &ec2.AssociateVpcCidrBlockInput{VpcId: &vpcID, CidrBlock: awssdk.String(p.String())})
	return err
}

func (s sdk) dropBlock(ctx context.Context, associationID string) error {
	_, err := s.DisassociateVpcCidrBlock(ctx, &ec2.DisassociateVpcCidrBlockInput{AssociationId: &associationID})
	return err
}

func (s sdk) addSubnet(ctx context.Context, vpcID string, n subnet) (string, error) {
	l, err := s.CreateSubnet(ctx, &ec2.CreateSubnetInput{
		VpcId: &vpcID, CidrBlock: &n.cidr, AvailabilityZone: &n.zone,
		TagSpecifications: []types.TagSpecification{{
			ResourceType: types.ResourceTypeSubnet, Tags: []types.Tag{{Key: awssdk.String(nameTag), Value: &n.name}},
		}},
	})
	if err != nil {
		return "", err
	}
	if l.Subnet == nil {
		return "", errEmpty
	}
	return awssdk.ToString(l.Subnet.SubnetId), nil
}

func (s sdk) dropSubnet(ctx context.Context, id string) error {
	_, err := s.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: &id})
	return err
}

func texts(prefixes []netip.Prefix) (out []string) {
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}
