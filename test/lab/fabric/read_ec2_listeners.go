package fabric

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/vpcnative/vpcnative/test/lab/balance"
)

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
