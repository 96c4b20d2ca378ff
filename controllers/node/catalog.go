package node

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// catalog is the requests and networks as they were last read. It is never
// changed once it is published.
type catalog struct {
	requests    []v1alpha1.RangeRequest
	networks    map[string]*v1alpha1.Network
	vpcs        map[string]cloud.VPC // by Network; absent where it cannot be opened
	failures    map[string]error     // why not
	definitions []allocator.Definition
}

// definitionsOf returns the pools that the granted ranges make, those of older
// requests first: where ranges overlap, the first stands.
func definitionsOf(requests []v1alpha1.RangeRequest) []allocator.Definition {
	var out []allocator.Definition
	byAge := slices.SortedFunc(slices.Values(requests), func(a, b v1alpha1.RangeRequest) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	for _, r := range byAge {
		if r.Spec.Purpose != v1alpha1.Pods {
			continue
		}
		bySubnet := map[string][]allocator.Range{}
		for _, g := range r.Status.Granted() {
			if p, err := netip.ParsePrefix(g.CIDR); err == nil {
				bySubnet[g.Subnet] = append(bySubnet[g.Subnet], allocator.Range{Name: g.Name, Prefix: p, Leaving: g.Leaving})
			}
		}
		for _, subnet := range slices.Sorted(maps.Keys(bySubnet)) {
			out = append(out, allocator.Definition{
				Key:    allocator.Key{Request: r.Name, Subnet: subnet},
				Ranges: bySubnet[subnet],
			})
		}
	}
	return out
}

// reserve notes in the definitions what the Networks of their VPC reserve. Where
// it cannot be told of which VPC a Network is, it may be this one.
func (c *catalog) reserve(networks []v1alpha1.Network) {
	for i, d := range c.definitions {
		r := c.request(d.Key.Request)
		its, open := c.vpcs[r.NetworkName()]
		var beside []v1alpha1.Network
		for _, n := range networks {
			if vpc, known := c.vpcs[n.Name]; !open || !known || vpc.Place.VPC == its.Place.VPC {
				beside = append(beside, n)
			}
		}
		var reserved []netip.Prefix
		for _, b := range assign.ReservedOver(assign.ReservedBy(beside...), r) {
			if b.Prefix.Addr().Is4() { // as are the pools
				reserved = append(reserved, b.Prefix.Masked())
			}
		}
		c.definitions[i].Reserved = prefix.Normalise(reserved)
	}
}

func sameDefinitions(a, b []allocator.Definition) bool {
	return slices.EqualFunc(a, b, func(x, y allocator.Definition) bool {
		return x.Key == y.Key && slices.Equal(x.Ranges, y.Ranges) && slices.Equal(x.Reserved, y.Reserved)
	})
}

// sameSelection reports whether both lists select nodes alike and size them
// alike.
func sameSelection(a, b []v1alpha1.RangeRequest) bool {
	return slices.EqualFunc(a, b, func(x, y v1alpha1.RangeRequest) bool {
		return sameRequest(&x, &y)
	})
}

// request returns a request by name.
func (c *catalog) request(name string) *v1alpha1.RangeRequest {
	for i := range c.requests {
		if c.requests[i].Name == name {
			return &c.requests[i]
		}
	}
	return nil
}

// vpcOf returns the cloud of a request's network. Its Interfaces are those by
// which the request's prefixes come to machines.
func (c *catalog) vpcOf(request string) (cloud.VPC, bool) {
	r := c.request(request)
	if r == nil {
		return cloud.VPC{}, false
	}
	v, ok := c.vpcs[r.NetworkName()]
	if isRouted(r) && v.Routed != nil {
		v.Interfaces = v.Routed
	}
	return v, ok
}

// anyRange reports whether one of the ranges is such a one.
func (c *catalog) anyRange(is func(allocator.Key, netip.Prefix) bool) bool {
	return slices.ContainsFunc(c.definitions, func(d allocator.Definition) bool {
		return slices.ContainsFunc(d.Ranges, func(r allocator.Range) bool { return is(d.Key, r.Prefix) })
	})
}

// routesIn reports whether a granted range of the Network is attached by routes.
func (c *catalog) routesIn(network string) bool {
	return c.anyRange(func(k allocator.Key, _ netip.Prefix) bool {
		r := c.request(k.Request)
		return k.ByRoutes() && r != nil && r.NetworkName() == network
	})
}

func isRouted(r *v1alpha1.RangeRequest) bool { return r.Spec.Attachment == v1alpha1.AttachRoutes }

// keyOf is the pool of the request for that interface.
func keyOf(r *v1alpha1.RangeRequest, nic cloud.Interface) allocator.Key {
	if isRouted(r) {
		return allocator.Key{Request: r.Name}
	}
	return allocator.Key{Request: r.Name, Subnet: nic.Subnet}
}
