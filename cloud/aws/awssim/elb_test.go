package awssim_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/simulate"
)

// balanced is a world with a client of ELB.
type balanced struct {
	*world
	elb *elb.Client
}

func newBalanced(t *testing.T, config awssim.Config) *balanced {
	t.Helper()
	w := newWorld(t, config)
	_, err := w.sim.AddInternetGateway(w.vpc)
	w.must(err)
	return &balanced{w, elb.New(elb.Options{Region: "eu-west-1", BaseEndpoint: w.ec2.Options().BaseEndpoint, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")})}
}

func (w *balanced) create(in elb.CreateLoadBalancerInput) (types.LoadBalancer, error) {
	in.Type = types.LoadBalancerTypeEnumNetwork
	if in.Subnets == nil && in.SubnetMappings == nil {
		in.Subnets = []string{w.subnet}
	}
	got, err := w.elb.CreateLoadBalancer(w.ctx, &in)
	if err != nil {
		return types.LoadBalancer{}, err
	}
	return got.LoadBalancers[0], nil
}

func (w *balanced) lb(name string, groups ...string) string {
	w.t.Helper()
	got, err := w.create(elb.CreateLoadBalancerInput{Name: &name, Scheme: types.LoadBalancerSchemeEnumInternal, SecurityGroups: groups})
	w.must(err)
	return *got.LoadBalancerArn
}

func (w *balanced) tg(name string, protocol types.ProtocolEnum, port int32) string {
	w.t.Helper()
	got, err := w.elb.CreateTargetGroup(w.ctx, &elb.CreateTargetGroupInput{Name: &name, Protocol: protocol, Port: &port, VpcId: &w.vpc, TargetType: types.TargetTypeEnumInstance})
	w.must(err)
	return *got.TargetGroups[0].TargetGroupArn
}

func forward(tg string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &tg}}
}

func (w *balanced) listen(lb, tg string, protocol types.ProtocolEnum, port int32) (string, error) {
	got, err := w.elb.CreateListener(w.ctx, &elb.CreateListenerInput{LoadBalancerArn: &lb, Protocol: protocol, Port: &port, DefaultActions: forward(tg)})
	if err != nil {
		return "", err
	}
	return *got.Listeners[0].ListenerArn, nil
}

func (w *balanced) register(tg string, ids ...string) error {
	in := &elb.RegisterTargetsInput{TargetGroupArn: &tg}
	for _, id := range ids {
		in.Targets = append(in.Targets, types.TargetDescription{Id: &id})
	}
	_, err := w.elb.RegisterTargets(w.ctx, in)
	return err
}

func (w *balanced) deleteGroup(tg string) error {
	_, err := w.elb.DeleteTargetGroup(w.ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: &tg})
	return err
}

// health is the state and reason of each target.
func (w *balanced) health(tg string) (out []string) {
	w.t.Helper()
	got, err := w.elb.DescribeTargetHealth(w.ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &tg})
	w.must(err)
	for _, h := range got.TargetHealthDescriptions {
		out = append(out, string(h.TargetHealth.State)+" "+string(h.TargetHealth.Reason))
	}
	return out
}

func (w *balanced) group(name string, rules ...ec2types.IpPermission) string {
	w.t.Helper()
	got, err := w.ec2.CreateSecurityGroup(w.ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: aws.String("test"), VpcId: &w.vpc})
	w.must(err)
	if len(rules) > 0 {
		w.must(w.authorize(*got.GroupId, rules...))
	}
	return *got.GroupId
}

func (w *balanced) authorize(group string, rules ...ec2types.IpPermission) error {
	_, err := w.ec2.AuthorizeSecurityGroupIngress(w.ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: rules})
	return err
}

func tcp(from, to int32, cidr string) ec2types.IpPermission {
	return ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &from, ToPort: &to, IpRanges: []ec2types.IpRange{{CidrIp: &cidr}}}
}

func fromGroup(from, to int32, group string) ec2types.IpPermission {
	return ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &from, ToPort: &to, UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &group}}}
}

