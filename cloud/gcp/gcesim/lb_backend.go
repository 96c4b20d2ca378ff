package gcesim

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Regional backend services, as the reference of regionBackendServices and the
// backend services overview have them.
var backendServices = &lbKind[backendService, *backendService]{
	kind: "backendService", collection: "backendServices", quota: QuotaBackendServices, versioned: true,
	fixed:    []string{"loadBalancingScheme", "network"},
	shelf:    func(s *Sim) *lbShelf[*backendService] { return s.lb.backends },
	complete: func(s *Sim, at spot, b, was *backendService) *APIError { return s.completeBackend(at, b, was) },
	user: func(s *Sim, b *backendService) string {
		return orDefault(s.proxyWith(b), s.ruleWith(b))
	},
}

// ruleWith is the path of a forwarding rule that sends to the backend service.
func (s *Sim) ruleWith(b *backendService) (by string) {
	s.lb.rules.every(func(r *forwardingRule) {
		if r.BackendService == b.SelfLink {
			by = pathOf(r.SelfLink)
		}
	})
	return by
}

func pathOf(link string) string { return strings.TrimPrefix(link, selfLinkBase) }

const maxBackends = 50 // backends of a backend service: load balancing quotas page

func (s *Sim) completeBackend(at spot, b, was *backendService) *APIError {
	b.Protocol = orDefault(b.Protocol, "TCP")
	b.SessionAffinity = orDefault(b.SessionAffinity, "NONE")
	b.TimeoutSec = orDefault(b.TimeoutSec, 30)
	if b.ConnectionDraining == nil {
		b.ConnectionDraining = &draining{}
	}
	checks := []func() *APIError{b.checkScheme, b.checkAffinity}
	if managed(b.LoadBalancingScheme) {
		checks = []func() *APIError{b.checkProxied}
	}
	for _, check := range checks {
		if refusal := check(); refusal != nil {
			return refusal
		}
	}
	if was != nil && was.Protocol != b.Protocol && s.ruleWith(was) != "" {
		return invalidField("resource.protocol", b.Protocol, "The protocol of a backend service that is used by a forwarding rule cannot be changed.")
	}
	if b.Network != "" && was == nil {
		n, refusal := s.findNetwork(b.Network, at.project)
		if refusal != nil {
			return refusal
		}
		b.Network = n.SelfLink
	}
	if refusal := s.checkOfBackend(at, b); refusal != nil {
		return refusal
	}
	return s.groupsOfBackend(at, b)
}

// checkScheme wants what passthrough load balancers of the scheme have.
func (o *backendService) checkScheme() *APIError {
	switch {
	case o.LoadBalancingScheme != "INTERNAL" && o.LoadBalancingScheme != "EXTERNAL":
		return invalidField("resource.loadBalancingScheme", o.LoadBalancingScheme, "This simulator knows INTERNAL, EXTERNAL, INTERNAL_MANAGED and EXTERNAL_MANAGED.")
	case !slices.Contains([]string{"TCP", "UDP", "UNSPECIFIED"}, o.Protocol):
		return invalidField("resource.protocol", o.Protocol, "Must be TCP, UDP or UNSPECIFIED for a passthrough load balancer.")
	case o.Port != 0 || o.PortName != "":
		return invalidField("resource.portName", o.PortName, "Ports cannot be specified with loadBalancingScheme %s.", o.LoadBalancingScheme)
	case o.Network != "" && o.LoadBalancingScheme != "INTERNAL":
		return invalidField("resource.network", o.Network, "Network can only be specified with loadBalancingScheme INTERNAL.")
	}
	return nil
}

func (o *backendService) checkAffinity() *APIError {
	switch {
	case !slices.Contains([]string{"NONE", "CLIENT_IP", "CLIENT_IP_PROTO", "CLIENT_IP_PORT_PROTO", "CLIENT_IP_NO_DESTINATION"}, o.SessionAffinity):
		return invalidField("resource.sessionAffinity", o.SessionAffinity, "Unknown session affinity.")
	case o.SessionAffinity == "CLIENT_IP_NO_DESTINATION" && o.LoadBalancingScheme != "INTERNAL":
		return invalidField("resource.sessionAffinity", o.SessionAffinity, "Only for internal load balancers.")
	case o.LocalityLBPolicy != "" && !slices.Contains([]string{"MAGLEV", "WEIGHTED_MAGLEV"}, o.LocalityLBPolicy):
		return invalidField("resource.localityLbPolicy", o.LocalityLBPolicy, "Must be MAGLEV or WEIGHTED_MAGLEV.")
	case o.LocalityLBPolicy == "WEIGHTED_MAGLEV" && o.SessionAffinity != "NONE":
		return invalidField("resource.localityLbPolicy", o.LocalityLBPolicy, "WEIGHTED_MAGLEV needs session affinity NONE.")
	}
	if t := o.ConnectionTrackingPolicy; t != nil && t.IdleTimeoutSec != 0 && (t.IdleTimeoutSec < 60 || t.IdleTimeoutSec > 57600) {
		return invalidField("resource.connectionTrackingPolicy.idleTimeoutSec", fmt.Sprint(t.IdleTimeoutSec), "Must be between 60 and 57600.")
	}
	return nil
}

