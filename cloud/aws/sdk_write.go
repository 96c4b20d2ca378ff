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

func texts(prefixes []netip.Prefix) (out []string) {
	for _, p := range prefixes {
		out = append(out, p.String())
	}
	return out
}
