package aws

import (
	"context"
	"net/netip"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func (s balancingSDK) pools(ctx context.Context, token string) (page[pool], error) {
	l, err := s.elb.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{PageSize: awssdk.Int32(balancingPage), Marker: optional(token)})
	if err != nil {
		return page[pool]{}, err
	}
	p := page[pool]{next: awssdk.ToString(l.NextMarker)}
	for _, g := range l.TargetGroups {
		p.items = append(p.items, readPool(g))
	}
	return p, nil
}

func readPool(g types.TargetGroup) pool {
	return pool{arn: awssdk.ToString(g.TargetGroupArn), name: awssdk.ToString(g.TargetGroupName), vpc: awssdk.ToString(g.VpcId), protocol: string(g.Protocol), port: awssdk.ToInt32(g.Port),
		targets: string(g.TargetType), addresses: string(g.IpAddressType), balancers: g.LoadBalancerArns, check: check{protocol: string(g.HealthCheckProtocol), port: awssdk.ToString(g.HealthCheckPort), path: awssdk.ToString(g.HealthCheckPath),
			interval: awssdk.ToInt32(g.HealthCheckIntervalSeconds), timeout: awssdk.ToInt32(g.HealthCheckTimeoutSeconds),
			healthy: awssdk.ToInt32(g.HealthyThresholdCount), unhealthy: awssdk.ToInt32(g.UnhealthyThresholdCount)}}
}

func (s balancingSDK) createPool(ctx context.Context, vpcID string, p pool, tags map[string]string) (pool, error) {
	c := p.check
	made, err := s.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: &p.name, VpcId: &vpcID, Protocol: types.ProtocolEnum(p.protocol), Port: &p.port, TargetType: types.TargetTypeEnum(p.targets), IpAddressType: types.TargetGroupIpAddressTypeEnum(p.addresses),
		HealthCheckProtocol: types.ProtocolEnum(c.protocol), HealthCheckPort: &c.port, HealthCheckPath: optional(c.path),
		HealthCheckIntervalSeconds: &c.interval, HealthCheckTimeoutSeconds: &c.timeout, HealthyThresholdCount: &c.healthy, UnhealthyThresholdCount: &c.unhealthy,
		Tags: elbTags(tags),
	})
	if err != nil {
		return pool{}, err
	}
	if len(made.TargetGroups) == 0 {
		return pool{}, errEmpty
	}
	return readPool(made.TargetGroups[0]), nil
}

func (s balancingSDK) setCheck(ctx context.Context, arn string, c check) error {
	_, err := s.elb.ModifyTargetGroup(ctx, &elb.ModifyTargetGroupInput{TargetGroupArn: &arn,
		HealthCheckProtocol: types.ProtocolEnum(c.protocol), HealthCheckPort: &c.port, HealthCheckPath: optional(c.path),
		HealthCheckIntervalSeconds: &c.interval, HealthCheckTimeoutSeconds: &c.timeout, HealthyThresholdCount: &c.healthy, UnhealthyThresholdCount: &c.unhealthy})
	return err
}

func (s balancingSDK) deletePool(ctx context.Context, arn string) error {
	_, err := s.elb.DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &arn})
	return err
}

func (s balancingSDK) poolAttributes(ctx context.Context, arn string) (map[string]string, error) {
	l, err := s.elb.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &arn})
	if err != nil {
		return nil, err
	}
	return pairsIn(l.Attributes, func(a types.TargetGroupAttribute) types.Tag { return types.Tag(a) }), nil
}

func (s balancingSDK) setPoolAttributes(ctx context.Context, arn string, attributes map[string]string) error {
	all := pairsAs(attributes, func(t types.Tag) types.TargetGroupAttribute { return types.TargetGroupAttribute(t) })
	_, err := s.elb.ModifyTargetGroupAttributes(ctx, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &arn, Attributes: all})
	return err
}

// members are the targets of a group; ELB gives them all at once.
func (s balancingSDK) members(ctx context.Context, arn string) (out []member, err error) {
	l, err := s.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &arn})
	if err != nil {
		return nil, err
	}
	for _, h := range l.TargetHealthDescriptions {
		if h.Target != nil {
			m := member{target: targetText(h.Target)}
			if h.TargetHealth != nil {
				m.draining, m.healthy = h.TargetHealth.State == types.TargetHealthStateEnumDraining, h.TargetHealth.State == types.TargetHealthStateEnumHealthy
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// targetText is a target as members name it: "i-0123", or "10.0.1.17:8080" of a
// pod.
func targetText(t *types.TargetDescription) string {
	if a, err := netip.ParseAddr(awssdk.ToString(t.Id)); err == nil {
		return netip.AddrPortFrom(a, uint16(awssdk.ToInt32(t.Port))).String()
	}
	return awssdk.ToString(t.Id)
}

func descriptions(targets []string) (out []types.TargetDescription) {
	for _, t := range targets {
		if pod, err := netip.ParseAddrPort(t); err == nil {
			out = append(out, types.TargetDescription{Id: awssdk.String(pod.Addr().String()), Port: awssdk.Int32(int32(pod.Port()))})
			continue
		}
		out = append(out, types.TargetDescription{Id: &t})
	}
	return out
}

func (s balancingSDK) register(ctx context.Context, arn string, targets []string) error {
	_, err := s.elb.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: &arn, Targets: descriptions(targets)})
	return err
}

func (s balancingSDK) deregister(ctx context.Context, arn string, targets []string) error {
	_, err := s.elb.DeregisterTargets(ctx, &elb.DeregisterTargetsInput{TargetGroupArn: &arn, Targets: descriptions(targets)})
	return err
}
