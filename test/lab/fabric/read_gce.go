package fabric

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"path"
	"slices"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/option"
)

// gce reads Compute Engine by its public API.
type gce struct {
	*compute.Service
	project, network string
}

func newGCE(ctx context.Context, c Config) (*gce, error) {
	s, err := compute.NewService(ctx, option.WithHTTPClient(&http.Client{}), option.WithEndpoint(c.Endpoint+"/compute/v1/"))
	return &gce{s, c.Project, c.Network}, err
}

// gceWorld is what was read, before it is made a VPC.
type gceWorld struct {
	network     string
	subnetworks []*compute.Subnetwork
	instances   []*compute.Instance
	routes      []*compute.Route
	firewalls   []*compute.Firewall

	forwardingRules []*compute.ForwardingRule
	backendServices []*compute.BackendService
	targetProxies   []*compute.TargetTcpProxy
	healthChecks    []*compute.HealthCheck
	// members are the endpoints of each group, by the group's path.
	members map[string][]gceMember
}

// gceMember is a machine, or an endpoint on it.
type gceMember struct {
	zone, instance string
	addr           string // of an endpoint
	port           int64
}

func (g *gce) read(ctx context.Context) (VPC, error) {
	w := gceWorld{network: g.network, members: map[string][]gceMember{}}
	err := g.Subnetworks.AggregatedList(g.project).Pages(ctx, func(page *compute.SubnetworkAggregatedList) error {
		for _, x := range page.Items {
			w.subnetworks = append(w.subnetworks, x.Subnetworks...)
		}
		return nil
	})
	if err != nil {
		return VPC{}, err
	}
	err = g.Instances.AggregatedList(g.project).Pages(ctx, func(page *compute.InstanceAggregatedList) error {
		for _, x := range page.Items {
			w.instances = append(w.instances, x.Instances...)
		}
		return nil
	})
	if err != nil {
		return VPC{}, err
	}
	err = g.Routes.List(g.project).Pages(ctx, func(page *compute.RouteList) error {
		w.routes = append(w.routes, page.Items...)
		return nil
	})
	if err != nil {
		return VPC{}, err
	}
	err = g.Firewalls.List(g.project).Pages(ctx, func(page *compute.FirewallList) error {
		w.firewalls = append(w.firewalls, page.Items...)
		return nil
	})
	if err != nil {
		return VPC{}, err
	}
	if err := g.readBalancers(ctx, &w); err != nil {
		return VPC{}, err
	}
	return w.vpc()
}

func (w *gceWorld) vpc() (VPC, error) {
	v := VPC{Tables: []Table{{Name: w.network}}}
	p := &parser{}
	gateways := map[string]netip.Addr{}
	for _, s := range w.subnetworks {
		if path.Base(s.Network) != w.network {
			continue
		}
		gateways[s.SelfLink] = p.addr(s.GatewayAddress)
		v.Space = append(v.Space, p.prefix(s.IpCidrRange))
		for _, r := range s.SecondaryIpRanges {
			v.Space = append(v.Space, p.prefix(r.IpCidrRange))
		}
	}
	slices.SortFunc(v.Space, netip.Prefix.Compare)
	tags := map[string][]string{} // of machines
	for _, i := range w.instances {
		for _, nic := range i.NetworkInterfaces {
			gateway, ok := gateways[nic.Subnetwork]
			if i.Status != "RUNNING" || !ok {
				continue
			}
			m := Machine{Name: i.Name, Zone: path.Base(i.Zone), Primary: p.addr(nic.NetworkIP), Gateway: gateway, Forwards: i.CanIpForward, Table: w.network}
			for _, a := range nic.AliasIpRanges {
				m.Prefixes = append(m.Prefixes, p.prefix(a.IpCidrRange))
			}
			slices.SortFunc(m.Prefixes, netip.Prefix.Compare)
			v.Machines = append(v.Machines, m)
			if i.Tags != nil {
				tags[i.Name] = i.Tags.Items
			}
			break // a machine has one NIC in a network
		}
	}
	slices.SortFunc(v.Machines, func(a, b Machine) int { return cmp.Compare(a.Name, b.Name) })
	v.Tables[0].Routes = w.staticRoutes(p, v.Machines)
	v.Rules = w.rules(p, v.Machines, tags)
	v.Balancers = w.balancers(p, v.Machines)
	return v, p.err
}

// staticRoutes are those that people and the cloud made; subnets' own and the
// machines' addresses are no routes of a table here.
func (w *gceWorld) staticRoutes(p *parser, machines []Machine) (out []Route) {
	for _, r := range w.routes {
		if path.Base(r.Network) != w.network || r.NextHopNetwork != "" || r.NextHopPeering != "" {
			continue
		}
		next := Route{To: p.prefix(r.DestRange), Machine: path.Base(r.NextHopInstance), Internet: r.NextHopGateway != ""}
		if r.NextHopInstance == "" {
			next.Machine = ""
		}
		for _, m := range machines {
			if r.NextHopIp == m.Primary.String() {
				next.Machine = m.Name
			}
		}
		out = append(out, next)
	}
	slices.SortFunc(out, func(a, b Route) int { return cmp.Or(a.To.Compare(b.To), cmp.Compare(a.Machine, b.Machine)) })
	return slices.CompactFunc(out, func(a, b Route) bool { return a.To == b.To })
}

// rules in the order in which they are asked: by priority, and of those that
// are equal the denying ones first.
func (w *gceWorld) rules(p *parser, machines []Machine, tags map[string][]string) (out []Rule) {
	all := slices.Clone(w.firewalls)
	slices.SortFunc(all, func(a, b *compute.Firewall) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), -cmp.Compare(len(a.Denied), len(b.Denied)), cmp.Compare(a.Name, b.Name))
	})
	for _, f := range all {
		if path.Base(f.Network) != w.network || f.Direction != "INGRESS" || f.Disabled {
			continue
		}
		r := Rule{Name: f.Name, Deny: len(f.Denied) > 0, Sources: p.prefixes(f.SourceRanges), Destinations: p.prefixes(f.DestinationRanges)}
		for _, m := range machines {
			if overlap(tags[m.Name], f.SourceTags) { // the primary addresses of those machines
				r.Sources = append(r.Sources, netip.PrefixFrom(m.Primary, 32))
			}
			if len(f.TargetTags) == 0 || overlap(tags[m.Name], f.TargetTags) {
				r.Targets = append(r.Targets, m.Name)
			}
		}
		for _, a := range f.Allowed {
			r.Traffic = append(r.Traffic, p.traffic(a.IPProtocol, a.Ports)...)
		}
		for _, d := range f.Denied {
			r.Traffic = append(r.Traffic, p.traffic(d.IPProtocol, d.Ports)...)
		}
		out = append(out, r)
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}