func TestABalancerBecomesActive(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newBalanced(t, awssim.Config{Instant: true, Clock: clock, Latency: time.Minute})
	in := elb.CreateLoadBalancerInput{Name: aws.String("web"), Scheme: types.LoadBalancerSchemeEnumInternal, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}}
	got, err := w.create(in)
	w.must(err)
	if got.State.Code != types.LoadBalancerStateEnumProvisioning || *got.DNSName == "" {
		t.Errorf("made %+v", got)
	}
	again, err := w.create(in) // the same settings are no error
	w.must(err)
	if *again.LoadBalancerArn != *got.LoadBalancerArn {
		t.Error("it was made twice")
	}
	in.Scheme = types.LoadBalancerSchemeEnumInternetFacing
	_, err = w.create(in)
	w.refused("DuplicateLoadBalancerName", err)
	clock.Advance(time.Minute)
	list, err := w.elb.DescribeLoadBalancers(w.ctx, &elb.DescribeLoadBalancersInput{Names: []string{"web"}})
	w.must(err)
	if list.LoadBalancers[0].State.Code != types.LoadBalancerStateEnumActive {
		t.Errorf("it is %v", list.LoadBalancers[0].State.Code)
	}
	_, err = w.elb.DescribeLoadBalancers(w.ctx, &elb.DescribeLoadBalancersInput{Names: []string{"other"}})
	w.refused("LoadBalancerNotFound", err)
}

func TestBalancersThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Balancers: 1, Instant: true})
	twin, err := w.sim.AddSubnet(w.vpc, pfx("10.0.16.0/24"), "")
	w.must(err)
	tiny, err := w.sim.AddSubnet(w.vpc, pfx("10.0.17.0/28"), "eu-west-1b")
	w.must(err)
	_, err = w.sim.AddInterface(awssim.Interface{Subnet: tiny, Secondary: []netip.Addr{netip.MustParseAddr("10.0.17.9"), netip.MustParseAddr("10.0.17.10"), netip.MustParseAddr("10.0.17.11")}})
	w.must(err)
	eip, _, err := w.sim.AddElasticIP()
	w.must(err)
	mapping := func(eip string) []types.SubnetMapping {
		return []types.SubnetMapping{{SubnetId: &w.subnet, AllocationId: &eip}}
	}
	for name, c := range map[string]struct {
		code string
		in   elb.CreateLoadBalancerInput
	}{
		"-edge":                             {"ValidationError", elb.CreateLoadBalancerInput{}},
		"internal-x":                        {"ValidationError", elb.CreateLoadBalancerInput{}},
		"a23456789012345678901234567890123": {"ValidationError", elb.CreateLoadBalancerInput{}},
		"two-in-a-zone":                     {"InvalidConfigurationRequest", elb.CreateLoadBalancerInput{Subnets: []string{w.subnet, twin}}},
		"no-subnet":                         {"SubnetNotFound", elb.CreateLoadBalancerInput{Subnets: []string{"subnet-00000000"}}},
		"no-space":                          {"InvalidSubnet", elb.CreateLoadBalancerInput{Subnets: []string{tiny}}},
		"no-group":                          {"InvalidSecurityGroup", elb.CreateLoadBalancerInput{SecurityGroups: []string{"sg-00000000"}}},
		"internal-eip-not":                  {"ValidationError", elb.CreateLoadBalancerInput{SubnetMappings: mapping(eip)}},
		"inside-with-eip":                   {"InvalidConfigurationRequest", elb.CreateLoadBalancerInput{Scheme: types.LoadBalancerSchemeEnumInternal, SubnetMappings: mapping(eip)}},
		"no-eip":                            {"AllocationIdNotFound", elb.CreateLoadBalancerInput{SubnetMappings: mapping("eipalloc-0")}},
		"no-ipv6":                           {"InvalidConfigurationRequest", elb.CreateLoadBalancerInput{IpAddressType: types.IpAddressTypeDualstack}},
		"doubled-tag":                       {"DuplicateTagKeys", elb.CreateLoadBalancerInput{Tags: []types.Tag{{Key: aws.String("k")}, {Key: aws.String("k")}}}},
	} {
		c.in.Name = &name
		_, err := w.create(c.in)
		w.refused(c.code, err)
	}
	_, err = w.create(elb.CreateLoadBalancerInput{Name: aws.String("first"), SubnetMappings: mapping(eip)})
	w.must(err)
	_, err = w.ec2.ReleaseAddress(w.ctx, &ec2.ReleaseAddressInput{AllocationId: &eip})
	w.refused("InvalidIPAddress.InUse", err)
	w.lbRefused("second", "TooManyLoadBalancers")
}

func (w *balanced) lbRefused(name, code string) {
	w.t.Helper()
	_, err := w.create(elb.CreateLoadBalancerInput{Name: &name})
	w.refused(code, err)
}

