package main

import (
	"context"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// marked is what carries a cluster's mark, beside load balancers.
type marked struct {
	ranges  []cloud.Range
	proxy   *cloud.ProxySubnet
	rules   []cloud.FirewallRule
	subnets []cloud.NewSubnet
}

// readMarked finds what carries the cluster's mark and has no owner that lives.
func readMarked(ctx context.Context, vpc cloud.VPC, s cloud.Snapshot, clusterID string, lives func(cloud.Mark) bool) (m marked, err error) {
	ours := func(x cloud.Mark) bool { return x.OfCluster(clusterID) && !lives(x) }
	for _, subnet := range s.Subnets {
		for _, x := range subnet.Ranges {
			if ours(cloud.ParseMark(x.Name)) {
				m.ranges = append(m.ranges, x)
			}
		}
		if vpc.NewSpace != nil && ours(cloud.ParseMark(subnet.Made)) {
			m.subnets = append(m.subnets, cloud.NewSubnet{Name: subnet.Made, Zone: subnet.Zone, Prefix: subnet.Primary})
		}
	}
	if s.Proxy != nil && ours(s.Proxy.Mark()) && vpc.Proxies != nil {
		m.proxy = s.Proxy
	}
	if vpc.Firewalls == nil {
		return m, nil
	}
	rules, err := vpc.Firewalls.Read(ctx)
	m.rules = slices.DeleteFunc(rules, func(x cloud.FirewallRule) bool { return !ofNetwork(x, clusterID) || !ours(x.Mark()) })
	return m, err
}

// ofNetwork tells of a rule that was made for one of the cluster's Networks: a
// load balancer's is read with that. A name alone proves nothing.
func ofNetwork(x cloud.FirewallRule, clusterID string) bool {
	o, ok := cloud.ParseDescription(x.Description)
	return ok && o.ClusterID == clusterID && o.Kind == "Network" && x.Mark().Of(o)
}

// piece is one thing beside load balancers, and how it is removed.
type piece struct {
	what, owner string
	remove      func(context.Context) error
}

// pieces are in the order in which they are removed: users first.
func (m marked) pieces(vpc cloud.VPC) (out []piece) {
	add := func(what, kind string, mark cloud.Mark, remove func(context.Context) error) {
		out = append(out, piece{what, kind + " " + mark.Name, remove})
	}
	const request = "RangeRequest"
	for _, x := range m.ranges {
		add("range "+x.Subnet+"/"+x.Name+" "+x.Prefix.String(), request, cloud.ParseMark(x.Name), func(ctx context.Context) error { return vpc.Ranges.Delete(ctx, x) })
	}
	if m.proxy != nil {
		add("proxy-only subnet "+m.proxy.Name, request, m.proxy.Mark(), func(ctx context.Context) error { return vpc.Proxies.Delete(ctx, *m.proxy) })
	}
	for _, x := range m.rules {
		add("firewall rule "+x.Name, "Network", x.Mark(), func(ctx context.Context) error { return vpc.Firewalls.Delete(ctx, x) })
	}
	for _, x := range m.subnets {
		add("subnet "+x.Name+" "+x.Prefix.String(), request, cloud.ParseMark(x.Name), func(ctx context.Context) error { return within(ctx, x, vpc.NewSpace.RemoveSubnet) })
	}
	return out
}

// within bounds how long the cloud may take for one step.
func within[T any](ctx context.Context, x T, remove func(context.Context, T) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return remove(ctx, x)
}

const patience = 2 * time.Minute
