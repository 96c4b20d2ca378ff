package node

import (
	"context"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/inflight"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// inRange reports whether p touches a granted range.
func (r *reading) inRange(p netip.Prefix) bool {
	return r.catalog.anyRange(func(_ allocator.Key, x netip.Prefix) bool { return x.Overlaps(p) })
}

// within reports whether p lies in a granted range.
func (r *reading) within(p netip.Prefix) bool {
	return r.catalog.anyRange(func(_ allocator.Key, x netip.Prefix) bool { return prefix.Contains(x, p) })
}

// touches reports whether p touches a granted range that comes to machines by
// routes, or one that does not.
func (r *reading) touches(p netip.Prefix, routes bool) bool {
	return r.catalog.anyRange(func(k allocator.Key, x netip.Prefix) bool { return k.ByRoutes() == routes && x.Overlaps(p) })
}

func (r *reading) readNetwork(ctx context.Context, name string, vpc cloud.VPC, instances map[string]allocator.Allocation) error {
	routes := vpc.Routed != nil && r.catalog.routesIn(name)
	var space cloud.Snapshot
	if vpc.Traits.Inside || routes {
		var err error
		// A node subnet that is gone takes nothing from the others.
		if space, err = r.space(ctx, r.catalog.networks[name]); err != nil && !(cloud.Is(err, cloud.NotFound) && len(space.Occupied) > 0) {
			return err
		}
		r.readUsed(space)
	}
	for nic, err := range vpc.Interfaces.List(ctx) {
		if err != nil {
			return err
		}
		r.addInterface(nic, instances, false)
		r.noteOutside(nic)
		r.noteOfNode(nic, instances)
	}
	if !routes {
		return nil
	}
	return r.readRoutes(ctx, vpc, space, instances)
}

// noteOfNode notes whether the interface of a Node has lost its IPv6, and keeps
// that of one that is still to be given a prefix.
func (r *reading) noteOfNode(nic cloud.Interface, instances map[string]allocator.Allocation) {
	k, known := instances[nic.Instance]
	if known && r.lostIPv6(k, nic) {
		r.missing[k.NodeUID] = true
		r.disown(k.NodeUID)
	}
	carries := slices.ContainsFunc(nic.Attachments, func(a cloud.Attachment) bool { return r.touches(a.Prefix, false) })
	if known && !k.Prefix.IsValid() && !carries && len(r.nics) < inflight.MaxInterfaces {
		r.nics[nic.Instance] = nic
	}
}

// addInterface notes what an interface carries of the ranges, and whether it
// lacks what its Node publishes.
func (r *reading) addInterface(nic cloud.Interface, instances map[string]allocator.Allocation, routes bool) {
	k, known := instances[nic.Instance]
	for _, x := range carriedOn(nic) {
		if !known || k.Prefix != x.Prefix {
			r.noteCarried(x, routes)
		}
	}
	if known && k.Prefix.IsValid() && r.touches(k.Prefix, routes) {
		if nic.Carries(k.Prefix, r.pairedOf(k, nic)) {
			r.carried[k.NodeUID] = true
		} else {
			r.missing[k.NodeUID] = true
		}
	}
}

// noteCarried notes a prefix on an interface, if it touches a range.
func (r *reading) noteCarried(x allocator.Allocation, routes bool) {
	if r.touches(x.Prefix, routes) {
		r.world.Attached = append(r.world.Attached, x)
	}
}

// carriedOn are the prefixes on an interface, each as its instance's. What leads
// to it in part is not known to have been put on this very machine.
func carriedOn(nic cloud.Interface) (out []allocator.Allocation) {
	for _, a := range nic.Attachments {
		out = append(out, allocator.Allocation{Holder: allocator.Holder{Instance: nic.Instance}, Prefix: a.Prefix, InstanceUID: nic.InstanceUID})
	}
	for _, p := range nic.Elsewhere {
		out = append(out, allocator.Allocation{Holder: allocator.Holder{Instance: nic.Instance}, Prefix: p})
	}
	return out
}

// noteOutside notes what an interface carries that lies in no range.
func (r *reading) noteOutside(nic cloud.Interface) {
	for _, x := range carriedOn(nic) {
		if !r.inRange(x.Prefix) {
			r.outside = append(r.outside, x.Prefix)
		}
	}
}

// readRoutes notes what routes lead to out of the ranges. A route to an
// interface that is gone is that of the machine for which we made it, where
// that is on record; it and any other keep its addresses from being given out.
func (r *reading) readRoutes(ctx context.Context, vpc cloud.VPC, space cloud.Snapshot, instances map[string]allocator.Allocation) error {
	seen := map[netip.Prefix]bool{}
	for nic, err := range vpc.Routed.List(ctx) {
		if err != nil {
			return err
		}
		for _, x := range carriedOn(nic) {
			seen[x.Prefix] = true
			if nic.Instance == "" {
				x.Instance = r.machineOf(nic, x.Prefix)
				r.noteCarried(x, true)
			}
		}
		if nic.Instance != "" {
			r.addInterface(nic, instances, true)
		}
	}
	for _, o := range space.Occupied {
		if o.Kind.IsRoute() && !seen[o.Prefix] && r.leadsInto(o.Prefix) {
			r.world.Attached = append(r.world.Attached, allocator.Allocation{Holder: allocator.Holder{Instance: o.Name}, Prefix: o.Prefix})
		}
	}
	return nil
}

// machineOf is the machine for which we made a route to an interface that is
// gone; otherwise the interface stands for itself.
func (r *reading) machineOf(gone cloud.Interface, p netip.Prefix) string {
	for _, e := range r.recorded[p] {
		if e.InstanceUID == gone.InstanceUID {
			return e.Instance
		}
	}
	return gone.InstanceUID
}

// leadsInto reports a route to addresses of a range, or to part of them. A
// wider one is where the rest goes.
func (r *reading) leadsInto(p netip.Prefix) bool {
	return r.catalog.anyRange(func(k allocator.Key, x netip.Prefix) bool { return k.ByRoutes() && prefix.Contains(x, p) })
}

// readUsed keeps clear of single addresses where ranges lie among them, in
// their subnets' own blocks: machines' and other parties'. A node CIDR that one of
// them lies in is not allocated. Whole prefixes are on interfaces, which
// tell whose they are; one on an interface of no instance is refused by the
// cloud when it is asked for.
func (r *reading) readUsed(s cloud.Snapshot) {
	seen := map[netip.Prefix]bool{}
	for _, subnet := range s.Subnets {
		for _, p := range subnet.Used {
			if p.Bits() <= s.Traits.Smallest {
				continue
			}
			piece := netip.PrefixFrom(p.Addr(), s.Traits.Smallest).Masked()
			if !seen[piece] && r.inRange(piece) {
				seen[piece] = true
				r.world.Attached = append(r.world.Attached, allocator.Allocation{Holder: allocator.Holder{Instance: allocator.Unknown}, Prefix: piece})
			}
		}
	}
}
