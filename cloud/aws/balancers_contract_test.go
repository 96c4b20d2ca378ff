package aws_test

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func TestBalancersContract(t *testing.T) {
	t.Parallel()
	cloudtest.RunBalancers(t, func(t *testing.T) cloudtest.BalancerHarness {
		// Very many balancers are made here.
		w := &balancerWorld{newBalanced(t, awssim.Config{Fresh: 5 * time.Millisecond, Stale: 3 * time.Millisecond, Linger: 10 * time.Millisecond, Latency: 5 * time.Millisecond})}
		return cloudtest.BalancerHarness{Balancers: w.lb, World: w, Mixed: true, OneNodePort: true, MaxPorts: 50, Limited: "LoadBalancer", Leaf: "Listener", Settle: w.sim.Settle,
			Permission: "elasticloadbalancing:CreateListener"}
	})
}

// balancerWorld is cloudtest.BalancerWorld on an awssim.Sim.
type balancerWorld struct{ *balanced }

func (w *balancerWorld) AddNode(n int) lb.Node { return w.addNode(zones[n%len(zones)]) }

func (w *balancerWorld) DeleteNode(n lb.Node) {
	w.Helper()
	w.must(w.sim.TerminateInstance(path.Base(n.ProviderID)))
}

func (w *balancerWorld) Squat(ref lb.Ref) bool {
	w.Helper()
	var err error
	switch ref.Kind {
	case "LoadBalancer":
		_, err = w.elb.CreateLoadBalancer(w.Context(), &elb.CreateLoadBalancerInput{Name: &ref.Name, Type: "network", Subnets: []string{w.public[zones[0]]}})
	case "TargetGroup":
		_, err = w.elb.CreateTargetGroup(w.Context(), &elb.CreateTargetGroupInput{Name: &ref.Name, Protocol: "TCP", Port: awssdk.Int32(1), VpcId: &w.vpcID})
	case "SecurityGroup":
		_, err = w.ec2.CreateSecurityGroup(w.Context(), &ec2.CreateSecurityGroupInput{GroupName: &ref.Name, Description: awssdk.String("theirs"), VpcId: &w.vpcID})
	default:
		return false // part of something of ours
	}
	w.must(err)
	return true
}

func (w *balancerWorld) Squatted(ref lb.Ref) bool {
	switch ref.Kind {
	case "LoadBalancer":
		return slices.ContainsFunc(w.sim.Balancers(), func(b awssim.Balancer) bool {
			return b.Name == ref.Name && len(b.Tags) == 0 && len(b.Listeners) == 0 && len(b.Subnets) == 1
		})
	case "TargetGroup":
		return slices.ContainsFunc(w.sim.TargetGroups(), func(g awssim.TargetGroup) bool {
			return g.Name == ref.Name && len(g.Tags) == 0 && g.Port == 1 && len(g.Targets) == 0
		})
	}
	return slices.ContainsFunc(w.sim.SecurityGroups(), func(g awssim.SecurityGroup) bool {
		return g.Name == ref.Name && len(g.Tags) == 0 && len(g.Rules) == 0
	})
}

func (w *balancerWorld) Break(ref lb.Ref) {
	w.Helper()
	balancer, port, _ := strings.Cut(ref.Name, "/")
	for _, b := range w.sim.Balancers() {
		for _, l := range b.Listeners {
			if b.Name == balancer && port == strconv.Itoa(l.Port) {
				_, err := w.elb.DeleteListener(w.Context(), &elb.DeleteListenerInput{ListenerArn: &l.ARN})
				w.must(err)
			}
		}
	}
}

func (w *balancerWorld) StrikeCall(n int, f cloudtest.Fault) func() bool {
	fault := awssim.Fault{Skip: n, Count: 1}
	switch f {
	case cloudtest.LostReply:
		fault.LostReply = true
	case cloudtest.Throttle:
		fault.Error = awssim.OverRate()
	case cloudtest.Fail:
		fault.Error = &awssim.APIError{Status: 503, Code: "ServiceUnavailable", Message: "Service Unavailable"}
	}
	in := w.sim.Inject(fault)
	return func() bool {
		defer in.Remove()
		return in.Hits() > 0
	}
}

func (w *balancerWorld) Refuse(kind string, r cloud.Reason) func() {
	action := map[string]string{"LoadBalancer": "CreateLoadBalancer", "Listener": "CreateListener"}[kind]
	e := &awssim.APIError{Status: 403, Code: "AccessDenied", Message: "User is not authorized to perform: elasticloadbalancing:" + action}
	if r == cloud.QuotaExceeded {
		e = &awssim.APIError{Status: 400, Code: "TooManyLoadBalancers", Message: "The maximum number of load balancers has been reached"}
	}
	return w.sim.Inject(awssim.Fault{Action: action, Error: e}).Remove
}

func (w *balancerWorld) Changes() int { return w.sim.MutatingCalls() }
