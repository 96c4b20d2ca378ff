package aws

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/vpcnative/vpcnative/cloud"
)

// occupancy collects what occupies the VPC.
type occupancy struct {
	occupied []cloud.Occupied
	tables   []routeTable
	subnets  map[string]*cloud.Subnet
	unseen   []cloud.Unseen
}

// prohibitedRanges can be in no VPC.
// Source: VPC user guide, "VPC CIDR blocks", and RFC 6890.
var prohibitedRanges = []struct{ cidr, name string }{
	{"0.0.0.0/8", "current network (RFC 1122)"},
	{"127.0.0.0/8", "loopback (RFC 1122)"},
	{"169.254.0.0/16", "link local (RFC 3927), which AWS uses itself"},
	{"224.0.0.0/4", "multicast (RFC 5771)"},
	{"255.255.255.255/32", "limited broadcast (RFC 919)"},
}

func (b *occupancy) prohibited() {
	for _, r := range prohibitedRanges {
		b.add(cloud.Prohibited, r.name, netip.MustParsePrefix(r.cidr), cloud.Mark{})
	}
}

func (b *occupancy) add(kind cloud.Kind, name string, p netip.Prefix, m cloud.Mark) {
	b.occupied = append(b.occupied, cloud.Occupied{Prefix: p, Kind: kind, Name: name, Mark: m})
}

func (b *occupancy) subnet(n subnet) error {
	where := n.zone + "/" + n.id
	sub := &cloud.Subnet{Name: n.id, Zone: n.zone}
	list, err := parseAll(append(n.ipv6, n.cidr))
	if n.cidr == "" { // empty where the subnet has IPv6 only
		list, err = parseAll(n.ipv6)
	}
	if err != nil {
		return misread(subject{"read subnet", where}, err)
	}
	for _, p := range list {
		b.add(cloud.SubnetPrimary, where, p, cloud.Mark{})
		if p.Addr().Is4() {
			sub.Primary, sub.Used = p, reservedByAWS(p)
		} else {
			sub.IPv6 = append(sub.IPv6, p)
		}
	}
	b.subnets[n.id] = sub
	return nil
}

func (b *occupancy) reservation(r reservation) error {
	p, err := parse(r.cidr)
	if err != nil {
		return misread(subject{"read reservation " + r.id, r.subnet}, err)
	}
	name := r.rangeName()
	sub := b.subnets[r.subnet]
	sub.Ranges = append(sub.Ranges, cloud.Range{Subnet: r.subnet, Name: name, Prefix: p})
	b.add(cloud.SubnetReservation, r.subnet+"/"+name, p, cloud.ParseMark(name))
	return nil
}

// routes enters the destinations of a table, but those of the VPC's own blocks
// and where everything else goes. What prefix lists hold is entered apart.
func (b *occupancy) routes(t routeTable) error {
	b.tables = append(b.tables, t)
	for _, r := range t.routes {
		if r.local || r.dest == "" {
			continue
		}
		if err := b.route(t, r, r.dest); err != nil {
			return err
		}
	}
	return nil
}

// route enters one destination. What a gateway propagates is told apart where
// it is a private block as a whole; whoever made such a route by hand said so.
func (b *occupancy) route(t routeTable, r route, dest string) error {
	p, err := parse(dest)
	if err != nil {
		return misread(subject{"read route table", t.id}, err)
	}
	kind := cloud.StaticRoute
	switch {
	case r.peering != "":
		kind = cloud.PeeringRoute
	case r.propagated:
		kind = cloud.DynamicRoute
	}
	if isDefault(p) || cloud.IsPrivateBlock(p) && kind != cloud.DynamicRoute {
		return nil
	}
	b.add(kind, t.id+"/"+r.target, p, cloud.Mark{})
	return nil
}

// list enters what a route to a prefix list leads to. The quota of routes counts
// the most entries that a list may have, which is no less; one of AWS's, to which
// a gateway endpoint leads, counts once.
func (b *occupancy) list(t routeTable, r *route, entries []string) error {
	for _, cidr := range entries {
		if err := b.route(t, *r, cidr); err != nil {
			return err
		}
		if strings.Contains(cidr, ":") {
			r.entries6++
		} else {
			r.entries++
		}
	}
	if strings.HasPrefix(r.target, "vpce-") {
		r.entries, r.entries6 = min(1, r.entries), min(1, r.entries6)
	}
	return nil
}

// isCatchAll reports whether a destination is only where everything else goes.
func isCatchAll(p netip.Prefix) bool { return isDefault(p) || cloud.IsPrivateBlock(p) }

func isDefault(p netip.Prefix) bool { return p.Bits() == 0 }

// everywhere is where default routes lead: all of IPv4, and of IPv6.
var everywhere = [2]netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}

// card enters what an interface holds in its subnet.
func (b *occupancy) card(c card) error {
	sub := b.subnets[c.subnet]
	if sub == nil {
		return nil // made since the subnets were read
	}
	held, err := parseAll(append(slices.Clone(c.addresses), c.prefixes...))
	if err != nil {
		return misread(subject{"read network interface", c.id}, err)
	}
	sub.Used = append(sub.Used, held...)
	return nil
}

// sorted is all that is occupied in order of addresses, each entry once:
// several tables may have one route.
func (b *occupancy) sorted() []cloud.Occupied {
	slices.SortFunc(b.occupied, func(x, y cloud.Occupied) int { return x.Prefix.Compare(y.Prefix) })
	return slices.Compact(b.occupied)
}

// reservedByAWS are the first four addresses of a subnet and the last one.
// Source: VPC user guide, "Subnet sizing".
func reservedByAWS(p netip.Prefix) []netip.Prefix {
	end := netipx.PrefixLastIP(p)
	return []netip.Prefix{netip.PrefixFrom(p.Addr(), 30), netip.PrefixFrom(end, end.BitLen())}
}
