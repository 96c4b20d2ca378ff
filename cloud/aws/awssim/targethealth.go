package awssim

import (
	"net/netip"
	"slices"
	"strconv"
)

type shownHealth struct {
	Target    shownTarget `xml:"Target"`
	CheckPort string      `xml:"HealthCheckPort,omitempty"`
	Health    health      `xml:"TargetHealth"`
}

type shownTarget struct {
	ID   string `xml:"Id"`
	Port int    `xml:"Port"`
	Zone string `xml:"AvailabilityZone,omitempty"`
}

// shownZone is that of an IP address; those of instances are not shown.
func (t target) shownZone(g *targetGroup) string {
	if g.Kind == byInstance {
		return ""
	}
	return t.Zone
}

type health struct {
	State       string `xml:"State"`
	Reason      string `xml:"Reason,omitempty"`
	Description string `xml:"Description,omitempty"`
}

type healthReply struct {
	Targets []shownHealth `xml:"TargetHealthDescriptions>member"`
}

var (
	isHealthy     = health{State: "healthy"}
	isRegistering = health{"initial", "Elb.RegistrationInProgress", "Target registration is in progress"}
	isFailing     = health{"unhealthy", "Target.FailedHealthChecks", "Health checks failed"}
	isBlocked     = health{"unhealthy", "Target.Timeout", "Request timed out"}
	isDraining    = health{"draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"}
	isStranger    = health{"unused", "Target.NotRegistered", "Target is not registered to the target group"}
	isIdle        = health{"unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"}
	isStopped     = health{"unused", "Target.InvalidState", "Target is in the stopped state"}
)

func describeTargetHealth(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.targetGroupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	asked, refusal := c.targets(g)
	if refusal != nil {
		return nil, refusal
	}
	reply := healthReply{}
	show := func(t target, h health) {
		reply.Targets = append(reply.Targets, shownHealth{shownTarget{t.ID, t.Port, t.shownZone(g)}, strconv.Itoa(g.checkPort(t)), h})
	}
	present, checks := s.present(g), s.checksOf(g)
	for _, t := range asked {
		if !slices.ContainsFunc(present, t.is) {
			show(t, isStranger)
		}
	}
	for _, t := range present {
		if len(asked) == 0 || slices.ContainsFunc(asked, t.is) {
			show(t, checks.health(t))
		}
	}
	return reply, nil
}

// checks are the health checks of one group.
type checks struct {
	*Sim
	group   *targetGroup
	users   []string
	primary map[string]*networkInterface       // by instance
	carrier map[netip.Prefix]*networkInterface // of a group of IP addresses
}

func (s *Sim) checksOf(g *targetGroup) checks {
	c := checks{s, g, s.usersOf(g.ARN), map[string]*networkInterface{}, nil}
	if g.Kind == byIP {
		c.carrier = s.carriers(g.VpcID)
		return c
	}
	for _, i := range s.interfaces.items {
		if i.instance() != "" && i.Attachment.DeviceIndex == 0 {
			c.primary[i.instance()] = i
		}
	}
	return c
}

// health is what a balancer thinks of a target. Its checks come from its own
// interfaces, and pass the security groups of the instance like all traffic.
func (s checks) health(t target) health {
	vm, g := s.instances.items[t.ID], s.group
	switch {
	case !t.Draining.IsZero():
		return isDraining
	case g.Kind == byInstance && vm.State != running:
		return isStopped
	case len(s.users) == 0:
		return isIdle
	}
	b := s.balancers.items[s.users[0]]
	if g.Kind == byIP {
		return s.ipHealth(t, b)
	}
	at := slices.IndexFunc(b.Zones, func(z balancerZone) bool { return z.Zone == vm.Zone })
	switch {
	case at < 0:
		return isIdle
	case b.State != active || s.clock.Now().Before(t.Since.Add(s.config.Latency)):
		return isRegistering
	case s.primary[vm.ID] == nil || !s.letsIn(s.primary[vm.ID], "tcp", g.checkPort(t), netip.MustParseAddr(b.Zones[at].IP), b.Groups):
		return isBlocked
	case s.failing[t.ID] || s.config.Answers != nil && !s.config.Answers(g.ARN, t.ID):
		return isFailing
	}
	return isHealthy
}

// checkPort is where a target is asked.
func (g *targetGroup) checkPort(t target) int {
	port, err := strconv.Atoi(g.Check.Port)
	if err != nil { // traffic-port
		return t.Port
	}
	return port
}

// letsIn reports whether the groups of an interface let traffic in.
func (s checks) letsIn(card *networkInterface, protocol string, port int, from netip.Addr, groups []string) bool {
	return slices.ContainsFunc(card.Groups, func(g groupRef) bool { return s.admits(g.ID, protocol, port, from, groups) })
}

func (s *Sim) admits(group, protocol string, port int, from netip.Addr, groups []string) bool {
	g, ok := s.groups.items[group]
	return ok && slices.ContainsFunc(g.Inbound, func(r groupRule) bool { return r.admits(protocol, port, from, groups) })
}
