package fabric

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/test/lab/balance"
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

// listeners: one balancer for each protocol of each listener. Of weighted
// groups the first is taken; this project makes no others.
func (w *ec2World) listeners(p *parser, machines []Machine) (out []balance.Balancer) {
	for _, b := range w.balancers {
		for _, l := range b.listeners {
			at := slices.IndexFunc(b.groups, func(g ec2Targets) bool {
				return len(l.DefaultActions) > 0 && aws.ToString(g.TargetGroupArn) == aws.ToString(l.DefaultActions[0].TargetGroupArn)
			})
			if at < 0 {
				continue
			}
			g, port := b.groups[at], uint16(aws.ToInt32(l.Port))
			across := g.attributes[crossZone] == "true" || b.crossZone && g.attributes[crossZone] != "false"
			drain := balance.Forever // targets that drain are listed until they have
			if g.attributes["deregistration_delay.connection_termination.enabled"] == "true" {
				drain = 0
			}
			for _, protocol := range strings.Split(strings.ToLower(string(l.Protocol)), "_") {
				out = append(out, balance.Balancer{
					Name: listenerName(b, l), Service: aws.ToString(g.TargetGroupArn), Host: aws.ToString(b.DNSName), Translate: true,
					Preserve: g.attributes["preserve_client_ip.enabled"] == "true", Protocol: protocol, Ports: []balance.Ports{{From: port, To: port}},
					ByClient: g.attributes["stickiness.enabled"] == "true",
					Fronts:   w.fronts(p, b, protocol, port, across), Members: g.members(machines), Check: g.check(p),
					Drain: drain, CutUnhealthy: g.attributes["target_health_state.unhealthy.connection_termination.enabled"] == "true",
				})
			}
		}
	}
	return out
}

// fronts are the balancer's interfaces, one a zone. One on the internet that
// has no Elastic IP gets an address that the lab makes of its private one.
func (w *ec2World) fronts(p *parser, b ec2Balancer, protocol string, port uint16, across bool) (out []balance.Front) {
	_, id, _ := strings.Cut(aws.ToString(b.LoadBalancerArn), ":loadbalancer/")
	for _, i := range w.interfaces {
		if aws.ToString(i.Description) != "ELB "+id {
			continue
		}
		f := balance.Front{Addr: p.addr(aws.ToString(i.PrivateIpAddress)), Zone: aws.ToString(i.AvailabilityZone), Clients: w.clients(p, b, protocol, port)}
		if b.Scheme == types.LoadBalancerSchemeEnumInternetFacing {
			a := f.Addr.As4()
			f.Public = netip.AddrFrom4([4]byte{198, 19, a[2], a[3]})
		}
		for _, z := range b.AvailabilityZones {
			for _, a := range z.LoadBalancerAddresses {
				if aws.ToString(z.ZoneName) == f.Zone && aws.ToString(a.IpAddress) != "" {
					f.Public = p.addr(*a.IpAddress)
				}
			}
		}
		if across {
			f.Zone = ""
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(x, y balance.Front) int { return x.Addr.Compare(y.Addr) })
	return out
}

// clients are who the balancer's security groups let in; one without groups
// lets everybody in.
func (w *ec2World) clients(p *parser, b ec2Balancer, protocol string, port uint16) []netip.Prefix {
	if len(b.SecurityGroups) == 0 {
		return nil
	}
	out := []netip.Prefix{}
	for _, g := range w.groups {
		if !slices.Contains(b.SecurityGroups, aws.ToString(g.GroupId)) {
			continue
		}
		for _, perm := range g.IpPermissions {
			for _, t := range p.permitted(perm) {
				covers := slices.ContainsFunc(t.Ports, func(x balance.Ports) bool { return x.From <= port && port <= x.To })
				if (t.Protocol == "" || t.Protocol == protocol) && (len(t.Ports) == 0 || covers) {
					out = append(out, cidrs(p, perm)...)
				}
			}
		}
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}

func (g ec2Targets) members(machines []Machine) (out []balance.Member) {
	for _, t := range g.targets {
		at := slices.IndexFunc(machines, func(m Machine) bool { return m.Name == aws.ToString(t.Target.Id) })
		if at < 0 {
			continue
		}
		m := machines[at]
		out = append(out, balance.Member{
			Machine: m.Name, Zone: m.Zone, Addr: m.Primary, Port: uint16(aws.ToInt32(t.Target.Port)),
			Draining: t.TargetHealth.State == types.TargetHealthStateEnumDraining || t.TargetHealth.State == types.TargetHealthStateEnumUnhealthyDraining,
		})
	}
	slices.SortFunc(out, func(a, b balance.Member) int {
		return cmp.Or(cmp.Compare(a.Machine, b.Machine), cmp.Compare(a.Port, b.Port))
	})
	return out
}

func (g ec2Targets) check(p *parser) balance.Check {
	c := balance.Check{
		HTTP: g.HealthCheckProtocol == types.ProtocolEnumHttp, Path: aws.ToString(g.HealthCheckPath),
		Interval: time.Duration(aws.ToInt32(g.HealthCheckIntervalSeconds)) * time.Second, Timeout: time.Duration(aws.ToInt32(g.HealthCheckTimeoutSeconds)) * time.Second,
		Healthy: int(aws.ToInt32(g.HealthyThresholdCount)), Unhealthy: int(aws.ToInt32(g.UnhealthyThresholdCount)),
	}
	if c.HTTP && g.Matcher != nil {
		c.Codes = p.ports(strings.Split(aws.ToString(g.Matcher.HttpCode), ","))
	}
	if port := aws.ToString(g.HealthCheckPort); port != "traffic-port" {
		n, err := strconv.ParseUint(port, 10, 16)
		p.keep(err)
		c.Port = uint16(n)
	}
	return c
}
