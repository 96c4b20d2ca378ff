package aws

import (
	"context"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// traits: a range is a reservation in its subnet's own block, and a node's
// CIDR out of it is a run of /28 prefixes. The slots for those are few, so a node
// gets as many addresses as it runs pods, and none to spare.
var traits = cloud.Traits{
	Range: "subnet CIDR reservation", Inside: true, Spare: 1, Smallest: delegatedBits, Grows: true, NoServices: true, NoProxies: true, Routes: true,
}

// Blank is a VPC of which nothing is known but the cloud's own rules.
func Blank(subnets []string) cloud.Snapshot {
	b := &occupancy{}
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
	return limitOf(i, s), nil
}

func limitOf(i cloud.Interface, s slots) cloud.Limit {
	if !s.nitro {
		return cloud.Limit{Bits: cloud.TakesNone, Remedy: "use an instance type of the Nitro system",
			Why: fmt.Sprintf("instance type %s is not of the Nitro system, and its interfaces take no prefixes", i.Machine)}
	}
	free := max(int(s.addresses)-i.Slots, 0)
	l := cloud.Limit{Bits: largestRun(free), Pieces: free, Remedy: largerType(i, s),
		Why: fmt.Sprintf("an interface of instance type %s has %d slots for addresses and /28 prefixes, and %d of them are taken", i.Machine, s.addresses, i.Slots)}
	if then := largestRun(free + len(i.Singles)); then < l.Bits {
		l.Remedy = unassign(i) + fmt.Sprintf(", after which it takes up to a /%d", then)
	}
	return l
}

// largerType is the remedy where nothing but prefixes and the interface's own
// address fill the slots.
func largerType(i cloud.Interface, s slots) string {
	if len(i.Attachments) > 0 && int(s.addresses) <= i.Slots {
		return "use a larger instance type, or remove prefixes of interface " + i.Version + " that nothing uses"
	}
	return "use a larger instance type"
}

// unassign is the remedy where single addresses hold slots: whose they are, EC2
// does not say.
func unassign(i cloud.Interface) string {
	const shown = 10
	var list []string
	for _, a := range i.Singles {
		list = append(list, a.String())
	}
	addresses, more := list, ""
	if len(list) > shown {
		addresses, more = list[:shown], fmt.Sprintf(" and %d more", len(list)-shown)
	}
	return fmt.Sprintf("unassign the secondary addresses of interface %s, which hold %d of its slots, once nothing uses them (a CNI such as aws-node, or a person, put %s%s there)",
		i.Version, len(list), strings.Join(addresses, ", "), more)
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
