package awssim

import (
	"fmt"
	"slices"
	"strconv"
)

// listener forwards one port of a balancer.
type listener struct {
	ARN, Balancer, Protocol string
	Port                    int
	Forward                 []weighted
	Tags                    tags
}

type weighted struct {
	Group  string `xml:"TargetGroupArn"`
	Weight *int   `xml:"Weight,omitempty"`
}

func (l *listener) key() string  { return l.ARN }
func (l *listener) tagged() tags { return l.Tags }
func (l *listener) udp() bool    { return l.Protocol == "UDP" || l.Protocol == "TCP_UDP" }

func (l *listener) to(group string) bool {
	return slices.ContainsFunc(l.Forward, func(w weighted) bool { return w.Group == group })
}

const listenerLimit = 50

// carries are the protocols of the groups that a listener may send to.
// Source: Network Load Balancers user guide, "Routing configuration".
var carries = map[string][]string{"TCP": {"TCP", "TCP_UDP"}, "UDP": {"UDP", "TCP_UDP"}, "TCP_UDP": {"TCP_UDP"}}

type shownAction struct {
	Type    string     `xml:"Type"`
	Group   string     `xml:"TargetGroupArn,omitempty"`
	Order   int        `xml:"Order"`
	Forward []weighted `xml:"ForwardConfig>TargetGroups>member"`
}

type shownListener struct {
	ARN      string        `xml:"ListenerArn"`
	Balancer string        `xml:"LoadBalancerArn"`
	Port     int           `xml:"Port"`
	Protocol string        `xml:"Protocol"`
	Actions  []shownAction `xml:"DefaultActions>member"`
}

type listenersReply struct {
	Listeners []shownListener `xml:"Listeners>member"`
	Next      string          `xml:"NextMarker,omitempty"`
}

func (l *listener) shown() shownListener {
	a := shownAction{Type: "forward", Order: 1, Forward: l.Forward}
	if len(l.Forward) == 1 {
		a.Group = l.Forward[0].Group
	}
	return shownListener{l.ARN, l.Balancer, l.Port, l.Protocol, []shownAction{a}}
}

func describeListeners(s *Sim, c *call) (any, *APIError) {
	v := see(s, c, s.listeners)
	arns := c.list("ListenerArns.member")
	if (c.params["LoadBalancerArn"] == "") == (len(arns) == 0) {
		return nil, validation("You must specify either listener ARNs or a load balancer ARN")
	}
	reply := listenersReply{}
	found, asked, refusal := byNames(c, v, "ListenerArns.member", "", func(l *listener) string { return l.ARN }, "ListenerNotFound")
	if refusal != nil {
		return nil, refusal
	}
	if !asked {
		b, refusal := s.balancerOf(c)
		if refusal != nil {
			return nil, refusal
		}
		all := slices.DeleteFunc(v.list(), func(l *listener) bool { return l.Balancer != b.ARN })
		if found, reply.Next, refusal = cut(c, all); refusal != nil {
			return nil, refusal
		}
	}
	for _, l := range found {
		reply.Listeners = append(reply.Listeners, l.shown())
	}
	return reply, nil
}

// forward reads the actions: one of type forward is all that a network load
// balancer may have.
func (c *call) forward() (out []weighted, refusal *APIError) {
	const first = "DefaultActions.member.1."
	kind, ok := c.params[first+"Type"]
	_, second := c.params["DefaultActions.member.2.Type"]
	if !ok {
		return nil, nil
	}
	if kind != "forward" || second {
		return nil, refuse("InvalidLoadBalancerAction", "Network load balancers take one action of type forward")
	}
	for n := 1; ; n++ {
		at := fmt.Sprintf("%sForwardConfig.TargetGroups.member.%d.", first, n)
		arn, ok := c.params[at+"TargetGroupArn"]
		if !ok {
			break
		}
		w := weighted{Group: arn}
		if text, ok := c.params[at+"Weight"]; ok {
			weight, err := strconv.Atoi(text)
			if err != nil || weight < 0 || weight > 999 {
				return nil, validation("Weight '%s' is not between 0 and 999", text)
			}
			w.Weight = &weight
		}
		out = append(out, w)
	}
	if arn, ok := c.params[first+"TargetGroupArn"]; ok && (len(out) != 1 || out[0].Group != arn) {
		if len(out) > 0 {
			return nil, validation("The target group and the forward configuration differ")
		}
		out = []weighted{{Group: arn}}
	}
	if len(out) == 0 {
		return nil, validation("A target group ARN must be specified")
	}
	return out, nil
}

