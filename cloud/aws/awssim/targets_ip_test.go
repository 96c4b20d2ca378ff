package awssim_test

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

func (w *balanced) ipGroup(name string, protocol types.ProtocolEnum) string {
	w.t.Helper()
	got, err := w.elb.CreateTargetGroup(w.ctx, &elb.CreateTargetGroupInput{Name: &name, Protocol: protocol, Port: aws.Int32(80), VpcId: &w.vpc, TargetType: types.TargetTypeEnumIp})
	w.must(err)
	return *got.TargetGroups[0].TargetGroupArn
}

func ip(address string, port int32, zone ...string) types.TargetDescription {
	t := types.TargetDescription{Id: &address}
	if port != 0 {
		t.Port = &port
	}
	if len(zone) > 0 {
		t.AvailabilityZone = &zone[0]
	}
	return t
}

func (w *balanced) registerIPs(tg string, targets ...types.TargetDescription) error {
	_, err := w.elb.RegisterTargets(w.ctx, &elb.RegisterTargetsInput{TargetGroupArn: &tg, Targets: targets})
	return err
}

func TestWhichIPTargetsAreTaken(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	tg, vm := w.ipGroup("pods", "TCP"), ""
	for name, c := range map[string]struct {
		target types.TargetDescription
		want   string
	}{
		"an address of the VPC that nobody has":        {ip("10.0.0.77", 8080), ""},
		"the group's port":                             {ip("10.0.0.78", 0), ""},
		"one outside the VPC that says so":             {ip("10.9.0.1", 80, "all"), ""},
		"carrier-grade NAT space":                      {ip("100.64.0.1", 80, "all"), ""},
		"one outside the VPC that does not say so":     {ip("10.9.0.1", 80), "ValidationError"},
		"one of the VPC, in another zone than it says": {ip("10.0.0.77", 80, "eu-west-1c"), "ValidationError"},
		"an address of the internet":                   {ip("203.0.113.1", 80, "all"), "InvalidTarget"},
		"IPv6 in a group of IPv4":                      {ip("2001:db8::1", 80), "ValidationError"},
		"an instance":                                  {ip("i-0123456789abcdef0", 80), "ValidationError"},
	} {
		if err := w.registerIPs(tg, c.target); c.want != "" {
			w.refused(c.want, err)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	one, _ := w.addVM("m5.large")
	vm = one.ID
	if _, err := w.elb.RegisterTargets(w.ctx, &elb.RegisterTargetsInput{TargetGroupArn: aws.String(w.tg("nodes", "TCP", 30000)), Targets: []types.TargetDescription{ip(vm, 80, "eu-west-1a")}}); err == nil {
		t.Error("an instance with a zone was taken")
	}
}

func TestTheHealthOfIPTargets(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newBalanced(t, awssim.Config{Instant: true, Clock: clock, Latency: time.Minute})
	clock.Advance(time.Minute)
	front, nodes := w.group("front", tcp(80, 80, "0.0.0.0/0")), w.group("nodes")
	vm, eni := w.addVM("m5.large", "10.0.1.16/28")
	_, err := w.ec2.ModifyNetworkInterfaceAttribute(w.ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: []string{nodes}})
	w.must(err)
	pods := w.ipGroup("pods", "TCP")
	w.must(w.registerIPs(pods, ip("10.0.1.17", 8080), ip("10.0.1.17", 8081), ip("10.0.0.99", 8080)))
	w.reads(pods, "unused Target.NotInUse", "unused Target.NotInUse", "unused Target.NotInUse")
	_, err = w.listen(w.lb("a", front), pods, "TCP", 80)
	w.must(err)
	clock.Advance(time.Minute)
	w.reads(pods, "unhealthy Target.Timeout", "unhealthy Target.Timeout", "unhealthy Target.Timeout")
	w.must(w.authorize(nodes, fromGroup(8080, 8080, front)))
	w.reads(pods, "healthy ", "unhealthy Target.Timeout", "unhealthy Target.Timeout") // nobody has 10.0.0.99
	if got, err := w.sim.Reaches("a", "tcp", 80, netip.MustParseAddr("192.0.2.1")); err != nil || !slices.Equal(got, []string{"10.0.1.17"}) {
		t.Errorf("reaches %v, %v", got, err)
	}
	w.sim.Fail("10.0.1.17", true)
	w.reads(pods, "unhealthy Target.FailedHealthChecks", "unhealthy Target.Timeout", "unhealthy Target.Timeout")
	_, err = w.elb.DeregisterTargets(w.ctx, &elb.DeregisterTargetsInput{TargetGroupArn: &pods, Targets: []types.TargetDescription{ip("10.0.1.17", 8080), ip("10.0.0.99", 8080)}})
	w.must(err)
	w.reads(pods, "draining Target.DeregistrationInProgress", "unhealthy Target.Timeout", "draining Target.DeregistrationInProgress")
	clock.Advance(5 * time.Minute)
	w.reads(pods, "unhealthy Target.Timeout")
	w.must(w.sim.TerminateInstance(vm.ID)) // nobody deregisters addresses
	w.reads(pods, "unhealthy Target.Timeout")
}

func TestClientAddressesAreNotPreservedForIPTargetsOfTCP(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	for tg, want := range map[string]string{w.ipGroup("tcp", "TCP"): "false", w.ipGroup("udp", "UDP"): "true", w.tg("nodes", "TCP", 30000): "true"} {
		got, err := w.elb.DescribeTargetGroupAttributes(w.ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &tg})
		w.must(err)
		at := slices.IndexFunc(got.Attributes, func(a types.TargetGroupAttribute) bool { return *a.Key == "preserve_client_ip.enabled" })
		if at < 0 || *got.Attributes[at].Value != want {
			t.Errorf("%s: %v", tg, got.Attributes)
		}
	}
}
