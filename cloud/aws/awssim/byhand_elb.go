package awssim

import (
	"fmt"
	"net/netip"
	"slices"
)

// Balancer is a network load balancer.
type Balancer struct {
	ARN, Name, Host, Scheme, State string
	Subnets, Groups                []string
	Listeners                      []Listener
	Tags                           map[string]string
}

// Listener forwards one port to target groups.
type Listener struct {
	ARN, Protocol string
	Port          int
	TargetGroups  []string // ARNs
}

// TargetGroup is where listeners send to.
type TargetGroup struct {
	ARN, Name, Protocol string
	Port                int
	Targets             []string // instances, or IP addresses and ports ("10.0.0.1:80"), that are not draining
	Attributes          map[string]string
	Tags                map[string]string
}

// SecurityGroup is a security group with its inbound rules, as EC2 prints them.
type SecurityGroup struct {
	ID, Name string
	Rules    []string
	Tags     map[string]string
}

// Balancers is every load balancer, oldest first.
func (s *Sim) Balancers() (out []Balancer) {
	s.locked(func() {
		for _, b := range s.balancers.all() {
			one := Balancer{ARN: b.ARN, Name: b.Name, Host: b.host(s.config.Region), Scheme: b.Scheme, State: b.State,
				Groups: slices.Clone(b.Groups), Tags: b.Tags.public()}
			for _, z := range b.Zones {
				one.Subnets = append(one.Subnets, z.Subnet)
			}
			for _, l := range s.listeners.all() {
				if l.Balancer == b.ARN {
					made := Listener{ARN: l.ARN, Protocol: l.Protocol, Port: l.Port}
					for _, w := range l.Forward {
						made.TargetGroups = append(made.TargetGroups, w.Group)
					}
					one.Listeners = append(one.Listeners, made)
				}
			}
			out = append(out, one)
		}
	})
	return out
}

// TargetGroups is every target group.
func (s *Sim) TargetGroups() (out []TargetGroup) {
	s.locked(func() {
		for _, g := range s.targetGroups.all() {
			one := TargetGroup{ARN: g.ARN, Name: g.Name, Protocol: g.Protocol, Port: g.Port, Attributes: g.Attributes, Tags: g.Tags.public()}
			for _, t := range s.present(g) {
				if t.Draining.IsZero() {
					one.Targets = append(one.Targets, t.shown(g))
				}
			}
			out = append(out, one)
		}
	})
	return out
}

// SecurityGroups is every security group but the default ones.
func (s *Sim) SecurityGroups() (out []SecurityGroup) {
	s.locked(func() {
		for _, g := range s.groups.all() {
			if g.Name == defaultGroup {
				continue
			}
			one := SecurityGroup{ID: g.ID, Name: g.Name, Tags: g.Tags.public()}
			for _, r := range g.Inbound {
				one.Rules = append(one.Rules, r.String())
			}
			out = append(out, one)
		}
	})
	return out
}

func (t tags) public() map[string]string {
	out := map[string]string{}
	for _, x := range t {
		out[x.Key] = x.Value
	}
	return out
}

// Fail makes an instance or an IP address answer health checks no longer, or
// again.
func (s *Sim) Fail(target string, failing bool) {
	s.locked(func() { s.failing[target] = failing })
}

// AddElasticIP allocates an Elastic IP and gives its allocation ID and address.
func (s *Sim) AddElasticIP() (id string, ip netip.Addr, err error) {
	s.locked(func() {
		reply, refusal := allocateAddress(s, &call{params: map[string]string{}, service: compute})
		if err = asError(refusal); err == nil {
			e := reply.(allocateReply)
			id, ip = e.ID, netip.MustParseAddr(e.IP)
		}
	})
	return id, ip, err
}

// Reaches tells which instances a packet of a client to a balancer's port may
// arrive at, past the security groups of both: those healthy, in the zones that
// the balancer is in. The error says what stops it first.
func (s *Sim) Reaches(name, protocol string, port int, client netip.Addr) (instances []string, err error) {
	s.locked(func() { instances, err = s.reaches(name, protocol, port, client) })
	return instances, err
}

func (s *Sim) reaches(name, protocol string, port int, client netip.Addr) (instances []string, err error) {
	all := s.balancers.all()
	at := slices.IndexFunc(all, func(b *balancer) bool { return b.Name == name })
	if at < 0 || all[at].State != active {
		return nil, fmt.Errorf("no balancer %s is active", name)
	}
	b := all[at]
	if len(b.Groups) > 0 && !slices.ContainsFunc(b.Groups, func(g string) bool { return s.admits(g, protocol, port, client, nil) }) {
		return nil, fmt.Errorf("the balancer's security groups drop %s", client)
	}
	for _, l := range s.listeners.all() {
		if l.Balancer != b.ARN || l.Port != port || protocol == "tcp" && l.Protocol == "UDP" || protocol == "udp" && l.Protocol == "TCP" {
			continue
		}
		for _, w := range l.Forward {
			instances = append(instances, s.reached(b, s.targetGroups.items[w.Group], protocol, client)...)
		}
		if len(instances) == 0 {
			return nil, fmt.Errorf("no target of port %d is healthy and admits %s", port, client)
		}
		return instances, nil
	}
	return nil, fmt.Errorf("the balancer listens on no %s port %d", protocol, port)
}

func (s *Sim) reached(b *balancer, g *targetGroup, protocol string, client netip.Addr) (out []string) {
	checks := s.checksOf(g)
	for _, t := range s.present(g) {
		from := client
		if checks.health(t) != isHealthy {
			continue
		}
		if g.Attributes["preserve_client_ip.enabled"] != "true" || client.Is6() { // which the IPv4 target cannot be shown
			from = netip.MustParseAddr(b.Zones[slices.IndexFunc(b.Zones, func(z balancerZone) bool { return z.Zone == t.Zone || t.Zone == everyZone })].IP)
		}
		if card := checks.cardOf(t); card == nil || checks.letsIn(card, protocol, t.Port, from, b.Groups) {
			out = append(out, t.ID)
		}
	}
	return out
}
