package node

import (
	"context"
	"fmt"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// readInterfaces lists the interfaces of all instances of every Network. The
// Networks of one VPC are read together or not at all (I8): what one of them
// shows may lie in the ranges of another. A VPC that cannot be read holds up
// no other: its pools that are not open stay closed, and its Nodes say why;
// those that are open go on as they are known.
func (c *Controller) readInterfaces(ctx context.Context, r *reading, instances map[string]allocator.Allocation) {
	failed := map[cloud.Place]error{}
	for name, vpc := range r.catalog.vpcs {
		if err := r.readNetwork(ctx, name, vpc, instances); err != nil {
			r.catalog.failures[name] = fmt.Errorf("listing the interfaces of Network %s: %w", name, err)
			failed[vpc.Place] = r.catalog.failures[name]
		}
	}
	for name, vpc := range r.catalog.vpcs {
		if err := failed[vpc.Place]; err != nil && r.catalog.failures[name] == nil {
			r.catalog.failures[name] = fmt.Errorf("another Network of its VPC cannot be read: %w", err)
		}
	}
	if len(r.catalog.failures) > 0 {
		c.keepUnread(r)
		c.Metrics.refused("RestoreIncomplete")
	}
}

// keepUnread leaves of the ranges whose VPC could not be read those that are
// open, as far as they still are granted, with what instances were last seen
// to carry of them, and the VPCs that have such ranges.
func (c *Controller) keepUnread(r *reading) {
	open := map[allocator.Key]bool{}
	serves := map[string]bool{} // Networks that could not be read
	var kept []allocator.Definition
	for _, d := range r.catalog.definitions {
		network := ""
		if q := r.catalog.request(d.Key.Request); q != nil {
			network = q.NetworkName()
		}
		_, there := r.catalog.vpcs[network]
		if there && r.catalog.failures[network] == nil {
			kept = append(kept, d)
			continue
		}
		known := c.allocator.Ranges(d.Key)
		d.Ranges = slices.DeleteFunc(slices.Clone(d.Ranges), func(x allocator.Range) bool {
			return !slices.ContainsFunc(known, func(y allocator.Range) bool { return y.Prefix == x.Prefix })
		})
		if len(d.Ranges) > 0 {
			kept, open[d.Key], serves[network] = append(kept, d), true, true
		}
	}
	r.catalog.definitions = kept
	had := c.findings.catalog()
	for name := range r.catalog.failures {
		if !serves[name] {
			delete(r.catalog.vpcs, name)
		} else if _, opened := r.catalog.vpcs[name]; !opened && had != nil && had.vpcs[name].Interfaces != nil {
			r.catalog.vpcs[name] = had.vpcs[name]
		}
	}
	for _, h := range c.allocator.Instances() {
		if open[h.Key] {
			r.world.Attached = append(r.world.Attached, allocator.Allocation{Holder: h.Holder, Prefix: h.Prefix, InstanceUID: h.InstanceUID})
		}
	}
}
