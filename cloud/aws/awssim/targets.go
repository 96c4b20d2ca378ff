package awssim

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// target is one port of an instance or an IP address in a group.
type target struct {
	ID   string
	Port int
	// Zone is the Availability Zone of an IP address, or "all" outside the VPC.
	Zone  string
	Since time.Time
	// Draining is when it leaves, zero for one that stays.
	Draining time.Time
}

const (
	groupTargets    = 1000 // of a group
	balancerTargets = 3000
	zoneTargets     = 500 // of a balancer in a zone; in all with cross-zone balancing
)

// targets reads those that a call names.
func (c *call) targets(g *targetGroup) (out []target, refusal *APIError) {
	for n := 1; ; n++ {
		at := fmt.Sprintf("Targets.member.%d.", n)
		id, ok := c.params[at+"Id"]
		if !ok {
			return out, nil
		}
		t := target{ID: id, Port: g.Port}
		if text, ok := c.params[at+"Port"]; ok {
			port, err := strconv.Atoi(text)
			if err != nil || port < 1 || port > 65535 {
				return nil, validation("Port '%s' is not between 1 and 65535", text)
			}
			t.Port = port
		}
		if t.Zone = c.params[at+"AvailabilityZone"]; t.Zone != "" && g.Kind == byInstance {
			return nil, validation("You cannot specify an Availability Zone for targets of type instance")
		}
		out = append(out, t)
	}
}

func (t target) is(o target) bool { return t.ID == o.ID && t.Port == o.Port }

// registerTargets registers all targets of the call or none.
func registerTargets(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.targetGroupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	added, refusal := c.targets(g)
	if refusal != nil {
		return nil, refusal
	}
	if len(added) == 0 {
		return nil, lacking("Targets")
	}
	next := *g
	next.Targets = slices.Clone(s.present(g))
	for _, t := range added {
		if t.Zone, refusal = s.acceptable(c, g, t); refusal != nil {
			return nil, refusal
		}
		t.Since = s.clock.Now()
		at := slices.IndexFunc(next.Targets, t.is)
		switch {
		case at < 0:
			next.Targets = append(next.Targets, t)
		case !next.Targets[at].Draining.IsZero():
			next.Targets[at] = t
		}
	}
	if len(next.Targets) > groupTargets {
		return nil, refuse("TooManyTargets", "The maximum number of targets of target group '%s' has been reached", g.ARN)
	}
	for _, arn := range s.usersOf(g.ARN) {
		b := s.balancers.items[arn]
		all := s.groupsWith(b, nil)
		all[slices.IndexFunc(all, func(o *targetGroup) bool { return o.ARN == g.ARN })] = &next
		if refusal := s.crowded(b, all); refusal != nil {
			return nil, refusal
		}
	}
	s.targetGroups.put(&next)
	return emptyReply{}, nil
}

// acceptable refuses a target that the group cannot have; zone is where it is.
func (s *Sim) acceptable(c *call, g *targetGroup, t target) (zone string, refusal *APIError) {
	if g.Kind == byIP {
		return s.acceptableIP(c, g, t)
	}
	vm, ok := see(s, c, s.instances).get(t.ID)
	switch {
	case !ok:
		return "", refuse("InvalidTarget", "The following targets are not valid instances: '%s'", t.ID)
	case vm.State != running:
		return "", refuse("InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", t.ID)
	case vm.VpcID != g.VpcID:
		return "", refuse("InvalidTarget", "The following targets are not in the target group VPC '%s': '%s'", g.VpcID, t.ID)
	}
	return vm.Zone, nil
}

// deregisterTargets lets targets drain; those that are unknown are passed over.
func deregisterTargets(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.targetGroupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	gone, refusal := c.targets(g)
	if refusal != nil {
		return nil, refusal
	}
	if len(gone) == 0 {
		return nil, lacking("Targets")
	}
	delay, err := strconv.Atoi(g.Attributes["deregistration_delay.timeout_seconds"])
	if err != nil {
		panic(err) // it was checked when it was set
	}
	used := len(s.usersOf(g.ARN)) > 0
	next := *g
	next.Targets = nil
	for _, t := range s.present(g) {
		if t.Draining.IsZero() && slices.ContainsFunc(gone, t.is) {
			if !used || delay == 0 {
				continue
			}
			t.Draining = s.clock.Now().Add(time.Duration(delay) * time.Second)
		}
		next.Targets = append(next.Targets, t)
	}
	s.targetGroups.put(&next)
	return emptyReply{}, nil
}

// present are the targets but those that have drained and those whose
// instance is terminated, which ELB deregisters by itself. Nobody deregisters an
// IP address but who registered it.
func (s *Sim) present(g *targetGroup) (out []target) {
	now := s.clock.Now()
	for _, t := range g.Targets {
		vm, ok := s.instances.items[t.ID]
		stays := g.Kind == byIP || ok && vm.State != terminated
		if stays && (t.Draining.IsZero() || t.Draining.After(now)) {
			out = append(out, t)
		}
	}
	return out
}

// groupsWith are the groups that a balancer sends to, once the listener is as
// given.
func (s *Sim) groupsWith(b *balancer, changed *listener) (out []*targetGroup) {
	add := func(l *listener) {
		for _, w := range l.Forward {
			if g, ok := s.targetGroups.items[w.Group]; ok && !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	if changed != nil {
		add(changed)
	}
	for _, l := range s.listeners.all() {
		if l.Balancer == b.ARN && (changed == nil || l.ARN != changed.ARN) {
			add(l)
		}
	}
	return out
}

// crowded refuses more targets than a balancer takes. Draining ones do not count.
func (s *Sim) crowded(b *balancer, groups []*targetGroup) *APIError {
	zones, all := map[string]int{}, 0
	for _, g := range groups {
		for _, t := range s.present(g) {
			if t.Draining.IsZero() {
				all++
				zones[t.Zone]++
			}
		}
	}
	cross := b.on("load_balancing.cross_zone.enabled")
	for _, n := range zones {
		if n > zoneTargets || cross && all > zoneTargets || all > balancerTargets {
			return refuse("TooManyTargets", "The maximum number of targets of load balancer '%s' has been reached", b.ARN)
		}
	}
	return nil
}
