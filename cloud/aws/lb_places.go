package aws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// places chooses the subnets, one of each zone at most: those named; or those
// with the role's tag; or of the others those where it can serve. Addresses that
// were asked for go to them in order.
func (w *wanting) places() error {
	current := w.currentZones()
	chosen, err := w.subnets(current)
	if err != nil {
		return err
	}
	for _, x := range chosen {
		if w.dual && x.Fields.One(fieldIPv6) != "true" {
			return w.invalid("give it an IPv6 block, or make the Service IPv4", "subnet %s in %s has no IPv6", x.Name, x.Fields.One(fieldZone))
		}
		w.zones = append(w.zones, zoneOf{subnet: x.Name})
	}
	if err := w.addresses(chosen); err != nil {
		return err
	}
	for n, z := range w.zones { // ELB may show a private address that nobody asked for
		if z.allocation+z.private == "" && w.b.Scheme == lb.Internal {
			w.zones[n].private = current[z.subnet].private
		}
	}
	return w.ahead()
}

// currentZones are where a balancer of the owner's is, of the scheme that is
// wanted: one of the other scheme says nothing about where this one is to be.
func (w *wanting) currentZones() map[string]zoneOf {
	out := map[string]zoneOf{}
	for ref, x := range w.got {
		if ref.Kind == kindBalancer && x.Owner == w.b.Owner && x.Scheme == w.b.Scheme {
			for _, text := range x.Fields[fieldSubnets] {
				z := parseZone(text)
				out[z.subnet] = z
			}
		}
	}
	return out
}

// subnets are those that were named, in the order of their addresses, or those
// chosen of what there is.
func (w *wanting) subnets(current map[string]zoneOf) ([]lb.Resource, error) {
	var all []lb.Resource
	for _, x := range w.got.Sorted() {
		if x.Kind == kindSubnet {
			all = append(all, x)
		}
	}
	if named := w.b.Attributes[lb.AttributeSubnets]; named != "" {
		return w.named(all, strings.Split(named, ","))
	}
	candidates, meant := w.candidates(all)
	c := choice{scheme: w.b.Scheme, dual: w.dual, meant: meant, cluster: w.Cluster, current: map[string]bool{}, addresses: w.privatesAsked()}
	for id := range current {
		c.current[id] = true
	}
	chosen, out := c.make(candidates)
	for _, p := range out {
		w.remarks = append(w.remarks, "subnet "+p.text())
	}
	switch {
	case len(chosen) > 0:
		return chosen, nil
	case len(out) == 0:
		return nil, w.refuse(cloud.NotFound, errNoSubnets, w.tagThem())
	}
	err := fmt.Errorf("%w: %s", errNoSubnets, strings.Join(w.remarks, "; "))
	if !slices.ContainsFunc(out, func(p passed) bool { return p.why != noIPv6 }) {
		return nil, w.refuse(cloud.Invalid, err, "give them IPv6 blocks, or make the Service IPv4")
	}
	return nil, w.refuse(cloud.NotFound, err, w.tagThem())
}

func (w *wanting) tagThem() string {
	return "tag the subnets for balancers " + roleTag + w.role() + "=1, or name them on the Service"
}

func (w *wanting) role() string {
	if w.b.Scheme == lb.Internal {
		return "internal-elb"
	}
	return "elb"
}

// candidates are the subnets to choose from, and whether people tagged them for
// such balancers. One that is tagged for other clusters only is not ours to use.
func (w *wanting) candidates(all []lb.Resource) (out []lb.Resource, meant bool) {
	for _, x := range all {
		others := len(x.Fields[fieldClusters]) > 0 && w.Cluster != "" && !slices.Contains(x.Fields[fieldClusters], w.Cluster)
		if !others {
			out = append(out, x)
		}
	}
	with := func(role string) []lb.Resource {
		return slices.DeleteFunc(slices.Clone(out), func(x lb.Resource) bool { return !slices.Contains(x.Fields[fieldRoles], role) })
	}
	if tagged := with(w.role()); len(tagged) > 0 {
		return tagged, true
	}
	// Nobody said which: none that is tagged for the other scheme.
	return slices.DeleteFunc(out, func(x lb.Resource) bool { return len(x.Fields[fieldRoles]) > 0 }), false
}

// privatesAsked are the private addresses that were asked for, as far as they
// are such.
func (w *wanting) privatesAsked() (out []netip.Addr) {
	if w.b.Scheme != lb.Internal {
		return nil
	}
	for _, f := range w.b.Frontends {
		if f.Family == lb.IPv4 && f.Address.IsValid() {
			return []netip.Addr{f.Address}
		}
	}
	for text := range strings.SplitSeq(w.b.Attributes[lb.AttributePrivateIPv4], ",") {
		if a, err := netip.ParseAddr(text); err == nil {
			out = append(out, a)
		}
	}
	return out
}

