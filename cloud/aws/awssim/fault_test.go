package awssim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

const assign = "AssignPrivateIpAddresses"

func TestInjectedErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, eni := w.addVM("m5.large")
	in := w.sim.Inject(awssim.Fault{Action: assign, Resource: eni, Skip: 1, Count: 1, Error: awssim.Throttled()})
	w.must(w.assign(eni, "10.0.1.0/28"))
	w.refused("RequestLimitExceeded", w.assign(eni, "10.0.1.16/28"))
	w.must(w.assign(eni, "10.0.1.16/28"))
	if in.Hits() != 1 {
		t.Errorf("%d hits", in.Hits())
	}
	w.sim.Inject(awssim.Fault{Action: "Unassign*", Every: 2, Error: awssim.InternalError()})
	w.must(w.unassign(eni, "10.0.1.0/28"))
	w.refused("InternalError", w.unassign(eni, "10.0.1.16/28"))
	w.must(w.unassign(eni, "10.0.1.16/28"))
}

func TestLostReplyHasItsEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, eni := w.addVM("m5.large")
	w.sim.Inject(awssim.Fault{Action: assign, Count: 1, LostReply: true})
	var api smithy.APIError
	if err := w.assign(eni, "10.0.1.0/28"); err == nil || errors.As(err, &api) {
		t.Fatalf("there was a reply: %v", err)
	}
	if got := w.held(eni); len(got) != 1 {
		t.Fatal("the change was not made")
	}
	calls := w.sim.Calls()
	if last := calls[len(calls)-2]; last.Action != assign || last.Status != 0 || !last.Mutating || last.Resource != eni {
		t.Errorf("logged as %+v", last)
	}
	if w.sim.CallCounts()[assign] != 1 || w.sim.MutatingCalls() != 1 {
		t.Errorf("counted %v", w.sim.CallCounts())
	}
}

func TestHangHasNoEffectWhenTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{Instant: true})
	_, eni := w.addVM("m5.large")
	ctx, cancel := context.WithCancel(w.ctx)
	in := w.sim.Inject(awssim.Fault{Action: assign, Hang: make(chan struct{}), Before: func(awssim.Call) { cancel() }})
	_, err := w.ec2.AssignPrivateIpAddresses(ctx, &ec2.AssignPrivateIpAddressesInput{NetworkInterfaceId: &eni, Ipv4Prefixes: []string{"10.0.1.0/28"}})
	if err == nil || in.Hits() != 1 {
		t.Fatal("it did not hang")
	}
	if len(w.held(eni)) != 0 {
		t.Error("the change was made")
	}
}

func TestStaleReads(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newWorld(t, awssim.Config{Instant: true, Clock: clock})
	_, eni := w.addVM("m5.large")
	clock.Advance(time.Minute)
	w.must(w.assign(eni, "10.0.1.0/28"))
	in := w.sim.Inject(awssim.Fault{Action: "Describe*", StaleFor: 30 * time.Second})
	if got := w.held(eni); len(got) != 0 {
		t.Errorf("30 s ago: %v", got)
	}
	in.Remove()
	in = w.sim.Inject(awssim.Fault{Action: "Describe*", StaleChanges: 1})
	if got := w.held(eni); len(got) != 0 {
		t.Errorf("one change ago: %v", got)
	}
	in.Remove()
	if got := w.held(eni); len(got) != 1 {
		t.Errorf("now: %v", got)
	}
}

func TestAFreshIDIsUnknownForAWhile(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newWorld(t, awssim.Config{Instant: true, Clock: clock, Fresh: 10 * time.Second})
	clock.Advance(time.Minute)
	_, eni := w.addVM("m5.large")
	w.refused("InvalidNetworkInterfaceID.NotFound", w.assign(eni, "10.0.1.0/28"))
	l, err := w.ec2.DescribeNetworkInterfaces(w.ctx, &ec2.DescribeNetworkInterfacesInput{})
	w.must(err)
	if len(l.NetworkInterfaces) != 0 {
		t.Error("a list shows it")
	}
	clock.Advance(10 * time.Second)
	w.must(w.assign(eni, "10.0.1.0/28"))
}

func TestThrottleBuckets(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newWorld(t, awssim.Config{Instant: true, Clock: clock, Throttle: true})
	// How many calls pass in a burst, and ten seconds later.
	for name, c := range map[string]struct {
		burst, later int
		call         func() error
	}{
		"reservations": {5, 5, func() error { _, err := w.reserve("10.1.0.0/16"); return err }},
		"assign":       {100, 50, func() error { return w.assign("eni-0bad", "10.0.1.0/28") }},
		"subnets": {100, 100, func() error {
			_, err := w.ec2.DescribeSubnets(w.ctx, &ec2.DescribeSubnetsInput{})
			return err
		}},
		"every instance at once": {50, 50, func() error {
			_, err := w.ec2.DescribeInstances(w.ctx, &ec2.DescribeInstancesInput{})
			return err
		}},
		"instances in pages": {100, 100, func() error {
			_, err := w.ec2.DescribeInstances(w.ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(1000)})
			return err
		}},
	} {
		passed := func() (n int) {
			for {
				var api smithy.APIError
				if err := c.call(); errors.As(err, &api) && api.ErrorCode() == "RequestLimitExceeded" {
					return n
				}
				n++
			}
		}
		if got := passed(); got != c.burst {
			t.Errorf("%s: %d calls in a burst, want %d", name, got, c.burst)
		}
		clock.Advance(10 * time.Second)
		if got := passed(); got != c.later {
			t.Errorf("%s: %d calls ten seconds later, want %d", name, got, c.later)
		}
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{AccessKey: "AKID", SecretKey: "secret", Denied: []string{"DeleteSubnet"}})
	_, err := w.ec2.DescribeVpcs(w.ctx, &ec2.DescribeVpcsInput{Filters: []types.Filter{{Name: aws.String("tag:a b/c"), Values: []string{"ä+*"}}}})
	w.must(err)
	url := *w.ec2.Options().BaseEndpoint
	_, err = w.client(url, "AKID", "wrong").DescribeVpcs(w.ctx, &ec2.DescribeVpcsInput{})
	w.refused("SignatureDoesNotMatch", err)
	_, err = w.client(url, "OTHER", "secret").DescribeVpcs(w.ctx, &ec2.DescribeVpcsInput{})
	w.refused("AuthFailure", err)
	_, err = w.ec2.DeleteSubnet(w.ctx, &ec2.DeleteSubnetInput{SubnetId: &w.subnet})
	w.refused("UnauthorizedOperation", err)
}
