package fabric

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// ec2Balancer is a network load balancer with all that belongs to it.
type ec2Balancer struct {
	types.LoadBalancer
	crossZone bool
	listeners []types.Listener
	groups    []ec2Targets
}

type ec2Targets struct {
	types.TargetGroup
	attributes map[string]string
	targets    []types.TargetHealthDescription
}

func (c *ec2Cloud) readBalancers(ctx context.Context) (out []ec2Balancer, err error) {
	all, err := c.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	if err != nil {
		return nil, err
	}
	for _, lb := range all.LoadBalancers {
		if aws.ToString(lb.VpcId) != c.vpc || lb.State.Code != types.LoadBalancerStateEnumActive {
			continue
		}
		b := ec2Balancer{LoadBalancer: lb}
		attributes, err := c.elb.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: lb.LoadBalancerArn})
		if err != nil {
			return nil, err
		}
		for _, a := range attributes.Attributes {
			b.crossZone = b.crossZone || aws.ToString(a.Key) == crossZone && aws.ToString(a.Value) == "true"
		}
		listeners, err := c.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})
		if err != nil {
			return nil, err
		}
		b.listeners = listeners.Listeners
		groups, err := c.elb.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{LoadBalancerArn: lb.LoadBalancerArn})
		if err != nil {
			return nil, err
		}
		for _, g := range groups.TargetGroups {
			full, err := c.readTargets(ctx, g)
			if err != nil {
				return nil, err
			}
			b.groups = append(b.groups, full)
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b ec2Balancer) int { return cmp.Compare(*a.LoadBalancerArn, *b.LoadBalancerArn) })
	return out, nil
}

const crossZone = "load_balancing.cross_zone.enabled"

func (c *ec2Cloud) readTargets(ctx context.Context, g types.TargetGroup) (ec2Targets, error) {
	out := ec2Targets{TargetGroup: g, attributes: map[string]string{}}
	attributes, err := c.elb.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: g.TargetGroupArn})
	if err != nil {
		return out, err
	}
	for _, a := range attributes.Attributes {
		out.attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	health, err := c.elb.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
	if err == nil {
		out.targets = health.TargetHealthDescriptions
	}
	return out, err
}

func (w *ec2World) balancersIn(group string) (names []string) {
	for _, b := range w.balancers {
		if slices.Contains(b.SecurityGroups, group) {
			for _, l := range b.listeners {
				names = append(names, listenerName(b, l))
			}
		}
	}
	return names
}

func listenerName(b ec2Balancer, l types.Listener) string {
	return fmt.Sprintf("%s:%d", aws.ToString(b.LoadBalancerName), aws.ToInt32(l.Port))
}
