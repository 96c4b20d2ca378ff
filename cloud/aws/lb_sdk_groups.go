package aws

import (
	"cmp"
	"context"
	"maps"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func keys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func mapOf(tags []types.Tag) map[string]string {
	out := map[string]string{}
	for _, t := range tags {
		out[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
	}
	return out
}

func (s balancingSDK) vpcSubnets(ctx context.Context, vpcID, token string) (page[place], error) {
	l, err := s.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: only("vpc-id", vpcID), MaxResults: awssdk.Int32(pageSize), NextToken: optional(token)})
	if err != nil {
		return page[place]{}, err
	}
	p := page[place]{next: awssdk.ToString(l.NextToken)}
	for _, n := range l.Subnets {
		got := place{id: awssdk.ToString(n.SubnetId), zone: awssdk.ToString(n.AvailabilityZone), cidr: awssdk.ToString(n.CidrBlock), outpost: awssdk.ToString(n.OutpostArn),
			free: n.AvailableIpAddressCount, tags: mapOf(n.Tags)}
		for _, a := range n.Ipv6CidrBlockAssociationSet {
			got.ipv6 = got.ipv6 || a.Ipv6CidrBlockState != nil && a.Ipv6CidrBlockState.State == types.SubnetCidrBlockStateCodeAssociated
		}
		p.items = append(p.items, got)
	}
	return p, nil
}

func (s balancingSDK) zoneTypes(ctx context.Context) (map[string]string, error) {
	l, err := s.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{AllAvailabilityZones: awssdk.Bool(true)})
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, z := range l.AvailabilityZones {
		out[awssdk.ToString(z.ZoneName)] = cmp.Or(awssdk.ToString(z.ZoneType), ordinaryZone) // which an emulator may not say
	}
	return out, nil
}

func (s balancingSDK) elasticIPs(ctx context.Context) (out []elasticIP, err error) {
	l, err := s.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return nil, err
	}
	for _, a := range l.Addresses {
		out = append(out, elasticIP{awssdk.ToString(a.AllocationId), cmp.Or(awssdk.ToString(a.NetworkInterfaceId), awssdk.ToString(a.AssociationId))})
	}
	return out, nil
}

func (s balancingSDK) securityGroups(ctx context.Context, vpcID, filter, value, token string) (page[group], error) {
	return s.groups(ctx, append(only("vpc-id", vpcID), only(filter, value)...), token)
}

func (s sdk) allGroups(ctx context.Context, vpcID, token string) (page[group], error) {
	return s.groups(ctx, only("vpc-id", vpcID), token)
}

func (s sdk) groups(ctx context.Context, filters []types.Filter, token string) (page[group], error) {
	l, err := s.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filters, MaxResults: awssdk.Int32(pageSize), NextToken: optional(token)})
	if err != nil {
		return page[group]{}, err
	}
	p := page[group]{next: awssdk.ToString(l.NextToken)}
	for _, g := range l.SecurityGroups {
		got := group{id: awssdk.ToString(g.GroupId), name: awssdk.ToString(g.GroupName), description: awssdk.ToString(g.Description), tags: mapOf(g.Tags)}
		for _, allowed := range g.IpPermissions {
			got.rules = append(got.rules, rulesOf(allowed)...)
		}
		p.items = append(p.items, got)
	}
	return p, nil
}

// rulesOf are the rules that EC2 shows as one permission.
func rulesOf(p types.IpPermission) (out []rule) {
	one := rule{protocol: awssdk.ToString(p.IpProtocol), from: awssdk.ToInt32(p.FromPort), to: awssdk.ToInt32(p.ToPort)}
	add := func(cidr, group, description *string) {
		r := one
		r.cidr, r.group, r.description = awssdk.ToString(cidr), awssdk.ToString(group), awssdk.ToString(description)
		out = append(out, r)
	}
	for _, x := range p.IpRanges {
		add(x.CidrIp, nil, x.Description)
	}
	for _, x := range p.Ipv6Ranges {
		add(x.CidrIpv6, nil, x.Description)
	}
	for _, x := range p.UserIdGroupPairs {
		add(nil, x.GroupId, x.Description)
	}
	for _, x := range p.PrefixListIds {
		add(x.PrefixListId, nil, x.Description)
	}
	return out
}

func (s balancingSDK) createGroup(ctx context.Context, vpcID string, g group) (string, error) {
	made, err := s.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &g.name, Description: &g.description, VpcId: &vpcID,
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroup, Tags: ec2Tags(g.tags)}}})
	if err != nil {
		return "", err
	}
	return awssdk.ToString(made.GroupId), nil
}

func ec2Tags(tags map[string]string) (out []types.Tag) {
	for _, key := range keys(tags) {
		out = append(out, types.Tag{Key: &key, Value: awssdk.String(tags[key])})
	}
	return out
}

func (s balancingSDK) tagGroup(ctx context.Context, id string, tags map[string]string) error {
	_, err := s.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2Tags(tags)})
	return err
}

func (s balancingSDK) deleteGroup(ctx context.Context, id string) error {
	_, err := s.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
	return err
}

func (s balancingSDK) authorize(ctx context.Context, id string, rules []rule) error {
	_, err := s.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &id, IpPermissions: allowances(rules)})
	return err
}

func (s balancingSDK) revoke(ctx context.Context, id string, rules []rule) error {
	_, err := s.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &id, IpPermissions: allowances(rules)})
	return err
}

func allowances(rules []rule) (out []types.IpPermission) {
	for _, r := range rules {
		p := types.IpPermission{IpProtocol: &r.protocol, FromPort: &r.from, ToPort: &r.to}
		switch {
		case r.group != "":
			p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &r.group, Description: optional(r.description)}}
		case r.isIPv6():
			p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: &r.cidr, Description: optional(r.description)}}
		default:
			p.IpRanges = []types.IpRange{{CidrIp: &r.cidr, Description: optional(r.description)}}
		}
		out = append(out, p)
	}
	return out
}
