package aws_test

import (
	"strings"
	"testing"
	"time"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// TestWhatVanishesWhileReadingIsGone: it is listed, and refused when its details
// are asked for, as somebody deleted it meanwhile. That is no reason not to know
// of the others.
func TestWhatVanishesWhileReadingIsGone(t *testing.T) {
	t.Parallel()
	for name, skip := range map[string]int{
		"DescribeTags": 0, "DescribeTags of target groups": 1,
		"DescribeListeners": 0, "DescribeLoadBalancerAttributes": 0, "DescribeTargetGroupAttributes": 0,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBalanced(t, awssim.Config{})
			web, shop := service("web"), service("shop")
			w.made(web)
			w.made(shop)
			action := name
			if skip > 0 {
				action = "DescribeTags"
			}
			struck := w.sim.Inject(awssim.Fault{Action: action, Skip: skip, Count: 1, Before: func(awssim.Call) { w.removeByHand(web.Owner) }})
			var of []cloud.Owner
			if action != "DescribeTags" { // which a read of all does not call
				of = []cloud.Owner{web.Owner, shop.Owner}
			}
			got, err := w.lb.Read(t.Context(), "c1", of...)
			w.must(err)
			if struck.Hits() != 1 {
				t.Fatalf("nothing vanished: %s was not called", action)
			}
			whole := map[cloud.Owner]int{}
			for _, r := range got {
				whole[r.Owner]++
			}
			if whole[shop.Owner] < 4 { // balancer, listener, target group, security group
				t.Errorf("of the other one %d parts were read: %v", whole[shop.Owner], got)
			}
		})
	}
}

// removeByHand deletes a Service's balancer and its target groups; any goroutine
// may.
func (w *balanced) removeByHand(o cloud.Owner) {
	mark := cloud.ParseMark(o.ObjectName(0))
	prefix := "vn-" + mark.Cluster + "-" + mark.Owner + "-"
	failed := func(err error) {
		if err != nil {
			w.Error(err)
		}
	}
	for _, b := range w.sim.Balancers() {
		if strings.HasPrefix(b.Name, prefix) {
			_, err := w.elb.DeleteLoadBalancer(w.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: &b.ARN})
			failed(err)
		}
	}
	for _, g := range w.sim.TargetGroups() {
		if strings.HasPrefix(g.Name, prefix) {
			_, err := w.elb.DeleteTargetGroup(w.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &g.ARN})
			for n := 0; err != nil && n < 100; n++ { // it is in use for a while yet
				time.Sleep(5 * time.Millisecond)
				_, err = w.elb.DeleteTargetGroup(w.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &g.ARN})
			}
			failed(err)
		}
	}
}

// TestAPoolThatIsGoneHoldsNothing, and is no failure of the others.
func TestAPoolThatIsGoneHoldsNothing(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	web := service("web")
	w.made(web)
	pools := w.lb.Pools(w.nodes, w.read())
	w.removeByHand(web.Owner)
	w.soon(func() bool { // reads are behind
		_, err := w.lb.List(t.Context(), pools[0].Group())
		return cloud.Is(err, cloud.NotFound)
	})
}
