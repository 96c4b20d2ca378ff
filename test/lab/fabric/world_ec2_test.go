package fabric

import (
	"net/netip"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// simulatedEC2 is a simulated EC2 with a VPC of two zones, an internet gateway,
// and machines that have a prefix each.
type simulatedEC2 struct {
	*awssim.Sim
	endpoint, vpc string
	subnets       []string // one a zone
	machines      []string // IDs
	api           *ec2Cloud
}

func newEC2Cloud(t *testing.T, c awssim.Config, machines int) simulatedEC2 {
	t.Helper()
	s := simulatedEC2{Sim: awssim.New(c)}
	var err error
	s.vpc, err = s.AddVPC(netip.MustParsePrefix("10.0.0.0/16"))
	must(t, err)
	gateway, err := s.AddInternetGateway(s.vpc)
	must(t, err)
	must(t, s.AddRoute(s.vpc, netip.MustParsePrefix("0.0.0.0/0"), gateway))
	for n, block := range []string{"10.0.0.0/20", "10.0.16.0/20"} {
		id, err := s.AddSubnet(s.vpc, netip.MustParsePrefix(block), []string{"eu-west-1a", "eu-west-1b"}[n])
		must(t, err)
		s.subnets = append(s.subnets, id)
	}
	for n := range machines {
		i, err := s.AddInstance(awssim.Instance{Interfaces: []awssim.Interface{{Subnet: s.subnets[n%2], Prefixes: []netip.Prefix{delegatedTo(n)}}}})
		must(t, err)
		s.machines = append(s.machines, i.ID)
	}
	var stop func()
	s.endpoint, stop, err = s.Serve("127.0.0.1:0")
	must(t, err)
	t.Cleanup(stop)
	s.api = newEC2(s.config())
	return s
}

func (s simulatedEC2) config() Config {
	return Config{Cloud: "aws", Endpoint: s.endpoint, Network: s.vpc}
}

// delegatedTo is the prefix of the machine with that number.
func delegatedTo(n int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(n%2)*16 + 8, byte(n) * 16}), 28)
}

// balance makes a network load balancer of instances on node ports, and lets
// the machines' group admit everybody there.
func (s simulatedEC2) balance(t *testing.T, name string, scheme types.LoadBalancerSchemeEnum, port, nodePort int32, preserve bool) (group string) {
	t.Helper()
	ctx := t.Context()
	made, err := s.api.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumTcp, Port: &nodePort, VpcId: &s.vpc, TargetType: types.TargetTypeEnumInstance,
		HealthCheckProtocol: types.ProtocolEnumHttp, HealthCheckPort: aws.String("10256"), HealthCheckPath: aws.String("/healthz"),
		HealthCheckIntervalSeconds: aws.Int32(5), HealthCheckTimeoutSeconds: aws.Int32(2), HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(2)})
	must(t, err)
	group = *made.TargetGroups[0].TargetGroupArn
	s.Settle()
	if !preserve {
		_, err = s.api.elb.ModifyTargetGroupAttributes(ctx, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &group,
			Attributes: []types.TargetGroupAttribute{{Key: aws.String("preserve_client_ip.enabled"), Value: aws.String("false")}}})
		must(t, err)
	}
	lb, err := s.api.elb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: &name, Type: types.LoadBalancerTypeEnumNetwork, Scheme: scheme, Subnets: s.subnets})
	must(t, err)
	s.Settle()
	_, err = s.api.elb.CreateListener(ctx, &elb.CreateListenerInput{LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Port: &port, Protocol: types.ProtocolEnumTcp,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}}})
	must(t, err)
	var targets []types.TargetDescription
	for _, id := range s.machines {
		targets = append(targets, types.TargetDescription{Id: aws.String(id)})
	}
	s.Settle()
	_, err = s.api.elb.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: &group, Targets: targets})
	must(t, err)
	s.Settle()
	return group
}

// admit lets a range in on ports of the machines' group.
func (s simulatedEC2) admit(t *testing.T, from string, first, last int32) {
	t.Helper()
	groups, err := s.api.ec2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{})
	must(t, err)
	_, err = s.api.ec2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: groups.SecurityGroups[0].GroupId,
		IpPermissions: []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: &first, ToPort: &last, IpRanges: []ec2types.IpRange{{CidrIp: &from}}}}})
	must(t, err)
	s.Settle()
}

func (s simulatedEC2) interfaceOf(instance string) string {
	i, _ := s.Instance(instance)
	return i.Interfaces[0].ID
}

// uncheck turns the source/destination check off.
func (s simulatedEC2) uncheck(t *testing.T, instance string) error {
	t.Helper()
	_, err := s.api.ec2.ModifyNetworkInterfaceAttribute(t.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{
		NetworkInterfaceId: aws.String(s.interfaceOf(instance)), SourceDestCheck: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)}})
	return err
}
