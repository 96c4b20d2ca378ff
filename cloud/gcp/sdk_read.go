package gcp

import (
	"context"

	"google.golang.org/api/compute/v1"
)

// pageSize is the most that Compute Engine puts on one page.
const pageSize = 500

// We ask for a part of each reply only. An instance with its metadata is tens
// of kilobytes; what we read of it is a few hundred bytes.
const (
	networkFields   = "autoCreateSubnetworks,peerings(name,state)"
	instanceFields  = "id,name,zone,networkInterfaces(name,network,subnetwork,fingerprint,aliasIpRanges,aliasIpv6Ranges," + ipv6Fields + ")"
	ipv6Fields      = "stackType,ipv6Address,internalIpv6PrefixLength,ipv6AccessConfigs(externalIpv6,externalIpv6PrefixLength)"
	operationFields = "name,status,targetLink,error,httpErrorStatusCode"
	subnetFields    = "name,region,network,fingerprint,ipCidrRange,stackType,internalIpv6Prefix,externalIpv6Prefix,ipv6CidrRange,secondaryIpRanges,purpose,role,description"
)

func (s *sdk) network(ctx context.Context, project, name string) (network, error) {
	n, err := s.Networks.Get(project, name).Fields(networkFields).Context(ctx).Do()
	if err != nil {
		return network{}, err
	}
	got := network{auto: n.AutoCreateSubnetworks}
	for _, p := range n.Peerings {
		if p.State == "ACTIVE" {
			got.peerings = append(got.peerings, p.Name)
		}
	}
	return got, nil
}

func (s *sdk) subnetworks(ctx context.Context, project, token string) (page[subnetwork], error) {
	l, err := s.Subnetworks.AggregatedList(project).MaxResults(pageSize).PageToken(token).
		Fields(listFields[compute.SubnetworkAggregatedList](subnetFields)).Context(ctx).Do()
	if err != nil {
		return page[subnetwork]{}, err
	}
	p := pageOf[subnetwork](l)
	for _, scoped := range l.Items {
		take(&p, scoped.Subnetworks, readSubnetwork)
	}
	return p, nil
}

func (s *sdk) routes(ctx context.Context, project, token string) (page[route], error) {
	l, err := s.Routes.List(project).MaxResults(pageSize).PageToken(token).
		Fields(listFields[compute.RouteList]("name,network,destRange,nextHopNetwork,nextHopPeering")).Context(ctx).Do()
	if err != nil {
		return page[route]{}, err
	}
	p := pageOf[route](l)
	take(&p, l.Items, func(r *compute.Route) route {
		return route{name: r.Name, network: r.Network, dest: r.DestRange, nextHopNetwork: r.NextHopNetwork, nextHopPeering: r.NextHopPeering}
	})
	return p, nil
}

func (s *sdk) peeringRoutes(ctx context.Context, project, network, peering, region, token string) (page[peeringRoute], error) {
	l, err := s.Networks.ListPeeringRoutes(project, network).PeeringName(peering).Region(region).
		Direction("INCOMING").MaxResults(pageSize).PageToken(token).Context(ctx).Do()
	if err != nil {
		return page[peeringRoute]{}, err
	}
	p := pageOf[peeringRoute](l)
	take(&p, l.Items, func(r *compute.ExchangedPeeringRoute) peeringRoute {
		return peeringRoute{r.DestRange, r.Type, r.Imported}
	})
	return p, nil
}

func (s *sdk) globalAddresses(ctx context.Context, project, token string) (page[address], error) {
	l, err := s.GlobalAddresses.List(project).MaxResults(pageSize).PageToken(token).
		Fields(listFields[compute.AddressList]("name,network,address,prefixLength,purpose")).Context(ctx).Do()
	if err != nil {
		return page[address]{}, err
	}
	p := pageOf[address](l)
	take(&p, l.Items, func(a *compute.Address) address {
		return address{a.Name, a.Network, a.Address, a.Purpose, int(a.PrefixLength)}
	})
	return p, nil
}

func (s *sdk) subnetwork(ctx context.Context, ref subnetRef) (subnetwork, error) {
	n, err := s.Subnetworks.Get(ref.project, ref.region, ref.name).Fields(subnetFields).Context(ctx).Do()
	if err != nil {
		return subnetwork{}, err
	}
	return readSubnetwork(n), nil
}

func readSubnetwork(n *compute.Subnetwork) subnetwork {
	got := subnetwork{name: n.Name, region: base(n.Region), network: n.Network, fingerprint: n.Fingerprint, primary: n.IpCidrRange,
		purpose: n.Purpose, role: n.Role, description: n.Description, stack: n.StackType}
	got.ipv6 = nonEmpty(n.InternalIpv6Prefix, n.ExternalIpv6Prefix, n.Ipv6CidrRange)
	for _, r := range n.SecondaryIpRanges {
		got.secondary = append(got.secondary, secondaryRange{r.RangeName, r.IpCidrRange, r.ReservedInternalRange, r.IpVersion, r.IpCollection})
	}
	return got
}

func nonEmpty(list ...string) []string {
	var got []string
	for _, s := range list {
		if s != "" {
			got = append(got, s)
		}
	}
	return got
}
