package awssim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// TestItLagsBehindByDefault: nobody who says nothing gets a cloud that is kinder
// than EC2. The clock stands still unless it is moved, so that no moment is missed.
func TestItLagsBehindByDefault(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_000_000, 0))
	w := newBalanced(t, awssim.Config{Clock: clock})
	listed := func() bool {
		l, err := w.ec2.DescribeSecurityGroups(w.ctx, &ec2.DescribeSecurityGroupsInput{})
		w.must(err)
		return slices.ContainsFunc(l.SecurityGroups, func(g types.SecurityGroup) bool { return *g.GroupName == "fresh" })
	}
	made, err := w.ec2.CreateSecurityGroup(w.ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("fresh"), Description: aws.String("d"), VpcId: &w.vpc})
	w.must(err)
	w.refused("InvalidGroup.NotFound", w.authorize(*made.GroupId, tcp(80, 80, "10.0.0.0/8")))
	if listed() {
		t.Error("a fresh group is listed at once")
	}
	clock.Advance(20 * time.Millisecond)
	w.must(w.authorize(*made.GroupId, tcp(80, 80, "10.0.0.0/8")))
	if !listed() {
		t.Error("the group is not listed by now")
	}

	_, eni := w.addVM("m5.large") // what is done by hand was there before
	w.must(w.assign(eni, "10.0.1.0/28"))
	if held := w.held(eni); len(held) > 0 {
		t.Errorf("a read shows at once that it holds %v", held)
	}
	clock.Advance(10 * time.Millisecond)
	if held := w.held(eni); len(held) != 1 {
		t.Errorf("later it holds %v", held)
	}
	w.must(w.sim.Unassign(eni, pfx("10.0.1.0/28")))
	if held := w.held(eni); len(held) > 0 {
		t.Errorf("taken away by hand, it holds %v", held)
	}

	arn := w.lb("a", *made.GroupId)
	if state := w.sim.Balancers()[0].State; state != "provisioning" {
		t.Errorf("a balancer is %s at once", state)
	}
	clock.Advance(20 * time.Millisecond)
	if state := w.sim.Balancers()[0].State; state != "active" {
		t.Errorf("it is %s in the end", state)
	}
	_, err = w.elb.DeleteLoadBalancer(w.ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &arn})
	w.must(err)
	drop := func() error {
		_, err := w.ec2.DeleteSecurityGroup(w.ctx, &ec2.DeleteSecurityGroupInput{GroupId: made.GroupId})
		return err
	}
	w.refused("DependencyViolation", drop())
	clock.Advance(50 * time.Millisecond)
	w.must(drop())
}