func TestListenersAndGroups(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	a, b := w.lb("a"), w.lb("b")
	web, dns, both := w.tg("web", "TCP", 30000), w.tg("dns", "UDP", 30053), w.tg("both", "TCP_UDP", 30053)
	first, err := w.listen(a, web, "TCP", 80)
	w.must(err)
	again, err := w.listen(a, web, "TCP", 80)
	w.must(err)
	if first != again {
		t.Error("a repeat made another")
	}
	for _, c := range []struct {
		code, lb, tg string
		protocol     types.ProtocolEnum
		port         int32
	}{
		{"DuplicateListener", a, dns, "UDP", 80},
		{"TargetGroupAssociationLimit", b, web, "TCP", 80},
		{"IncompatibleProtocols", a, web, "UDP", 81},
		{"IncompatibleProtocols", a, dns, "TCP_UDP", 81},
		{"UnsupportedProtocol", a, web, "HTTP", 81},
		{"TargetGroupNotFound", a, a, "TCP", 81},
		{"LoadBalancerNotFound", web, web, "TCP", 81},
	} {
		_, err := w.listen(c.lb, c.tg, c.protocol, c.port)
		w.refused(c.code, err)
	}
	_, err = w.listen(a, both, "TCP_UDP", 53)
	w.must(err)
	w.refused("ResourceInUse", w.deleteGroup(web))
	next := w.tg("next", "TCP", 30001)
	_, err = w.elb.ModifyListener(w.ctx, &elb.ModifyListenerInput{ListenerArn: &first, DefaultActions: forward(next)})
	w.must(err)
	w.must(w.deleteGroup(web))
	w.must(w.deleteGroup(web)) // what is gone is deleted
	_, err = w.elb.DeleteLoadBalancer(w.ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &a})
	w.must(err)
	_, err = w.elb.DeleteListener(w.ctx, &elb.DeleteListenerInput{ListenerArn: &first})
	w.refused("ListenerNotFound", err)
	w.must(w.deleteGroup(next))
	_, err = w.elb.CreateTargetGroup(w.ctx, &elb.CreateTargetGroupInput{Name: aws.String("dns"), Protocol: "UDP", Port: aws.Int32(1), VpcId: &w.vpc})
	w.refused("DuplicateTargetGroupName", err)
}

func TestWhatIsGoneLingers(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newBalanced(t, awssim.Config{Instant: true, Clock: clock, Linger: time.Minute})
	sg := w.group("front")
	lb, web := w.lb("a", sg), w.tg("web", "TCP", 30000)
	l, err := w.listen(lb, web, "TCP", 80)
	w.must(err)
	_, err = w.elb.DeleteListener(w.ctx, &elb.DeleteListenerInput{ListenerArn: &l})
	w.must(err)
	w.refused("ResourceInUse", w.deleteGroup(web))
	_, err = w.elb.DeleteLoadBalancer(w.ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: &lb})
	w.must(err)
	drop := func() error {
		_, err := w.ec2.DeleteSecurityGroup(w.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &sg})
		return err
	}
	w.refused("DependencyViolation", drop())
	clock.Advance(time.Minute)
	w.must(w.deleteGroup(web))
	w.must(drop())
	if left := w.sim.Interfaces(); len(left) != 0 {
		t.Errorf("left %+v", left)
	}
}

func TestFreshThingsAreUnknown(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newBalanced(t, awssim.Config{Instant: true, Clock: clock, Fresh: time.Second})
	clock.Advance(2 * time.Second)
	lb, web := w.lb("a"), w.tg("web", "TCP", 30000)
	_, err := w.listen(lb, web, "TCP", 80)
	w.refused("LoadBalancerNotFound", err)
	clock.Advance(2 * time.Second)
	l, err := w.listen(lb, web, "TCP", 80)
	w.must(err)
	_, err = w.elb.ModifyListener(w.ctx, &elb.ModifyListenerInput{ListenerArn: &l, Port: aws.Int32(81)})
	w.refused("ListenerNotFound", err)
	clock.Advance(2 * time.Second)
	_, err = w.elb.ModifyListener(w.ctx, &elb.ModifyListenerInput{ListenerArn: &l, Port: aws.Int32(81)})
	w.must(err)
}

