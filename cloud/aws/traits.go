package aws

import (
	"context"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// traits: a range is a reservation in its subnet's own block, and a node's
// piece of it is a run of /28 prefixes. The slots for those are few, so a node
// gets as many addresses as it runs pods, and none to spare.
var traits = cloud.Traits{
	Range: "subnet CIDR reservation", Inside: true, Spare: 1, Smallest: delegatedBits, NoServices: true, NoProxies: true, Routes: true,
}

// Blank is a VPC of which nothing is known but the cloud's own rules.
func Blank(subnets []string) cloud.Snapshot {
	b := &books{}
	b.prohibited()
	snap := cloud.Snapshot{Occupied: b.sorted(), Traits: traits}
	for _, id := range subnets {
		snap.Subnets = append(snap.Subnets, cloud.Subnet{Name: id})
	}
	return snap
}

// Limit counts the slots that the instance type leaves the primary interface.
// A bulk listing does not tell the type: that costs a call.
func (v interfaces) Limit(ctx context.Context, i cloud.Interface) (cloud.Limit, error) {
	if i.Machine == "" {
		now, err := v.Get(ctx, i.Instance)
		if err != nil {
			return cloud.Limit{}, err
		}
		i = now
	}
	s, err := v.slotsOf(ctx, i.Machine)
	if err != nil {
		return cloud.Limit{}, err
	}
	return limitOf(i.Machine, s, i.Slots), nil
}

func limitOf(machine string, s slots, taken int) cloud.Limit {
	if !s.nitro {
		return cloud.Limit{Bits: cloud.TakesNone, Remedy: "use an instance type of the Nitro system",
			Why: fmt.Sprintf("instance type %s is not of the Nitro system, and its interfaces take no prefixes", machine)}
	}
	free := max(int(s.addresses)-taken, 0)
	l := cloud.Limit{Bits: largestRun(free), Remedy: "use a larger instance type",
		Why: fmt.Sprintf("an interface of instance type %s has %d slots for addresses and /28 prefixes, and %d of them are taken", machine, s.addresses, taken)}
	if free == 0 {
		l.Remedy = "free slots of the interface, or use a larger instance type"
	}
	return l
}

// largestRun is the length of the largest aligned run of so many /28s.
func largestRun(free int) int {
	if free == 0 {
		return cloud.TakesNone
	}
	return delegatedBits - bits.Len(uint(free)) + 1
}

// associated are the VPC's IPv4 blocks that subnets can be made in, or soon.
func (n network) associated() (out []netip.Prefix, err error) {
	for _, b := range n.blocks {
		p, err := parse(b.cidr)
		if err != nil {
			return nil, err
		}
		if p.Addr().Is4() && (b.state == "associated" || b.state == "associating") {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return out, nil
}
