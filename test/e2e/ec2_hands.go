package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

func (e *EC2) Carry(machine string, prefixes ...netip.Prefix) error {
	i, ok := e.sim.Instance(e.ID(machine))
	if !ok {
		return fmt.Errorf("there is no instance %s", machine)
	}
	nic := i.Interfaces[0]
	if len(nic.IPv6) > 0 {
		if err := e.sim.UnassignIPv6(nic.ID); err != nil {
			return err
		}
	}
	led, err := e.unlead(nic.ID, prefixes)
	if err != nil {
		return err
	}
	var want []netip.Prefix
	for _, p := range prefixes {
		if !slices.Contains(led, p) {
			want = append(want, slots(p)...)
		}
	}
	in := func(list []netip.Prefix) func(netip.Prefix) bool {
		return func(p netip.Prefix) bool { return slices.Contains(list, p) }
	}
	if gone := slices.DeleteFunc(slices.Clone(nic.Prefixes), in(want)); len(gone) > 0 {
		if err := e.sim.Unassign(nic.ID, gone...); err != nil {
			return err
		}
	}
	if come := slices.DeleteFunc(want, in(nic.Prefixes)); len(come) > 0 {
		return e.sim.Assign(nic.ID, come...)
	}
	return nil
}

// slots are the /28 that make up a prefix.
func slots(p netip.Prefix) (out []netip.Prefix) {
	for a := p.Addr(); p.Contains(a); {
		out = append(out, netip.PrefixFrom(a, 28))
		for range 16 {
			a = a.Next()
		}
	}
	return out
}

// GiveIPv6 gives a subnet the next /64 of the VPC.
func (e *EC2) GiveIPv6(name string) error {
	_, err := e.sim.AddIPv6(e.subnets[name].id)
	return err
}

// SetRanges leaves those alone that are as they should be: another reservation
// has another ID.
func (e *EC2) SetRanges(name string, keepOurs bool, ranges ...invariants.Range) error {
	id := e.subnets[name].id
	left := slices.Clone(ranges)
	for _, r := range e.sim.Reservations(id) {
		is := invariants.EC2Range(r)
		at := slices.IndexFunc(left, func(x invariants.Range) bool { return x.Name == is.Name && x.Prefix == is.Prefix })
		switch {
		case at >= 0:
			left = slices.Delete(left, at, at+1)
		case is.Ours && keepOurs:
		default:
			if err := e.sim.DeleteReservation(r.ID); err != nil {
				return err
			}
		}
	}
	for _, r := range left {
		one := awssim.Reservation{Subnet: id, Prefix: r.Prefix, Tags: map[string]string{"Name": r.Name}}
		if strings.HasPrefix(r.Name, "vn-") { // of another cluster
			one.Description = r.Name
		}
		if _, err := e.sim.AddReservation(one); err != nil {
			return err
		}
	}
	return nil
}

// Occupy gives an address of a subnet to an interface of a service of AWS, and
// Vacate ends that one.
func (e *EC2) Occupy(subnet string, a netip.Addr) (id string, err error) {
	return e.sim.AddInterface(awssim.Interface{Subnet: e.subnets[subnet].id, IP: a, Description: "ELB net/theirs"})
}

func (e *EC2) Vacate(id string) error { return e.sim.DeleteInterface(id) }
