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
					out = append(out, gceMember{zone, path.Base(x.Instance)})
				}
				return nil
			})
		return out, err
	}
	err = g.NetworkEndpointGroups.ListNetworkEndpoints(g.project, zone, path.Base(group), &compute.NetworkEndpointGroupsListEndpointsRequest{}).
		Pages(ctx, func(page *compute.NetworkEndpointGroupsListNetworkEndpoints) error {
			for _, x := range page.Items {
				out = append(out, gceMember{zone, path.Base(x.NetworkEndpoint.Instance)})
			}
			return nil
		})
	return out, err
}

func (w *gceWorld) balancers(p *parser, machines []Machine) (out []balance.Balancer) {
	for _, r := range w.forwardingRules {
		at := slices.IndexFunc(w.backendServices, func(b *compute.BackendService) bool { return b.SelfLink == r.BackendService })
		if at < 0 {
			continue
		}
		service := w.backendServices[at]
		b := balance.Balancer{
			Name: r.Name, Service: service.Name, ByClient: strings.HasPrefix(service.SessionAffinity, "CLIENT_IP") && service.SessionAffinity != "CLIENT_IP_PORT_PROTO",
			Fronts: []balance.Front{{Addr: p.addr(r.IPAddress), External: r.LoadBalancingScheme == "EXTERNAL"}},
			Check:  w.check(service),
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
		// By default TCP connections stay on backends that are unhealthy, and
		// others do not.
		// https://cloud.google.com/load-balancing/docs/internal#connection_persistence
		switch policy := service.ConnectionTrackingPolicy; {
		case policy != nil && policy.ConnectionPersistenceOnUnhealthyBackends == "NEVER_PERSIST":
			b.CutUnhealthy = true
		case policy == nil || policy.ConnectionPersistenceOnUnhealthyBackends != "ALWAYS_PERSIST":
			b.CutUnhealthy = b.Protocol != "tcp"
		}
		for _, x := range service.Backends {
			for _, m := range w.members[x.Group] {
				i := slices.IndexFunc(machines, func(y Machine) bool { return y.Name == m.instance })
				if i >= 0 {
					b.Members = append(b.Members, balance.Member{Machine: m.instance, Zone: m.zone, Addr: machines[i].Primary})
				}
			}
		}
		slices.SortFunc(b.Members, func(x, y balance.Member) int { return cmp.Compare(x.Machine, y.Machine) })
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b balance.Balancer) int { return cmp.Compare(a.Name, b.Name) })
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
		if h.HttpHealthCheck != nil {
			out.HTTP, out.Port, out.Path = true, uint16(h.HttpHealthCheck.Port), h.HttpHealthCheck.RequestPath
		} else if h.TcpHealthCheck != nil {
			out.Port = uint16(h.TcpHealthCheck.Port)
		}
	}
	return out
}