func TestTargetsAndTheirHealth(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newBalanced(t, awssim.Config{Instant: true, Clock: clock, Latency: time.Minute})
	clock.Advance(time.Minute)
	front := w.group("front", tcp(80, 80, "0.0.0.0/0"))
	nodes := w.group("nodes")
	vm, eni := w.addVM("m5.large")
	_, err := w.ec2.ModifyNetworkInterfaceAttribute(w.ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: []string{nodes}})
	w.must(err)
	web := w.tg("web", "TCP", 30000)
	w.refused("InvalidTarget", w.register(web, "i-0123456789abcdef0"))
	w.must(w.register(web, vm.ID))
	w.reads(web, "unused Target.NotInUse")
	_, err = w.listen(w.lb("a", front), web, "TCP", 80)
	w.must(err)
	w.reads(web, "initial Elb.RegistrationInProgress")
	clock.Advance(time.Minute)
	w.reads(web, "unhealthy Target.Timeout")
	w.must(w.authorize(nodes, fromGroup(30000, 30000, front)))
	w.reads(web, "healthy ")
	if got, err := w.sim.Reaches("a", "tcp", 80, netip.MustParseAddr("192.0.2.1")); err != nil || !slices.Equal(got, []string{vm.ID}) {
		t.Errorf("reaches %v, %v", got, err)
	}
	if got, err := w.sim.Reaches("a", "tcp", 81, netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Errorf("port 81 reaches %v", got)
	}
	w.sim.Fail(vm.ID, true)
	w.reads(web, "unhealthy Target.FailedHealthChecks")
	_, err = w.elb.DeregisterTargets(w.ctx, &elb.DeregisterTargetsInput{TargetGroupArn: &web, Targets: []types.TargetDescription{{Id: &vm.ID}, {Id: aws.String("i-unknown")}}})
	w.must(err)
	w.reads(web, "draining Target.DeregistrationInProgress")
	clock.Advance(5 * time.Minute)
	w.reads(web)
	w.must(w.sim.StopInstance(vm.ID))
	w.refused("InvalidTarget", w.register(web, vm.ID))
}

func (w *balanced) reads(tg string, want ...string) {
	w.t.Helper()
	if got := w.health(tg); !slices.Equal(got, want) {
		w.t.Errorf("health is %q, want %q", got, want)
	}
}

func TestSecurityGroupRules(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	a := w.group("a", tcp(80, 80, "10.1.2.3/8"))
	w.refused("InvalidPermission.Duplicate", w.authorize(a, tcp(80, 80, "10.0.0.0/8")))
	w.refused("InvalidGroup.NotFound", w.authorize(a, fromGroup(1, 2, "sg-00000000")))
	w.refused("InvalidParameterValue", w.authorize(a, tcp(3, 2, "10.0.0.0/8")))
	var many []ec2types.IpPermission
	for n := range int32(60) {
		many = append(many, tcp(100+n, 100+n, "10.0.0.0/8"))
	}
	w.refused("RulesPerSecurityGroupLimitExceeded", w.authorize(a, many...))
	w.must(w.authorize(a, many[1:]...))
	w.must(w.authorize(a, ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(1), ToPort: aws.Int32(9),
		Ipv6Ranges: []ec2types.Ipv6Range{{CidrIpv6: aws.String("::/0")}}})) // IPv6 is counted apart
	b := w.group("b", fromGroup(1, 2, a))
	revoke := func(p ec2types.IpPermission) error {
		_, err := w.ec2.RevokeSecurityGroupIngress(w.ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &b, IpPermissions: []ec2types.IpPermission{p}})
		return err
	}
	drop := func(id string) error {
		_, err := w.ec2.DeleteSecurityGroup(w.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
		return err
	}
	w.refused("InvalidPermission.NotFound", revoke(fromGroup(1, 3, a)))
	w.refused("DependencyViolation", drop(a))
	w.must(revoke(fromGroup(1, 2, a)))
	w.must(drop(a))
	_, err := w.ec2.CreateSecurityGroup(w.ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("b"), Description: aws.String("x"), VpcId: &w.vpc})
	w.refused("InvalidGroup.Duplicate", err)
}

func TestBalancersWithoutGroupsNeverGetAny(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	sg, other := w.group("sg"), w.group("other")
	bare, clad := w.lb("bare"), w.lb("clad", sg)
	set := func(lb string) error {
		_, err := w.elb.SetSecurityGroups(w.ctx, &elb.SetSecurityGroupsInput{LoadBalancerArn: &lb, SecurityGroups: []string{other}})
		return err
	}
	w.refused("InvalidConfigurationRequest", set(bare))
	w.must(set(clad))
}

