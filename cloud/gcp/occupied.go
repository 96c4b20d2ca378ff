package gcp

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// occupancy collects what occupies the network.
type occupancy struct {
	occupied []cloud.Occupied
	dynamic  map[netip.Prefix]string       // learned destinations, and by whom
	proxies  map[string]*cloud.ProxySubnet // by region: the active ones
	unseen   []cloud.Unseen
}

// prohibitedRanges can be in no subnetwork.
// Source: cloud.google.com/vpc/docs/subnets, "Prohibited IPv4 subnet ranges".
var prohibitedRanges = []struct {
	prefix netip.Prefix
	name   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "current network (RFC 1122)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback (RFC 1122)"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link local (RFC 3927)"},
	{netip.MustParsePrefix("199.36.153.4/30"), "restricted.googleapis.com"},
	{netip.MustParsePrefix("199.36.153.8/30"), "private.googleapis.com"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast (RFC 5771)"},
	{netip.MustParsePrefix("255.255.255.255/32"), "limited broadcast (RFC 919)"},
}

// autoModeRange is what an auto-mode network keeps for the subnetworks that
// it makes by itself in each region.
var autoModeRange = netip.MustParsePrefix("10.128.0.0/9")

func (b *occupancy) prohibited(n network) {
	for _, r := range prohibitedRanges {
		b.add(cloud.Prohibited, r.name, r.prefix)
	}
	if n.auto {
		b.add(cloud.Prohibited, "automatic subnetworks", autoModeRange)
	}
}

func (b *occupancy) add(kind cloud.Kind, name string, p netip.Prefix) {
	b.occupied = append(b.occupied, cloud.Occupied{Prefix: p, Kind: kind, Name: name})
}

// proxy enters a proxy-only subnetwork.
func (b *occupancy) proxy(n subnetwork) error {
	where := n.region + "/" + n.name
	p, err := parseRange(n.primary)
	if err != nil {
		return misread("read proxy-only subnetwork", where, err)
	}
	b.occupied = append(b.occupied, cloud.Occupied{Prefix: p, Kind: cloud.ProxyOnly, Name: where, Mark: cloud.ParseMark(n.name)})
	if n.role == roleActive && n.purpose != purposeGlobalProxy {
		if b.proxies == nil {
			b.proxies = map[string]*cloud.ProxySubnet{}
		}
		b.proxies[n.region] = &cloud.ProxySubnet{Name: n.name, Prefix: p, Description: n.description}
	}
	return nil
}

// subnet enters a subnetwork's ranges and returns it as a value.
func (b *occupancy) subnet(n subnetwork) (cloud.Subnet, error) {
	where := n.region + "/" + n.name
	sub := cloud.Subnet{Name: n.name, MaxRanges: maxSecondaryRanges}
	if n.primary != "" { // empty where the subnetwork has IPv6 only
		p, err := parseRange(n.primary)
		if err != nil {
			return sub, misread("read subnetwork", where, err)
		}
		sub.Primary = p
		b.add(cloud.SubnetPrimary, where, p)
	}
	for _, text := range n.ipv6 {
		p, err := parseRange(text)
		if err != nil {
			return sub, misread("read subnetwork", where, err)
		}
		sub.IPv6 = append(sub.IPv6, p)
		b.add(cloud.SubnetPrimary, where, p)
	}
	for _, r := range n.secondary {
		if r.cidr == "" {
			continue // an IPv6 range whose addresses the cloud has not chosen yet
		}
		p, err := parseRange(r.cidr)
		if err != nil {
			return sub, misread("read secondary range "+r.name, where, err)
		}
		sub.Ranges = append(sub.Ranges, cloud.Range{Subnet: n.name, Name: r.name, Prefix: p})
		b.occupied = append(b.occupied, cloud.Occupied{
			Prefix: p, Kind: cloud.SecondaryRange, Name: where + "/" + r.name, Mark: cloud.ParseMark(r.name)})
	}
	return sub, nil
}

// isCatchAll reports whether a route's destination merely says where
// everything else goes. Subnetworks may lie within such a destination, and
// their more specific routes win (cloud.google.com/vpc/docs/routes, "static
// routes and subnet routes"): a default route, its halves and whatever else
// is wider than any private block, and the private blocks themselves. Every
// narrower destination is taken for somebody's addresses, although Compute
// Engine would let a subnetwork take over a part of it.
func isCatchAll(p netip.Prefix) bool {
	return isDefault(p) || cloud.IsPrivateBlock(p)
}

// isDefault reports whether it is a default route, its halves, and whatever else is wider
// than any private block, or all of the internet's IPv6 (2000::/3).
func isDefault(p netip.Prefix) bool {
	return p.Bits() < 8 && p.Addr().Is4() || p.Bits() <= 3
}

func (b *occupancy) route(kind cloud.Kind, name, dest string) error {
	p, err := parseRange(dest)
	if err != nil {
		return misread("read route", name, err)
	}
	if !isCatchAll(p) {
		b.add(kind, name, p)
	}
	return nil
}

// learned enters a destination that a router learns by BGP, once, however many
// routers and peers announce it.
func (b *occupancy) learned(router, peer, dest string) error {
	name := strings.TrimSuffix(router+"/"+peer, "/")
	p, err := parseRange(dest)
	if err != nil {
		return misread("read learned route", name, err)
	}
	if b.dynamic == nil {
		b.dynamic = map[netip.Prefix]string{}
	}
	deep := func(name string) int { return -strings.Count(name, "/") } // the peer, where it is known, tells more
	if had, ok := b.dynamic[p]; !isDefault(p) && (!ok || cmp.Or(deep(name)-deep(had), cmp.Compare(name, had)) < 0) {
		b.dynamic[p] = name
	}
	return nil
}

// reservation enters a global internal range (purpose VPC_PEERING) or a
// lone address (PRIVATE_SERVICE_CONNECT).
func (b *occupancy) reservation(a address) error {
	text := a.address
	if a.prefixLength > 0 {
		text = fmt.Sprintf("%s/%d", a.address, a.prefixLength)
	}
	p, err := parseRange(text)
	if err != nil {
		return misread("read reserved range", a.name, err)
	}
	b.add(cloud.Reservation, a.name, p)
	return nil
}

func (b *occupancy) sorted() []cloud.Occupied {
	for p, name := range b.dynamic {
		b.add(cloud.DynamicRoute, name, p)
	}
	slices.SortFunc(b.occupied, func(x, y cloud.Occupied) int {
		return cmp.Or(x.Prefix.Compare(y.Prefix), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	return slices.Compact(b.occupied)
}

func sortedStrings(s []string) []string {
	slices.Sort(s)
	return s
}

// misread is for what the cloud sent and we cannot read. To skip it would be
// to take occupied space for free.
func misread(act, resource string, err error) error {
	return &cloud.Error{Reason: cloud.Unavailable, Act: act, Resource: resource, Err: err, Remedy: "report it: the reply is not understood"}
}
