package gcesim

import (
	"strings"
)

// Forwarding rules of proxy load balancers: they lead to a target proxy, by
// one port, and need a proxy-only subnetwork beside them. Of IP versions this
// simulator knows IPV4 here.

// addressType is that of the rule's address.
func (o *forwardingRule) addressType() string {
	return strings.TrimSuffix(o.LoadBalancingScheme, "_MANAGED")
}

func (o *forwardingRule) internal() bool { return o.addressType() == "INTERNAL" }

func (s *Sim) completeProxied(at spot, r *forwardingRule) *APIError {
	switch {
	case r.BackendService != "":
		return invalidField("resource.backendService", r.BackendService, "A proxy load balancer has a target in place of a backend service.")
	case r.IPProtocol != "TCP":
		return invalidField("resource.IPProtocol", r.IPProtocol, "Must be TCP for a target TCP proxy.")
	case r.IPVersion != "IPV4":
		return invalidField("resource.ipVersion", r.IPVersion, "This simulator knows IPV4 for loadBalancingScheme %s.", r.LoadBalancingScheme)
	case r.ServiceLabel != "":
		return invalidField("resource.serviceLabel", r.ServiceLabel, "A service label is for loadBalancingScheme INTERNAL.")
	case len(r.SourceIPRanges) > 0:
		return invalidField("resource.sourceIpRanges", "", "Source IP ranges are for loadBalancingScheme EXTERNAL.")
	}
	if refusal := r.checkProxiedPort(); refusal != nil {
		return refusal
	}
	b, refusal := s.resolveTarget(at, r)
	if refusal != nil {
		return refusal
	}
	if refusal := s.networkOfProxied(at, r, b); refusal != nil {
		return refusal
	}
	if s.activeProxies(r.Network, at.in.name) == nil {
		return invalidField("resource.target", r.Target, "An active proxy-only subnetwork is required in the same region and VPC as the forwarding rule.")
	}
	return s.sameNetwork(r, b)
}

func (o *forwardingRule) checkProxiedPort() *APIError {
	if o.AllPorts || (len(o.Ports) > 0) == (o.PortRange != "") {
		return invalidField("resource.portRange", o.PortRange, "Exactly one of ports and portRange must be specified for a target TCP proxy.")
	}
	if refusal := o.completePorts(); refusal != nil {
		return refusal
	}
	if spans := o.spans(); len(spans) != 1 || spans[0][0] != spans[0][1] {
		return invalidField("resource.portRange", orDefault(o.PortRange, strings.Join(o.Ports, ",")), "A forwarding rule of a target TCP proxy has one port.")
	}
	return nil
}

// resolveTarget wants a target proxy whose backend service is of the rule's
// scheme.
func (s *Sim) resolveTarget(at spot, r *forwardingRule) (*backendService, *APIError) {
	p, ref, refusal := refer(s, s.lb.proxies, at, "resource.target", r.Target, targetProxies.collection)
	if refusal != nil {
		return nil, refusal
	}
	r.Target = p.SelfLink
	if ref.in != at.in {
		return nil, invalidField("resource.target", r.Target, "The target must be in the same region.")
	}
	b, _, refusal := refer(s, s.lb.backends, at, "resource.target", p.Service, backendServices.collection)
	if refusal != nil {
		return nil, refusal
	}
	if b.LoadBalancingScheme != r.LoadBalancingScheme {
		return nil, invalidField("resource.loadBalancingScheme", r.LoadBalancingScheme, "The backend service of the target has scheme %s.", b.LoadBalancingScheme)
	}
	return b, nil
}

// networkOfProxied: an internal rule takes its network from its subnetwork, an
// external one says it, since its proxies are there.
func (s *Sim) networkOfProxied(at spot, r *forwardingRule, b *backendService) *APIError {
	if r.internal() {
		return s.subnetOfRule(at, r, b)
	}
	if r.Subnetwork != "" {
		return invalidField("resource.subnetwork", r.Subnetwork, "Subnetwork cannot be specified for loadBalancingScheme EXTERNAL_MANAGED.")
	}
	n, refusal := s.findNetwork(orDefault(r.Network, "global/networks/default"), at.project)
	if refusal != nil {
		return refusal
	}
	r.Network = n.SelfLink
	return nil
}

// sameNetwork: proxies reach endpoints in their own network.
func (s *Sim) sameNetwork(r *forwardingRule, b *backendService) *APIError {
	if network, _ := s.networkOfBackend(b); network != "" && network != r.Network {
		return invalidField("resource.target", r.Target, "The backends of the target are in another network.")
	}
	return nil
}

// activeProxies is the subnetwork that regional proxies of the network have
// their addresses from.
func (s *Sim) activeProxies(network, region string) *subnetwork {
	r, ok := parseRef(s.spaceOf(pathOf(network)).proxies[proxySlot{region: region}], "", "subnetworks")
	if !ok {
		return nil
	}
	sub, _ := s.subnetworks.get(r.project, r.in, r.name) // nil while it is being made
	return sub
}

// proxiesIn is the path of a forwarding rule whose proxies need the subnetwork.
func (s *Sim) proxiesIn(sub *subnetwork, region string) (by string) {
	if active := s.activeProxies(sub.Network, region); active == nil || active.path() != sub.path() {
		return ""
	}
	s.lb.rules.every(func(r *forwardingRule) {
		if managed(r.LoadBalancingScheme) && r.Network == sub.Network && strings.HasSuffix(r.Region, "/regions/"+region) {
			by = pathOf(r.SelfLink)
		}
	})
	return by
}

type targetBody struct {
	Target string `json:"target"`
}

// setTarget changes what a forwarding rule of a proxy leads to.
func setTarget(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	r, refusal := forwardingRules.target(s, c)
	if refusal != nil {
		return nil, refusal
	}
	var body targetBody
	if refusal := decode(c, &body); refusal != nil {
		return nil, refusal
	}
	if !managed(r.LoadBalancingScheme) {
		return nil, invalidField("resource.target", body.Target, "Forwarding rule '%s' has no target but a backend service.", pathOf(r.SelfLink))
	}
	next := *r
	next.Target = body.Target
	b, refusal := s.resolveTarget(spot{c.Project, c.in}, &next)
	if refusal == nil {
		refusal = s.sameNetwork(&next, b)
	}
	if refusal != nil {
		return nil, refusal
	}
	next.Fingerprint = s.fingerprint()
	return s.begin(c, change{kind: "setTarget", path: pathOf(r.SelfLink), targetID: r.ID, apply: func() *OperationError {
		s.lb.rules.put(s.clock.Now(), c.Project, c.in, &next)
		return nil
	}})
}
