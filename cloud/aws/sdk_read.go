package aws

import (
	"context"
	"errors"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// sdk is the api on the generated client.
type sdk struct{ *ec2.Client }

// The most that EC2 puts on one page. Source: the API reference, MaxResults.
const (
	pageSize      = 1000
	tablePageSize = 100
	listPageSize  = 100
)

var errEmpty = errors.New("the cloud answered with an empty list")

func (s sdk) vpc(ctx context.Context, id string) (network, error) {
	l, err := s.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{id}})
	if err != nil {
		return network{}, err
	}
	if len(l.Vpcs) == 0 {
		return network{}, errEmpty
	}
	var n network
	for _, a := range l.Vpcs[0].CidrBlockAssociationSet {
		if a.CidrBlockState != nil {
			n.blocks = append(n.blocks, block{awssdk.ToString(a.AssociationId), awssdk.ToString(a.CidrBlock), string(a.CidrBlockState.State), awssdk.ToString(a.CidrBlockState.StatusMessage)})
		}
	}
	if cidr := awssdk.ToString(l.Vpcs[0].CidrBlock); len(n.blocks) == 0 && cidr != "" {
		n.blocks = []block{{cidr: cidr, state: string(types.VpcCidrBlockStateCodeAssociated)}} // some emulators do not list it
	}
	for _, a := range l.Vpcs[0].Ipv6CidrBlockAssociationSet {
		if a.Ipv6CidrBlockState != nil {
			n.blocks = append(n.blocks, block{awssdk.ToString(a.AssociationId), awssdk.ToString(a.Ipv6CidrBlock), string(a.Ipv6CidrBlockState.State), awssdk.ToString(a.Ipv6CidrBlockState.StatusMessage)})
		}
	}
	return n, nil
}

func (s sdk) subnets(ctx context.Context, vpcID, token string) (page[subnet], error) {
	l, err := s.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: only("vpc-id", vpcID), MaxResults: awssdk.Int32(pageSize), NextToken: optional(token)})
	if err != nil {
		return page[subnet]{}, err
	}
	p := page[subnet]{next: awssdk.ToString(l.NextToken)}
	for _, n := range l.Subnets {
		got := subnet{id: awssdk.ToString(n.SubnetId), zone: awssdk.ToString(n.AvailabilityZone), name: nameOf(n.Tags), cidr: awssdk.ToString(n.CidrBlock), state: string(n.State)}
		for _, a := range n.Ipv6CidrBlockAssociationSet {
			if a.Ipv6CidrBlockState != nil && a.Ipv6CidrBlockState.State == types.SubnetCidrBlockStateCodeAssociated {
				got.ipv6 = append(got.ipv6, awssdk.ToString(a.Ipv6CidrBlock))
			}
		}
		p.items = append(p.items, got)
	}
	return p, nil
}

func (s sdk) reservations(ctx context.Context, subnetID, token string) (page[reservation], error) {
	l, err := s.GetSubnetCidrReservations(ctx, &ec2.GetSubnetCidrReservationsInput{SubnetId: &subnetID, MaxResults: awssdk.Int32(pageSize), NextToken: optional(token)})
	if err != nil {
		return page[reservation]{}, err
	}
	p := page[reservation]{next: awssdk.ToString(l.NextToken)}
	for _, list := range [][]types.SubnetCidrReservation{l.SubnetIpv4CidrReservations, l.SubnetIpv6CidrReservations} {
		for _, r := range list {
			p.items = append(p.items, reservation{awssdk.ToString(r.SubnetCidrReservationId), subnetID, awssdk.ToString(r.Cidr),
				string(r.ReservationType), awssdk.ToString(r.Description), nameOf(r.Tags)})
		}
	}
	return p, nil
}

func (s sdk) routeTables(ctx context.Context, vpcID, token string) (page[routeTable], error) {
	l, err := s.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: only("vpc-id", vpcID), MaxResults: awssdk.Int32(tablePageSize), NextToken: optional(token)})
	if err != nil {
		return page[routeTable]{}, err
	}
	p := page[routeTable]{next: awssdk.ToString(l.NextToken)}
	for _, t := range l.RouteTables {
		got := routeTable{id: awssdk.ToString(t.RouteTableId)}
		for _, a := range t.Associations {
			got.main = got.main || awssdk.ToBool(a.Main)
			if a.SubnetId != nil {
				got.subnets = append(got.subnets, *a.SubnetId)
			}
		}
		for _, r := range t.Routes {
			got.routes = append(got.routes, route{
				dest:    awssdk.ToString(r.DestinationCidrBlock) + awssdk.ToString(r.DestinationIpv6CidrBlock), // one of them is set
				list:    awssdk.ToString(r.DestinationPrefixListId),
				local:   awssdk.ToString(r.GatewayId) == "local",
				peering: awssdk.ToString(r.VpcPeeringConnectionId),
				dead:    r.State == types.RouteStateBlackhole,
				target: first(r.VpcPeeringConnectionId, r.TransitGatewayId, r.NetworkInterfaceId, r.GatewayId, r.NatGatewayId,
					r.LocalGatewayId, r.CarrierGatewayId, r.EgressOnlyInternetGatewayId, r.CoreNetworkArn, r.InstanceId),
				propagated: r.Origin == types.RouteOriginEnableVgwRoutePropagation,
			})
		}
		p.items = append(p.items, got)
	}
	return p, nil
}