// checkOfBackend: instance groups and zonal endpoint groups need exactly one
// health check; passthrough cannot use the serving port, since it has none.
func (s *Sim) checkOfBackend(at spot, b *backendService) *APIError {
	if len(b.HealthChecks) != 1 {
		return invalidField("resource.healthChecks", fmt.Sprint(len(b.HealthChecks)), "Exactly one health check is required.")
	}
	h, r, refusal := refer(s, s.lb.checks, at, "resource.healthChecks[0]", b.HealthChecks[0], "healthChecks")
	if refusal != nil {
		return refusal
	}
	b.HealthChecks = []string{h.SelfLink}
	if r.in.kind == "regions" && r.in != at.in {
		return invalidField("resource.healthChecks[0]", h.SelfLink, "The health check must be in the same region.")
	}
	if r.in.kind == "global" && b.LoadBalancingScheme != "INTERNAL" {
		return invalidField("resource.healthChecks[0]", h.SelfLink, "A regional backend service with loadBalancingScheme %s needs a regional health check.", b.LoadBalancingScheme)
	}
	for _, p := range []*healthProbe{h.HTTPHealthCheck, h.TCPHealthCheck} {
		if p != nil && p.PortSpecification == "USE_SERVING_PORT" && !managed(b.LoadBalancingScheme) {
			return invalidField("resource.healthChecks[0]", h.SelfLink, "Port specification USE_SERVING_PORT is not supported with loadBalancingScheme %s.", b.LoadBalancingScheme)
		}
	}
	return nil
}

func (s *Sim) groupsOfBackend(at spot, b *backendService) *APIError {
	if len(b.Backends) > maxBackends {
		return invalidField("resource.backends", fmt.Sprint(len(b.Backends)), "Exceeded the maximum of %d backends.", maxBackends)
	}
	check := s.passthroughGroup
	if managed(b.LoadBalancingScheme) {
		check = s.proxiedGroup
	}
	kinds, seen := map[string]bool{}, map[string]bool{}
	for i := range b.Backends {
		one, field := &b.Backends[i], fmt.Sprintf("resource.backends[%d].group", i)
		if !strings.HasPrefix(one.Group, "https://www.googleapis.com/") {
			return invalidField(field, one.Group, "The URL is malformed: it must be a fully-qualified URL.")
		}
		zone, refusal := check(at, b, one, field)
		if refusal != nil {
			return refusal
		}
		if region, _ := s.regionOf(zone.name); region != at.in.name {
			return invalidField(field, one.Group, "The group is not in region %s.", at.in.name)
		}
		if seen[one.Group] {
			return invalidField(field, one.Group, "Duplicate instance groups in backend service.")
		}
		seen[one.Group], kinds[path.Base(path.Dir(one.Group))] = true, true
	}
	if len(kinds) > 1 {
		return invalidField("resource.backends", "", "All backends of a backend service must be of the same kind.")
	}
	if _, one := s.networkOfBackend(b); !one && managed(b.LoadBalancingScheme) {
		return invalidField("resource.backends", "", "All backends of a backend service must be in the same network.")
	}
	return nil
}

// passthroughGroup checks a backend of a passthrough load balancer.
func (s *Sim) passthroughGroup(at spot, b *backendService, one *backend, field string) (zone scope, refusal *APIError) {
	if zone, refusal = s.groupOf(at, b, one, field); refusal != nil {
		return zone, refusal
	}
	one.BalancingMode = orDefault(one.BalancingMode, "CONNECTION")
	switch {
	case one.BalancingMode != "CONNECTION":
		refusal = invalidField(field, one.BalancingMode, "Balancing mode must be CONNECTION for loadBalancingScheme %s.", b.LoadBalancingScheme)
	case one.CapacityScaler != nil:
		refusal = invalidField(field, fmt.Sprint(*one.CapacityScaler), "A capacity scaler cannot be set with loadBalancingScheme %s.", b.LoadBalancingScheme)
	case one.MaxConnectionsPerEndpoint != 0:
		refusal = invalidField(field, fmt.Sprint(one.MaxConnectionsPerEndpoint), "A target capacity cannot be set with loadBalancingScheme %s.", b.LoadBalancingScheme)
	}
	return zone, refusal
}

// groupOf resolves an instance group or an endpoint group of machines.
func (s *Sim) groupOf(at spot, b *backendService, one *backend, field string) (zone scope, refusal *APIError) {
	if g, r, refusal := refer(s, s.lb.groups, at, field, one.Group, "instanceGroups"); refusal == nil {
		one.Group = g.SelfLink
		return r.in, s.onlyGroup(g, b.SelfLink)
	}
	n, r, refusal := refer(s, s.lb.negs, at, field, one.Group, "networkEndpointGroups")
	if refusal != nil {
		return r.in, refusal
	}
	one.Group = n.SelfLink
	switch {
	case n.NetworkEndpointType != "GCE_VM_IP":
		refusal = invalidField(field, one.Group, "A passthrough load balancer needs network endpoint groups of type GCE_VM_IP.")
	case b.Network != "" && n.Network != b.Network:
		refusal = invalidField(field, one.Group, "The network endpoint group is in another network.")
	}
	return r.in, refusal
}
