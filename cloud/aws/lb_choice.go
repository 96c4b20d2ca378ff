package aws

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// choice says which of the subnets that were found a balancer goes into.
type choice struct {
	scheme lb.Scheme
	dual   bool
	// meant: people tagged the subnets for such balancers. Then they know how
	// clients get there, by way of a firewall for example.
	meant bool
	// current are the subnets that it is in.
	current map[string]bool
	// cluster is whose subnets are taken before others.
	cluster string
	// addresses are those asked for: the subnets that have them are taken.
	addresses []netip.Addr
}

// passed is a subnet that was not chosen, and why.
type passed struct {
	subnet lb.Resource
	fault
}

// fault is why a subnet cannot serve.
type fault struct {
	why string
	// lasting: it does not go by itself. cut: no client gets there.
	lasting, cut bool
}

func (p passed) text() string {
	return p.subnet.Name + " in " + p.subnet.Fields.One(fieldZone) + ": " + p.why
}

// make chooses one subnet of each zone. What is in use stays in use: how many
// addresses are free changes all the time, and who moves cuts connections off.
// One in use moves only where clients cannot get there any more, and the zone
// has another one. Of what is left out, it gives what a person has to know:
// whatever the zone has, where nothing of it was chosen, and what never can
// serve.
func (c choice) make(candidates []lb.Resource) (chosen []lb.Resource, out []passed) {
	var left []passed
	var fit []lb.Resource
	for _, x := range candidates {
		if f := c.faultOf(x); f.why == "" || c.current[x.Name] {
			fit = append(fit, x)
		} else {
			left = append(left, passed{x, f})
		}
	}
	slices.SortFunc(fit, c.compare)
	served := map[string]bool{}
	for _, x := range fit {
		if zone := x.Fields.One(fieldZone); !served[zone] {
			served[zone] = true
			chosen = append(chosen, x)
			if f := c.faultOf(x); f.why != "" {
				out = append(out, passed{x, fault{why: "it is in use, but " + f.why}})
			}
		}
	}
	for _, p := range left {
		if p.lasting || !served[p.subnet.Fields.One(fieldZone)] {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b passed) int { return strings.Compare(a.subnet.Name, b.subnet.Name) })
	return chosen, out
}

// compare orders by zone and, in each, by what is to be taken first.
func (c choice) compare(a, b lb.Resource) int {
	first := func(is func(lb.Resource) bool) int { return cmp.Compare(rank(is(a)), rank(is(b))) }
	return cmp.Or(
		cmp.Compare(a.Fields.One(fieldZone), b.Fields.One(fieldZone)),
		first(c.hasAddress),
		first(func(x lb.Resource) bool { return c.current[x.Name] && !c.faultOf(x).cut }),
		first(func(x lb.Resource) bool { return !c.faultOf(x).cut }),
		first(c.suits),
		first(func(x lb.Resource) bool {
			return c.cluster != "" && slices.Contains(x.Fields[fieldClusters], c.cluster)
		}),
		cmp.Compare(roomOf(b), roomOf(a)),
		cmp.Compare(a.Name, b.Name))
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (c choice) hasAddress(x lb.Resource) bool {
	p, err := netip.ParsePrefix(x.Fields.One(fieldCIDR))
	return err == nil && slices.ContainsFunc(c.addresses, p.Contains)
}

// suits reports whether a subnet is of the kind that the scheme is rather put
// into: a public one for clients outside, a private one for those inside.
func (c choice) suits(x lb.Resource) bool {
	return isInternetGateway(x.Fields.One(fieldWay)) == (c.scheme != lb.Internal)
}

// leastRoom is how many addresses must be free in a subnet, unless those of an
// internal balancer are given.
// Source: Network Load Balancers user guide, "Update the Availability Zones".
const leastRoom = 8

const noIPv6 = "it has no IPv6 block"

// faultOf says why a balancer cannot be, or cannot serve, in a subnet; there is
// none where it can.
func (c choice) faultOf(x lb.Resource) fault {
	if why := impossibleIn(x); why != "" && !c.current[x.Name] {
		return fault{why: why, lasting: true}
	}
	switch {
	case c.current[x.Name]:
	case x.Fields.One(fieldZoneType) == "":
		return fault{why: "which type its zone is of is not known: allow " + permission(actionZones), lasting: true}
	case len(c.addresses) == 0 && roomOf(x) < leastRoom:
		return fault{why: "fewer than " + strconv.Itoa(leastRoom) + " of its addresses are free"}
	}
	if c.dual && x.Fields.One(fieldIPv6) != "true" {
		return fault{why: noIPv6, lasting: true}
	}
	if c.scheme == lb.Internal || c.meant {
		return fault{}
	}
	if way := x.Fields.One(fieldWay); !isInternetGateway(way) {
		return fault{why: noWay(x, everywhere[0], way), cut: true}
	}
	if way := x.Fields.One(fieldWay6); c.dual && !isInternetGateway(way) {
		return fault{why: noWay(x, everywhere[1], way)}
	}
	return fault{}
}

// impossibleIn says why no network load balancer can be in a subnet, whoever
// names it; empty where one can.
// Sources: the API reference of CreateLoadBalancer ("subnets from one or more
// Availability Zones"); EC2 user guide, "Local Zones", "Wavelength Zones".
func impossibleIn(x lb.Resource) string {
	switch kind := x.Fields.One(fieldZoneType); {
	case kind == "local-zone":
		return "it is in a Local Zone, where there are no network load balancers"
	case kind == "wavelength-zone":
		return "it is in a Wavelength Zone, where there are no network load balancers"
	case kind != "" && kind != ordinaryZone:
		return "it is in a zone of type " + kind + ", where there are no network load balancers"
	case x.Fields.One(fieldOutpost) != "":
		return "it is on an Outpost, where there are no network load balancers"
	case x.Fields.One(fieldCIDR) == "":
		return "it has IPv6 only"
	}
	return ""
}

func noWay(x lb.Resource, to netip.Prefix, way string) string {
	if way == "" {
		way = "nowhere"
	}
	return "its route table " + x.Fields.One(fieldTable) + " leads " + to.String() + " to " + way + ", and not to an internet gateway"
}

func isInternetGateway(target string) bool { return strings.HasPrefix(target, "igw-") }

// roomOf is how many addresses are free; an emulator may not say.
func roomOf(x lb.Resource) int {
	n, err := strconv.Atoi(x.Fields.One(fieldFree))
	if err != nil {
		return leastRoom
	}
	return n
}
