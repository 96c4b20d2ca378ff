package aws

import (
	"context"
	"errors"
	"strconv"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// balancingSDK is balancing on the generated clients.
type balancingSDK struct {
	sdk
	elb *elb.Client
}

// balancingPage is the most that ELB puts on one page.
const balancingPage = 400

func (s balancingSDK) balancers(ctx context.Context, token string) (page[balancer], error) {
	l, err := s.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{PageSize: awssdk.Int32(balancingPage), Marker: optional(token)})
	if err != nil {
		return page[balancer]{}, err
	}
	p := page[balancer]{next: awssdk.ToString(l.NextMarker)}
	for _, b := range l.LoadBalancers {
		p.items = append(p.items, readBalancer(b))
	}
	return p, nil
}

func readBalancer(b types.LoadBalancer) balancer {
	got := balancer{arn: awssdk.ToString(b.LoadBalancerArn), name: awssdk.ToString(b.LoadBalancerName), host: awssdk.ToString(b.DNSName), vpc: awssdk.ToString(b.VpcId),
		scheme: string(b.Scheme), addressType: string(b.IpAddressType), groups: b.SecurityGroups}
	if b.State != nil {
		got.state, got.why = string(b.State.Code), awssdk.ToString(b.State.Reason)
	}
	for _, z := range b.AvailabilityZones {
		at := zoneOf{subnet: awssdk.ToString(z.SubnetId)}
		for _, a := range z.LoadBalancerAddresses {
			at.allocation, at.private = first(a.AllocationId), first(a.PrivateIPv4Address)
		}
		got.zones = append(got.zones, at)
	}
	return got
}

// mappings says where a balancer is to be.
func mappings(zones []zoneOf) (out []types.SubnetMapping) {
	for _, z := range zones {
		out = append(out, types.SubnetMapping{SubnetId: &z.subnet, AllocationId: optional(z.allocation), PrivateIPv4Address: optional(z.private)})
	}
	return out
}

func (s balancingSDK) createBalancer(ctx context.Context, b balancer, tags map[string]string) (balancer, error) {
	made, err := s.elb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: &b.name, Type: types.LoadBalancerTypeEnumNetwork, Scheme: types.LoadBalancerSchemeEnum(b.scheme), IpAddressType: types.IpAddressType(b.addressType),
		SubnetMappings: mappings(b.zones), SecurityGroups: b.groups, Tags: elbTags(tags),
	})
	if err != nil {
		return balancer{}, err
	}
	if len(made.LoadBalancers) == 0 {
		return balancer{}, errEmpty
	}
	return readBalancer(made.LoadBalancers[0]), nil
}

func (s balancingSDK) setSubnets(ctx context.Context, arn string, b balancer) error {
	_, err := s.elb.SetSubnets(ctx, &elb.SetSubnetsInput{LoadBalancerArn: &arn, SubnetMappings: mappings(b.zones), IpAddressType: types.IpAddressType(b.addressType)})
	return err
}

func (s balancingSDK) setGroups(ctx context.Context, arn string, groups []string) error {
	_, err := s.elb.SetSecurityGroups(ctx, &elb.SetSecurityGroupsInput{LoadBalancerArn: &arn, SecurityGroups: groups})
	return err
}

func (s balancingSDK) setAddressType(ctx context.Context, arn, addressType string) error {
	_, err := s.elb.SetIpAddressType(ctx, &elb.SetIpAddressTypeInput{LoadBalancerArn: &arn, IpAddressType: types.IpAddressType(addressType)})
	return err
}

func (s balancingSDK) deleteBalancer(ctx context.Context, arn string) error {
	_, err := s.elb.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &arn})
	return err
}

func (s balancingSDK) balancerAttributes(ctx context.Context, arn string) (map[string]string, error) {
	l, err := s.elb.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &arn})
	if err != nil {
		return nil, err
	}
	return pairsIn(l.Attributes, func(a types.LoadBalancerAttribute) types.Tag { return types.Tag(a) }), nil
}

func (s balancingSDK) setBalancerAttributes(ctx context.Context, arn string, attributes map[string]string) error {
	all := pairsAs(attributes, func(t types.Tag) types.LoadBalancerAttribute { return types.LoadBalancerAttribute(t) })
	_, err := s.elb.ModifyLoadBalancerAttributes(ctx, &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &arn, Attributes: all})
	return err
}

// pairsIn reads what ELB has as keys with values: tags, and attributes, whose
// types differ by their names alone.
func pairsIn[T any](list []T, tag func(T) types.Tag) map[string]string {
	out := map[string]string{}
	for _, x := range list {
		t := tag(x)
		out[awssdk.ToString(t.Key)] = awssdk.ToString(t.Value)
	}
	return out
}

// pairsAs is the other way round, in the order of the keys.
func pairsAs[T any](pairs map[string]string, of func(types.Tag) T) (out []T) {
	for _, key := range keys(pairs) {
		out = append(out, of(types.Tag{Key: &key, Value: awssdk.String(pairs[key])}))
	}
	return out
}

func sameTag(t types.Tag) types.Tag { return t }

func elbTags(tags map[string]string) []types.Tag { return pairsAs(tags, sameTag) }

func (s balancingSDK) tagsOf(ctx context.Context, arns []string) (map[string]map[string]string, error) {
	l, err := s.elb.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: arns})
	if err != nil {
		return nil, err
	}
	out := map[string]map[string]string{}
	for _, d := range l.TagDescriptions {
		out[awssdk.ToString(d.ResourceArn)] = pairsIn(d.Tags, sameTag)
	}
	return out, nil
}

func (s balancingSDK) addTags(ctx context.Context, arn string, tags map[string]string) error {
	_, err := s.elb.AddTags(ctx, &elb.AddTagsInput{ResourceArns: []string{arn}, Tags: elbTags(tags)})
	return err
}

func (s balancingSDK) removeTags(ctx context.Context, arn string, names []string) error {
	_, err := s.elb.RemoveTags(ctx, &elb.RemoveTagsInput{ResourceArns: []string{arn}, TagKeys: names})
	return err
}

var errNotRead = errors.New("the cloud gave no such number")

func number(text string) (int32, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, errNotRead
	}
	return int32(n), nil
}