// fits checks a listener, new or changed, against its balancer and groups.
func (s *Sim) fits(c *call, b *balancer, l *listener) *APIError {
	if carries[l.Protocol] == nil {
		return refuse("UnsupportedProtocol", "Protocol '%s' is not supported on network load balancers", l.Protocol) // TLS and QUIC are, but not here
	}
	if l.udp() && b.dual() && b.SourceNAT != "on" {
		return misconfigured("UDP listeners need an IPv6 prefix for source NAT on a dualstack load balancer")
	}
	for _, w := range l.Forward {
		g, ok := see(s, c, s.targetGroups).get(w.Group)
		switch {
		case !ok:
			return refuse("TargetGroupNotFound", "Target group '%s' not found", w.Group)
		case !slices.Contains(carries[l.Protocol], g.Protocol):
			return refuse("IncompatibleProtocols", "The listener and its associated target group '%s' have incompatible protocols: '%s' and '%s'", w.Group, l.Protocol, g.Protocol)
		case g.VpcID != b.VpcID:
			return misconfigured("The target group '%s' is not in the VPC of the load balancer", w.Group)
		case g.IPType == "ipv6" && !b.dual():
			return misconfigured("The target group '%s' is of IPv6 and the load balancer is not dualstack", w.Group)
		}
		for _, arn := range s.usersOf(w.Group) {
			if arn != b.ARN {
				return refuse("TargetGroupAssociationLimit", "The following target groups cannot be associated with more than one load balancer: %s", w.Group)
			}
		}
	}
	return nil
}

// newListener reads the listener that the call asks for.
func (s *Sim) newListener(c *call, b *balancer) (l *listener, refusal *APIError) {
	l = &listener{Balancer: b.ARN, Protocol: c.params["Protocol"]}
	if l.Port, refusal = c.number("Port", 0, 1, 65535); refusal != nil {
		return nil, refusal
	}
	if l.Forward, refusal = c.forward(); refusal != nil {
		return nil, refusal
	}
	if l.Tags, refusal = c.newBalancingTags(); refusal != nil {
		return nil, refusal
	}
	if l.Port == 0 || len(l.Forward) == 0 || l.Protocol == "" {
		return nil, validation("A listener needs a port, a protocol and a default action")
	}
	return l, s.fits(c, b, l)
}

func createListener(s *Sim, c *call) (any, *APIError) {
	b, refusal := s.balancerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	l, refusal := s.newListener(c, b)
	if refusal != nil {
		return nil, refusal
	}
	count := 0
	for _, o := range s.listeners.all() {
		if o.Balancer != b.ARN {
			continue
		}
		if count++; o.Port == l.Port {
			if o.Protocol == l.Protocol && slices.EqualFunc(o.Forward, l.Forward, sameWeight) && sameSet(o.Tags, l.Tags) {
				return listenersReply{Listeners: []shownListener{o.shown()}}, nil
			}
			return nil, refuse("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", b.ARN)
		}
	}
	if count >= listenerLimit {
		return nil, refuse("TooManyListeners", "The maximum number of listeners has been reached on load balancer '%s'", b.ARN)
	}
	l.ARN = s.arn("listener/" + b.path())
	if refusal := s.crowded(b, s.groupsWith(b, l)); refusal != nil {
		return nil, refusal
	}
	s.listeners.put(l)
	return listenersReply{Listeners: []shownListener{l.shown()}}, nil
}

func sameWeight(a, b weighted) bool {
	return a.Group == b.Group && (a.Weight == nil) == (b.Weight == nil) && (a.Weight == nil || *a.Weight == *b.Weight)
}

func (s *Sim) listenerOf(c *call) (*listener, *APIError) {
	arn := c.params["ListenerArn"]
	if arn == "" {
		return nil, lacking("ListenerArn")
	}
	l, ok := see(s, c, s.listeners).get(arn)
	if !ok {
		return nil, refuse("ListenerNotFound", "One or more listeners not found: '%s'", arn)
	}
	return l, nil
}

func modifyListener(s *Sim, c *call) (any, *APIError) {
	l, refusal := s.listenerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	next := *l
	if next.Port, refusal = c.number("Port", l.Port, 1, 65535); refusal != nil {
		return nil, refusal
	}
	if p := c.params["Protocol"]; p != "" {
		next.Protocol = p
	}
	forward, refusal := c.forward()
	if refusal != nil {
		return nil, refusal
	}
	if len(forward) > 0 {
		next.Forward = forward
	}
	b := s.balancers.items[l.Balancer]
	if refusal := s.fits(c, b, &next); refusal != nil {
		return nil, refusal
	}
	if slices.ContainsFunc(s.listeners.all(), func(o *listener) bool { return o.Balancer == l.Balancer && o.ARN != l.ARN && o.Port == next.Port }) {
		return nil, refuse("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", b.ARN)
	}
	if refusal := s.crowded(b, s.groupsWith(b, &next)); refusal != nil {
		return nil, refusal
	}
	s.keepUsed(l, &next)
	s.listeners.put(&next)
	return listenersReply{Listeners: []shownListener{next.shown()}}, nil
}

func deleteListener(s *Sim, c *call) (any, *APIError) {
	l, refusal := s.listenerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	s.dropListener(l)
	return emptyReply{}, nil
}

func (s *Sim) dropListener(l *listener) {
	s.keepUsed(l, &listener{})
	s.listeners.del(l.ARN)
}

// keepUsed keeps the groups that a listener no longer sends to in use for
// Config.Linger.
func (s *Sim) keepUsed(was, now *listener) {
	for _, w := range was.Forward {
		if !now.to(w.Group) {
			s.lingering[w.Group]++
			s.linger(func() { s.lingering[w.Group]-- })
		}
	}
}