func TestAttributesAreChecked(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	dns, web := w.tg("dns", "UDP", 53), w.tg("web", "TCP", 80)
	set := func(tg, key, value string) error {
		_, err := w.elb.ModifyTargetGroupAttributes(w.ctx, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &tg, Attributes: []types.TargetGroupAttribute{{Key: &key, Value: &value}}})
		return err
	}
	w.must(set(web, "preserve_client_ip.enabled", "false"))
	w.refused("InvalidConfigurationRequest", set(dns, "preserve_client_ip.enabled", "false"))
	w.refused("ValidationError", set(web, "deregistration_delay.timeout_seconds", "3601"))
	w.refused("InvalidConfigurationRequest", set(web, "slow_start.duration_seconds", "30"))
	check := func(in elb.ModifyTargetGroupInput) error {
		in.TargetGroupArn = &web
		_, err := w.elb.ModifyTargetGroup(w.ctx, &in)
		return err
	}
	w.must(check(elb.ModifyTargetGroupInput{HealthCheckProtocol: "HTTP", HealthCheckPath: aws.String("/healthz"), HealthCheckPort: aws.String("10256")}))
	w.refused("ValidationError", check(elb.ModifyTargetGroupInput{HealthCheckProtocol: "UDP"}))
	w.refused("ValidationError", check(elb.ModifyTargetGroupInput{HealthCheckIntervalSeconds: aws.Int32(4)}))
	w.refused("ValidationError", check(elb.ModifyTargetGroupInput{HealthCheckTimeoutSeconds: aws.Int32(60)}))
}

func TestBalancingTagsAndPages(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	var arns []string
	for n := range 25 {
		arns = append(arns, w.lb(fmt.Sprintf("lb-%02d", n)))
	}
	_, err := w.elb.DescribeTags(w.ctx, &elb.DescribeTagsInput{ResourceArns: arns})
	w.refused("ValidationError", err)
	_, err = w.elb.AddTags(w.ctx, &elb.AddTagsInput{ResourceArns: arns[:2], Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}})
	w.must(err)
	got, err := w.elb.DescribeTags(w.ctx, &elb.DescribeTagsInput{ResourceArns: arns[1:3]})
	w.must(err)
	if len(got.TagDescriptions[0].Tags) != 1 || len(got.TagDescriptions[1].Tags) != 0 {
		t.Errorf("tags %+v", got.TagDescriptions)
	}
	p := elb.NewDescribeLoadBalancersPaginator(w.elb, &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(10)})
	seen, pages := 0, 0
	for ; p.HasMorePages(); pages++ {
		l, err := p.NextPage(w.ctx)
		w.must(err)
		seen += len(l.LoadBalancers)
	}
	if seen != 25 || pages != 3 {
		t.Errorf("%d on %d pages", seen, pages)
	}
}

func TestBalancersAreThrottledTogether(t *testing.T) {
	t.Parallel()
	clock := simulate.NewHandClock(time.Unix(1_800_000_000, 0))
	w := newBalanced(t, awssim.Config{Instant: true, Clock: clock, Throttle: true})
	for n := range 41 {
		_, err := w.elb.DescribeLoadBalancers(w.ctx, &elb.DescribeLoadBalancersInput{})
		if n < 40 {
			w.must(err)
		} else {
			w.refused("ThrottlingException", err)
		}
	}
	_, err := w.elb.DescribeTargetGroups(w.ctx, &elb.DescribeTargetGroupsInput{})
	w.refused("ThrottlingException", err)
	clock.Advance(time.Second)
	_, err = w.elb.DescribeTargetGroups(w.ctx, &elb.DescribeTargetGroupsInput{})
	w.must(err)
}

func TestTooManyTargets(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{Instant: true})
	lb := w.lb("a")
	one, two := w.tg("one", "TCP", 1001), w.tg("two", "TCP", 1002)
	for port, tg := range map[int32]string{80: one, 81: two} {
		_, err := w.listen(lb, tg, "TCP", port)
		w.must(err)
	}
	var ids []string
	for range 251 {
		vm, _ := w.addVM("m5.large")
		ids = append(ids, vm.ID)
	}
	w.must(w.register(one, ids[:200]...))
	w.must(w.register(one, ids[200:]...))
	w.must(w.register(two, ids[:249]...))
	w.refused("TooManyTargets", w.register(two, ids[249:]...)) // 502 in one zone
}
