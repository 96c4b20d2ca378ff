package aws

import (
	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func (s balancingSDK) listeners(ctx context.Context, balancerARN, token string) (page[listener], error) {
	l, err := s.elb.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &balancerARN, Marker: optional(token)})
	if err != nil {
		return page[listener]{}, err
	}
	p := page[listener]{next: awssdk.ToString(l.NextMarker)}
	for _, one := range l.Listeners {
		p.items = append(p.items, readListener(one))
	}
	return p, nil
}

func readListener(l types.Listener) listener {
	got := listener{arn: awssdk.ToString(l.ListenerArn), balancer: awssdk.ToString(l.LoadBalancerArn), protocol: string(l.Protocol), port: awssdk.ToInt32(l.Port)}
	for _, a := range l.DefaultActions {
		got.pool = first(a.TargetGroupArn)
		if got.pool == "" && a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) == 1 {
			got.pool = awssdk.ToString(a.ForwardConfig.TargetGroups[0].TargetGroupArn)
		}
	}
	return got
}

func forwarding(pool string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &pool}}
}

func (s balancingSDK) createListener(ctx context.Context, l listener) (listener, error) {
	made, err := s.elb.CreateListener(ctx, &elb.CreateListenerInput{LoadBalancerArn: &l.balancer, Protocol: types.ProtocolEnum(l.protocol), Port: &l.port, DefaultActions: forwarding(l.pool)})
	if err != nil {
		return listener{}, err
	}
	if len(made.Listeners) == 0 {
		return listener{}, errEmpty
	}
	return readListener(made.Listeners[0]), nil
}

func (s balancingSDK) setListener(ctx context.Context, l listener) error {
	_, err := s.elb.ModifyListener(ctx, &elb.ModifyListenerInput{ListenerArn: &l.arn, Protocol: types.ProtocolEnum(l.protocol), Port: &l.port, DefaultActions: forwarding(l.pool)})
	return err
}

func (s balancingSDK) deleteListener(ctx context.Context, arn string) error {
	_, err := s.elb.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: &arn})
	return err
}
