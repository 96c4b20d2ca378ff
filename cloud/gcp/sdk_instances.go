package gcp

import (
	"context"
	"strconv"

	"google.golang.org/api/compute/v1"
)

func (s *sdk) instances(ctx context.Context, project, token string) (page[instance], error) {
	l, err := s.Instances.AggregatedList(project).MaxResults(pageSize).PageToken(token).
		Fields(listFields[compute.InstanceAggregatedList](instanceFields)).Context(ctx).Do()
	if err != nil {
		return page[instance]{}, err
	}
	p := pageOf[instance](l)
	for _, scoped := range l.Items {
		take(&p, scoped.Instances, readInstance)
	}
	return p, nil
}

func readInstance(i *compute.Instance) instance {
	got := instance{id: strconv.FormatUint(i.Id, 10), name: i.Name, zone: base(i.Zone)}
	for _, n := range i.NetworkInterfaces {
		got.nics = append(got.nics, nic{n.Name, n.Network, n.Subnetwork, n.Fingerprint, readAliases(n.AliasIpRanges), readAliases(n.AliasIpv6Ranges), n.StackType, readIPv6(n)})
	}
	return got
}

// readIPv6 returns the interface's own ranges, the internal one first.
func readIPv6(n *compute.NetworkInterface) []ipv6Range {
	var got []ipv6Range
	if n.Ipv6Address != "" {
		got = append(got, ipv6Range{n.Ipv6Address, int(n.InternalIpv6PrefixLength)})
	}
	for _, c := range n.Ipv6AccessConfigs {
		if c.ExternalIpv6 != "" {
			got = append(got, ipv6Range{c.ExternalIpv6, int(c.ExternalIpv6PrefixLength)})
		}
	}
	return got
}

func readAliases(list []*compute.AliasIpRange) []alias {
	var got []alias
	for _, a := range list {
		got = append(got, alias{a.IpCidrRange, a.SubnetworkRangeName})
	}
	return got
}

func (s *sdk) instance(ctx context.Context, ref instanceRef) (instance, error) {
	i, err := s.Instances.Get(ref.project, ref.zone, ref.name).Fields(instanceFields).Context(ctx).Do()
	if err != nil {
		return instance{}, err
	}
	return readInstance(i), nil
}
