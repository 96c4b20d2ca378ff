package gcesim

import (
	"fmt"
	"slices"
)

// What regional backend services of proxy load balancers have: the reference
// of regionBackendServices, and the backend services overview. Of their
// protocols this simulator knows TCP, of their backends zonal endpoint groups
// with ports, of their balancing modes CONNECTION.

// checkProxied is checkScheme and checkAffinity for a proxy load balancer.
func (o *backendService) checkProxied() *APIError {
	switch {
	case o.LoadBalancingScheme != "INTERNAL_MANAGED" && o.LoadBalancingScheme != "EXTERNAL_MANAGED":
		return invalidField("resource.loadBalancingScheme", o.LoadBalancingScheme, "This simulator knows INTERNAL_MANAGED and EXTERNAL_MANAGED.")
	case o.Protocol != "TCP":
		return invalidField("resource.protocol", o.Protocol, "This simulator knows TCP for loadBalancingScheme %s.", o.LoadBalancingScheme)
	case o.Port != 0 || o.PortName != "":
		return invalidField("resource.portName", o.PortName, "Ports cannot be specified where backends are network endpoint groups.")
	case o.Network != "":
		return invalidField("resource.network", o.Network, "Network can only be specified with loadBalancingScheme INTERNAL.")
	case !slices.Contains([]string{"NONE", "CLIENT_IP"}, o.SessionAffinity):
		return invalidField("resource.sessionAffinity", o.SessionAffinity, "Must be NONE or CLIENT_IP for protocol TCP and loadBalancingScheme %s.", o.LoadBalancingScheme)
	case o.LocalityLBPolicy != "":
		return invalidField("resource.localityLbPolicy", o.LocalityLBPolicy, "This simulator knows none for loadBalancingScheme %s.", o.LoadBalancingScheme)
	case o.ConnectionTrackingPolicy != nil:
		return invalidField("resource.connectionTrackingPolicy", "", "Connection tracking is for passthrough load balancers.")
	}
	return nil
}

// proxiedGroup checks a backend of a proxy load balancer.
func (s *Sim) proxiedGroup(at spot, b *backendService, one *backend, field string) (zone scope, refusal *APIError) {
	n, r, refusal := refer(s, s.lb.negs, at, field, one.Group, "networkEndpointGroups")
	if refusal != nil {
		return r.in, refusal
	}
	one.Group = n.SelfLink
	if n.NetworkEndpointType != "GCE_VM_IP_PORT" {
		return r.in, invalidField(field, one.Group, "A proxy load balancer needs network endpoint groups of type GCE_VM_IP_PORT.")
	}
	for _, rule := range s.rulesTo(b) {
		if rule.Network != n.Network {
			return r.in, invalidField(field, one.Group, "The network endpoint group is in another network than forwarding rule '%s'.", pathOf(rule.SelfLink))
		}
	}
	return r.in, one.checkCapacity(field, len(b.Backends) == 1)
}

// checkCapacity: a group of endpoints with ports needs a target for each. The
// mode that is meant where none is said, UTILIZATION, is for instance groups.
func (o *backend) checkCapacity(field string, only bool) *APIError {
	if o.CapacityScaler == nil {
		one := 1.0
		o.CapacityScaler = &one
	}
	c := *o.CapacityScaler
	switch {
	case o.BalancingMode != "CONNECTION":
		return invalidField(field, orDefault(o.BalancingMode, "UTILIZATION"), "Balancing mode must be CONNECTION for network endpoint groups and protocol TCP.")
	case o.MaxConnectionsPerEndpoint < 1:
		return invalidField(field, fmt.Sprint(o.MaxConnectionsPerEndpoint), "maxConnectionsPerEndpoint must be specified for balancing mode CONNECTION.")
	case o.Failover:
		return invalidField(field, "true", "Failover backends are for passthrough load balancers.")
	case c != 0 && (c < 0.1 || c > 1):
		return invalidField(field, fmt.Sprint(c), "A capacity scaler must be 0 or between 0.1 and 1.")
	case c == 0 && only:
		return invalidField(field, fmt.Sprint(c), "The capacity scaler of the only backend cannot be 0.")
	}
	return nil
}

// networkOfBackend: all groups of a proxy load balancer are in one network.
func (s *Sim) networkOfBackend(b *backendService) (network string, one bool) {
	one = true
	for _, x := range b.Backends {
		r, _ := parseRef(x.Group, "", "networkEndpointGroups")
		if n, ok := s.lb.negs.get(r.project, r.in, r.name); ok {
			one = one && (network == "" || network == n.Network)
			network = n.Network
		}
	}
	return network, one
}