func (s sdk) listEntries(ctx context.Context, listID, token string) (page[string], error) {
	l, err := s.GetManagedPrefixListEntries(ctx, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &listID, MaxResults: awssdk.Int32(listPageSize), NextToken: optional(token)})
	if err != nil {
		return page[string]{}, err
	}
	p := page[string]{next: awssdk.ToString(l.NextToken)}
	p.items = each(l.Entries, func(e types.PrefixListEntry) *string { return e.Cidr })
	return p, nil
}

func (s sdk) networkInterfaces(ctx context.Context, filter, id, token string) (page[card], error) {
	l, err := s.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{Filters: only(filter, id), MaxResults: awssdk.Int32(pageSize), NextToken: optional(token)})
	if err != nil {
		return page[card]{}, err
	}
	p := page[card]{next: awssdk.ToString(l.NextToken), items: make([]card, 0, len(l.NetworkInterfaces))}
	for _, i := range l.NetworkInterfaces {
		got := card{id: awssdk.ToString(i.NetworkInterfaceId), subnet: awssdk.ToString(i.SubnetId), vpc: awssdk.ToString(i.VpcId),
			zone: awssdk.ToString(i.AvailabilityZone), description: awssdk.ToString(i.Description), address: awssdk.ToString(i.PrivateIpAddress)}
		if a := i.Attachment; a != nil {
			got.instance, got.device, got.networkCard = awssdk.ToString(a.InstanceId), awssdk.ToInt32(a.DeviceIndex), awssdk.ToInt32(a.NetworkCardIndex)
		}
		got.groups = each(i.Groups, func(g types.GroupIdentifier) *string { return g.GroupId })
		got.hold(
			each(i.PrivateIpAddresses, func(a types.NetworkInterfacePrivateIpAddress) *string { return a.PrivateIpAddress }),
			each(i.Ipv6Addresses, func(a types.NetworkInterfaceIpv6Address) *string { return a.Ipv6Address }),
			each(i.Ipv4Prefixes, func(x types.Ipv4PrefixSpecification) *string { return x.Ipv4Prefix }),
			each(i.Ipv6Prefixes, func(x types.Ipv6PrefixSpecification) *string { return x.Ipv6Prefix }))
		p.items = append(p.items, got)
	}
	return p, nil
}

func (s sdk) instance(ctx context.Context, id string) (machine, error) {
	l, err := s.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		return machine{}, err
	}
	if len(l.Reservations) == 0 || len(l.Reservations[0].Instances) == 0 {
		return machine{}, errEmpty
	}
	i := l.Reservations[0].Instances[0]
	got := machine{id: id, kind: string(i.InstanceType)}
	if i.State != nil {
		got.state = string(i.State.Name)
	}
	if i.Placement != nil {
		got.zone = awssdk.ToString(i.Placement.AvailabilityZone)
	}
	for _, n := range i.NetworkInterfaces {
		c := card{id: awssdk.ToString(n.NetworkInterfaceId), subnet: awssdk.ToString(n.SubnetId), vpc: awssdk.ToString(n.VpcId), zone: got.zone, instance: id, address: awssdk.ToString(n.PrivateIpAddress)}
		if a := n.Attachment; a != nil {
			c.device, c.networkCard = awssdk.ToInt32(a.DeviceIndex), awssdk.ToInt32(a.NetworkCardIndex)
		}
		c.hold(
			each(n.PrivateIpAddresses, func(a types.InstancePrivateIpAddress) *string { return a.PrivateIpAddress }),
			each(n.Ipv6Addresses, func(a types.InstanceIpv6Address) *string { return a.Ipv6Address }),
			each(n.Ipv4Prefixes, func(x types.InstanceIpv4Prefix) *string { return x.Ipv4Prefix }),
			each(n.Ipv6Prefixes, func(x types.InstanceIpv6Prefix) *string { return x.Ipv6Prefix }))
		got.cards = append(got.cards, c)
	}
	return got, nil
}

func (s sdk) instanceType(ctx context.Context, name string) (slots, error) {
	l, err := s.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: []types.InstanceType{types.InstanceType(name)}})
	if err != nil {
		return slots{}, err
	}
	if len(l.InstanceTypes) == 0 || l.InstanceTypes[0].NetworkInfo == nil {
		return slots{}, errEmpty
	}
	i := l.InstanceTypes[0]
	// Bare metal has no hypervisor, and is Nitro too.
	return slots{awssdk.ToInt32(i.NetworkInfo.Ipv4AddressesPerInterface), i.Hypervisor != types.InstanceTypeHypervisorXen}, nil
}

// hold notes what the interface holds, and its own address too where the list
// lacks it, as it does with some emulators.
func (c *card) hold(ipv4, ipv6, prefixes4, prefixes6 []string) {
	if c.address != "" && !slices.Contains(ipv4, c.address) {
		ipv4 = append(ipv4, c.address)
	}
	c.addresses, c.prefixes = slices.Concat(ipv4, ipv6), slices.Concat(prefixes4, prefixes6)
}

// each reads one field of a list's items.
func each[T any](list []T, field func(T) *string) (out []string) {
	for _, x := range list {
		out = append(out, awssdk.ToString(field(x)))
	}
	return out
}

const nameTag = "Name"

func nameOf(tags []types.Tag) string {
	for _, t := range tags {
		if awssdk.ToString(t.Key) == nameTag {
			return awssdk.ToString(t.Value)
		}
	}
	return ""
}

func only(name, value string) []types.Filter {
	return []types.Filter{{Name: &name, Values: []string{value}}}
}

func optional(token string) *string {
	if token == "" {
		return nil
	}
	return &token
}

func first(list ...*string) string {
	for _, s := range list {
		if s != nil {
			return *s
		}
	}
	return ""
}
