package fabric

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

func (g *gce) readBalancers(ctx context.Context, w *gceWorld) error {
	err := g.ForwardingRules.AggregatedList(g.project).Pages(ctx, func(page *compute.ForwardingRuleAggregatedList) error {
		for _, x := range page.Items {
			w.forwardingRules = append(w.forwardingRules, x.ForwardingRules...)
		}
		return nil
	})
	if err != nil || len(w.forwardingRules) == 0 { // nobody can reach the rest
		return err
	}
	err = g.BackendServices.AggregatedList(g.project).Pages(ctx, func(page *compute.BackendServiceAggregatedList) error {
		for _, x := range page.Items {
			w.backendServices = append(w.backendServices, x.BackendServices...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = g.HealthChecks.AggregatedList(g.project).Pages(ctx, func(page *compute.HealthChecksAggregatedList) error {
		for _, x := range page.Items {
			w.healthChecks = append(w.healthChecks, x.HealthChecks...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = g.TargetTcpProxies.AggregatedList(g.project).Pages(ctx, func(page *compute.TargetTcpProxyAggregatedList) error {
		for _, x := range page.Items {
			w.targetProxies = append(w.targetProxies, x.TargetTcpProxies...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, b := range w.backendServices {
		for _, x := range b.Backends {
			if w.members[x.Group], err = g.readMembers(ctx, x.Group); err != nil {
				return err
			}
		}
	}
	return nil
}

// readMembers reads a group, ".../zones/z/networkEndpointGroups/name" or
// ".../zones/z/instanceGroups/name".
func (g *gce) readMembers(ctx context.Context, group string) (out []gceMember, err error) {
	kind := path.Base(path.Dir(group))
	zone := path.Base(path.Dir(path.Dir(group)))
	if kind == "instanceGroups" {
		err = g.InstanceGroups.ListInstances(g.project, zone, path.Base(group), &compute.InstanceGroupsListInstancesRequest{}).
			Pages(ctx, func(page *compute.InstanceGroupsListInstances) error {
				for _, x := range page.Items {
					out = append(out, gceMember{zone: zone, instance: path.Base(x.Instance)})
				}
				return nil
			})
		return out, err
	}
	err = g.NetworkEndpointGroups.ListNetworkEndpoints(g.project, zone, path.Base(group), &compute.NetworkEndpointGroupsListEndpointsRequest{HealthStatus: "SHOW"}).
		Pages(ctx, func(page *compute.NetworkEndpointGroupsListNetworkEndpoints) error {
			for _, x := range page.Items {
				if e := x.NetworkEndpoint; !drains(x) {
					out = append(out, gceMember{zone, path.Base(e.Instance), e.IpAddress, e.Port})
				}
			}
			return nil
		})
	return out, err
}

// drains reports whether the endpoint has left its group and is only listed.
func drains(x *compute.NetworkEndpointWithHealthStatus) bool {
	return slices.ContainsFunc(x.Healths, func(h *compute.HealthStatusForNetworkEndpoint) bool { return h.HealthState == "DRAINING" })
}

func (w *gceWorld) balancers(p *parser, machines []Machine) (out []balance.Balancer) {
	for _, r := range w.forwardingRules {
		service, proxy := w.behind(p, r)
		if service == nil {
			continue
		}
		b := balance.Balancer{
			Name: r.Name, Service: service.Name, ByClient: strings.HasPrefix(service.SessionAffinity, "CLIENT_IP") && service.SessionAffinity != "CLIENT_IP_PORT_PROTO",
			Fronts: []balance.Front{{Addr: p.addr(r.IPAddress), External: strings.HasPrefix(r.LoadBalancingScheme, "EXTERNAL")}},
			Check:  w.check(service), Proxy: proxy,
		}
		if r.IPProtocol == "TCP" || r.IPProtocol == "UDP" {
			b.Protocol, b.Ports = strings.ToLower(r.IPProtocol), p.ports(r.Ports)
			if r.PortRange != "" {
				b.Ports = p.ports([]string{r.PortRange})
			}
		}
		if service.ConnectionDraining != nil {
			b.Drain = time.Duration(service.ConnectionDraining.DrainingTimeoutSec) * time.Second
		}
		b.CutUnhealthy = proxy == nil && cutsUnhealthy(service, b.Protocol)
		for _, x := range service.Backends {
			b.Members = append(b.Members, w.membersOf(p, x, machines, proxy != nil)...)
		}
		slices.SortFunc(b.Members, func(x, y balance.Member) int {
			return cmp.Or(cmp.Compare(x.Machine, y.Machine), x.Endpoint().Compare(y.Endpoint()))
		})
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b balance.Balancer) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// cutsUnhealthy: by default TCP connections stay on backends that are
// unhealthy, and others do not.
// https://cloud.google.com/load-balancing/docs/internal#connection_persistence
func cutsUnhealthy(service *compute.BackendService, protocol string) bool {
	switch policy := service.ConnectionTrackingPolicy; {
	case policy != nil && policy.ConnectionPersistenceOnUnhealthyBackends == "NEVER_PERSIST":
		return true
	case policy != nil && policy.ConnectionPersistenceOnUnhealthyBackends == "ALWAYS_PERSIST":
		return false
	}
	return protocol != "tcp"
}

// membersOf are the members of a backend that run: machines by their primary
// addresses, or endpoints as a proxy has them. A backend without capacity gets
// no new connections.
func (w *gceWorld) membersOf(p *parser, x *compute.Backend, machines []Machine, endpoints bool) (out []balance.Member) {
	for _, m := range w.members[x.Group] {
		i := slices.IndexFunc(machines, func(y Machine) bool { return y.Name == m.instance })
		if i < 0 {
			continue
		}
		one := balance.Member{Machine: m.instance, Zone: m.zone, Addr: machines[i].Primary}
		if endpoints {
			one.Addr, one.Port, one.Draining = p.addr(m.addr), uint16(m.port), x.CapacityScaler == 0
		}
		out = append(out, one)
	}
	return out
}

// check is the service's health check; the API wants exactly one.
func (w *gceWorld) check(service *compute.BackendService) (out balance.Check) {
	for _, h := range w.healthChecks {
		if !slices.Contains(service.HealthChecks, h.SelfLink) {
			continue
		}
		out = balance.Check{
			Interval: time.Duration(h.CheckIntervalSec) * time.Second, Timeout: time.Duration(h.TimeoutSec) * time.Second,
			Healthy: int(h.HealthyThreshold), Unhealthy: int(h.UnhealthyThreshold),
		}
		if c := h.HttpHealthCheck; c != nil {
			out.HTTP, out.Port, out.Path, out.Header = true, uint16(c.Port), c.RequestPath, c.ProxyHeader == proxyV1
		} else if c := h.TcpHealthCheck; c != nil {
			out.Port, out.Header = uint16(c.Port), c.ProxyHeader == proxyV1
		}
	}
	return out
}
