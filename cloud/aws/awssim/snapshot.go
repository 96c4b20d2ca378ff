package awssim

import (
	"maps"
	"net/netip"
	"slices"
)

// Reservation is a subnet CIDR reservation.
type Reservation struct {
	ID, Subnet  string
	Prefix      netip.Prefix
	Type        string // "explicit" where empty
	Description string
	Tags        map[string]string
}

// Interface is a network interface.
type Interface struct {
	ID, Subnet string
	// IP is the primary address; AWS chooses one where it is not valid.
	IP        netip.Addr
	Secondary []netip.Addr
	Prefixes  []netip.Prefix
	// IPv6 are its IPv6 prefixes, SourceDestCheck its check: they are only read.
	IPv6            []netip.Prefix
	SourceDestCheck bool
	// Description marks one that a service of AWS made.
	Description string
	// Kept: it outlives its instance.
	Kept bool
}

// Instance is a machine.
type Instance struct {
	ID    string
	Type  string // m6i.large where empty
	Zone  string
	State string
	Tags  map[string]string
	// Interfaces begins with the primary one.
	Interfaces []Interface
}

// Instances is every instance that is not terminated, in order of IDs.
func (s *Sim) Instances() (out []Instance) {
	s.locked(func() {
		for _, vm := range s.instances.all() {
			if vm.State != terminated {
				out = append(out, s.public(vm))
			}
		}
	})
	return out
}

// Instance is one instance; ok is false for one that is terminated.
func (s *Sim) Instance(id string) (out Instance, ok bool) {
	s.locked(func() {
		var vm *instance
		if vm, ok = s.instances.items[id]; ok {
			out, ok = s.public(vm), vm.State != terminated
		}
	})
	return out, ok
}

// Interfaces is every interface, in order of IDs.
func (s *Sim) Interfaces() (out []Interface) {
	s.locked(func() {
		for _, i := range s.interfaces.all() {
			out = append(out, i.public())
		}
	})
	return out
}

// Subnet is one as it was made.
type Subnet struct {
	ID, Zone string
	Prefix   netip.Prefix
	Tags     map[string]string
}

// Subnets are those of a VPC, in order of IDs.
func (s *Sim) Subnets(vpcID string) (out []Subnet) {
	s.locked(func() {
		for _, n := range s.subnets.all() {
			if n.VpcID != vpcID {
				continue
			}
			one := Subnet{ID: n.ID, Zone: n.AvailabilityZone, Prefix: n.prefix(), Tags: map[string]string{}}
			for _, x := range n.Tags {
				one.Tags[x.Key] = x.Value
			}
			out = append(out, one)
		}
	})
	return out
}

// Reservations are those of a subnet, in order of IDs.
func (s *Sim) Reservations(subnet string) (out []Reservation) {
	s.locked(func() {
		for _, r := range s.reservedIn(subnet) {
			one := Reservation{ID: r.ID, Subnet: r.SubnetID, Prefix: r.prefix(), Type: r.Type, Description: r.Description, Tags: map[string]string{}}
			for _, x := range r.Tags {
				one.Tags[x.Key] = x.Value
			}
			out = append(out, one)
		}
	})
	return out
}

func (s *Sim) public(vm *instance) Instance {
	out := Instance{ID: vm.ID, Type: vm.Type, Zone: vm.Zone, State: vm.State.Name, Tags: map[string]string{}}
	for _, x := range vm.Tags {
		out.Tags[x.Key] = x.Value
	}
	for _, i := range s.cards(vm.ID) {
		out.Interfaces = append(out.Interfaces, i.public())
	}
	return out
}

func (i *networkInterface) public() Interface {
	out := Interface{SourceDestCheck: i.SourceDestCheck, ID: i.ID, Subnet: i.SubnetID, IP: netip.MustParseAddr(i.PrivateIP), Description: i.Description,
		Kept: i.Attachment != nil && !i.Attachment.DeleteOnTermination}
	for _, a := range i.Addresses {
		if !a.Primary {
			out.Secondary = append(out.Secondary, netip.MustParseAddr(a.IP))
		}
	}
	for _, p := range i.Prefixes {
		out.Prefixes = append(out.Prefixes, netip.MustParsePrefix(p.Prefix))
	}
	for _, p := range i.IPv6Prefixes {
		out.IPv6 = append(out.IPv6, netip.MustParsePrefix(p.Prefix))
	}
	return out
}

func tagsOf(m map[string]string) (out tags) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, tag{key, m[key]})
	}
	return out
}