func (w *wanting) named(all []lb.Resource, names []string) (out []lb.Resource, err error) {
	for _, name := range names {
		at := slices.IndexFunc(all, func(x lb.Resource) bool { return x.Name == name || x.Fields.One(fieldName) == name })
		if at < 0 {
			return nil, w.refuse(cloud.NotFound, fmt.Errorf("the VPC has no subnet %q", name), "name subnets of "+w.VPC+" by ID or by their tag Name")
		}
		zone := all[at].Fields.One(fieldZone)
		if why := impossibleIn(all[at]); why != "" {
			return nil, w.invalid("name another one", "subnet %s in %s cannot have it: %s", all[at].Name, zone, why)
		}
		if other := slices.IndexFunc(out, func(x lb.Resource) bool { return x.Fields.One(fieldZone) == zone }); other >= 0 {
			return nil, w.invalid("name one subnet of each zone", "subnets %s and %s are both in %s", out[other].Name, all[at].Name, zone)
		}
		out = append(out, all[at])
	}
	return out, nil
}

// addresses gives each subnet the Elastic IP or the private address asked for.
func (w *wanting) addresses(chosen []lb.Resource) error {
	f := w.b.Frontends[slices.IndexFunc(w.b.Frontends, func(f lb.Frontend) bool { return f.Family == lb.IPv4 })]
	private := w.b.Attributes[lb.AttributePrivateIPv4]
	if f.Address.IsValid() {
		if w.b.Scheme != lb.Internal {
			return w.invalid("name the allocations of Elastic IPs instead", "an external balancer cannot ask for %s by value", f.Address)
		}
		private = f.Address.String()
	}
	switch {
	case f.Reserved != "":
		if w.b.Scheme == lb.Internal {
			return w.invalid("make the balancer external", "Elastic IPs are for external balancers")
		}
		w.identity = strings.Split(f.Reserved, ",")
	case private != "":
		if w.b.Scheme != lb.Internal {
			return w.invalid("make the balancer internal", "private addresses are for internal balancers")
		}
		w.identity = strings.Split(private, ",")
	default:
		return nil
	}
	if len(w.identity) > len(w.zones) {
		return w.invalid("name as many addresses as subnets", "it asks for %d addresses and has %d subnets", len(w.identity), len(w.zones))
	}
	if f.Reserved == "" {
		return w.privates(chosen)
	}
	if err := w.elasticIPs(); err != nil {
		return err
	}
	// Fewer allocations than zones: the first zones have one, and the others
	// are left out, since ELB takes allocations for all or for none.
	w.zones = w.zones[:len(w.identity)]
	for n, id := range w.identity {
		w.zones[n].allocation = id
	}
	return nil
}

// elasticIPs checks that those asked for are there and free. Those that a
// balancer of the owner's has are, when it has gone; where there is none, one
// may be let go of this minute, and ELB reports whether it is free.
func (w *wanting) elasticIPs() error {
	ours, serves := map[string]bool{}, false
	for ref, x := range w.got {
		if ref.Kind == kindBalancer && x.Owner == w.b.Owner {
			serves = true
			for _, claim := range x.Claims {
				ours[claim] = true
			}
		}
	}
	for _, id := range w.identity {
		e, there := w.got[lb.Ref{Kind: kindElastic, Name: id}]
		switch {
		case !there:
			return w.refuse(cloud.NotFound, fmt.Errorf("there is no Elastic IP %s in %s", id, w.Region), "name Elastic IPs that are allocated in this region")
		case serves && e.Fields.One(fieldUser) != "" && !ours[id]:
			return w.refuse(cloud.Conflict, fmt.Errorf("the Elastic IP %s is associated with %s", id, e.Fields.One(fieldUser)), "name one that is free, or take it from there")
		}
	}
	return nil
}

// privates places each address in its subnet; the others are left out.
func (w *wanting) privates(chosen []lb.Resource) error {
	var zones []zoneOf
	for _, text := range w.identity {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return w.invalid("give an IPv4 address", "%q is no address", text)
		}
		at := slices.IndexFunc(chosen, func(x lb.Resource) bool {
			p, err := netip.ParsePrefix(x.Fields.One(fieldCIDR))
			return err == nil && p.Contains(a)
		})
		if at < 0 {
			return w.invalid("choose an address of one of them", "%s is in none of the balancer's subnets", a)
		}
		zones = append(zones, zoneOf{subnet: chosen[at].Name, private: text})
	}
	w.zones = zones
	return nil
}
