package gcp

import (
	"context"
	"strconv"

	"cloud.google.com/go/compute/apiv1/computepb"
	v1 "google.golang.org/api/compute/v1"
)

func (s *sdk) instances(ctx context.Context, project, token string) (page[instance], error) {
	l, err := s.old.Instances.AggregatedList(project).MaxResults(pageSize).PageToken(token).
		Fields("nextPageToken,unreachables,items/*/" + warningFields + ",items/*/instances(" + instanceFields + ")").
		Context(ctx).Do()
	if err != nil {
		return page[instance]{}, err
	}
	p := page[instance]{next: l.NextPageToken, missing: first(l.Unreachables)}
	for where, scoped := range l.Items {
		if w := scoped.Warning; w != nil && isHole(w.Code) {
			p.missing = where + " (" + w.Code + ": " + w.Message + ")"
		}
		for _, i := range scoped.Instances {
			p.items = append(p.items, oldInstance(i))
		}
	}
	return p, nil
}

func oldInstance(i *v1.Instance) instance {
	got := instance{id: strconv.FormatUint(i.Id, 10), name: i.Name, zone: base(i.Zone)}
	for _, n := range i.NetworkInterfaces {
		got.nics = append(got.nics, nic{n.Name, n.Network, n.Subnetwork, n.Fingerprint, oldAliases(n.AliasIpRanges), oldAliases(n.AliasIpv6Ranges)})
	}
	return got
}

func oldAliases(list []*v1.AliasIpRange) []alias {
	var got []alias
	for _, a := range list {
		got = append(got, alias{a.IpCidrRange, a.SubnetworkRangeName})
	}
	return got
}

func (s *sdk) instance(ctx context.Context, ref instanceRef) (instance, error) {
	i, err := s.vms.Get(s.part(ctx, instanceFields),
		&computepb.GetInstanceRequest{Project: ref.project, Zone: ref.zone, Instance: ref.name})
	if err != nil {
		return instance{}, err
	}
	got := instance{id: strconv.FormatUint(i.GetId(), 10), name: i.GetName(), zone: ref.zone}
	for _, n := range i.GetNetworkInterfaces() {
		got.nics = append(got.nics, nic{n.GetName(), n.GetNetwork(), n.GetSubnetwork(), n.GetFingerprint(),
			newAliases(n.GetAliasIpRanges()), newAliases(n.GetAliasIpv6Ranges())})
	}
	return got, nil
}

func newAliases(list []*computepb.AliasIpRange) []alias {
	var got []alias
	for _, a := range list {
		got = append(got, alias{a.GetIpCidrRange(), a.GetSubnetworkRangeName()})
	}
	return got
}
