package gcesim

import (
	"net/netip"
	"path"
	"sort"
)

// Instances is every VM of every project, in order of project, zone and name.
func (s *Sim) Instances() []Instance {
	s.mu.Lock()
	s.settle()
	type placed struct {
		in shelfKey
		i  *instance
	}
	var all []placed
	s.instances.all(func(in shelfKey, i *instance) { all = append(all, placed{in, i}) })
	s.mu.Unlock()
	out := make([]Instance, 0, len(all))
	for _, p := range all {
		out = append(out, p.i.public(p.in.project, p.in.scope.name))
	}
	sort.Slice(out, func(a, b int) bool { return out[a].SelfLink < out[b].SelfLink })
	return out
}

// Instance is one VM.
func (s *Sim) Instance(project, zone, name string) (Instance, bool) {
	defer s.lock()()
	i, ok := s.instances.get(project, scope{"zones", zone}, name)
	if !ok {
		return Instance{}, false
	}
	return i.public(project, zone), true
}

// Subnetworks is every subnetwork, in order of project, region and name.
func (s *Sim) Subnetworks() []Subnetwork {
	defer s.lock()()
	var out []Subnetwork
	s.subnetworks.all(func(in shelfKey, sub *subnetwork) {
		one := Subnetwork{
			Project: in.project, Region: in.scope.name, Name: sub.Name, Network: sub.Network,
			Primary: sub.primary(), Purpose: sub.Purpose, Role: sub.Role, Description: sub.Description, AllowRouteOverlap: sub.AllowSubnetCidrRoutesOver,
			Fingerprint: sub.Fingerprint, SelfLink: sub.SelfLink, IPv6Access: sub.IPv6AccessType,
		}
		one.IPv6, _ = sub.ipv6()
		for _, r := range sub.SecondaryIPRanges {
			one.Secondary = append(one.Secondary, SecondaryRange{r.RangeName, mustPrefix(r.IPCidrRange)})
		}
		out = append(out, one)
	})
	sort.Slice(out, func(a, b int) bool { return out[a].SelfLink < out[b].SelfLink })
	return out
}

// PendingOperations counts the operations that are not DONE.
func (s *Sim) PendingOperations() int {
	defer s.lock()()
	return len(s.doneAt)
}

func (i *instance) public(project, zone string) Instance {
	out := Instance{
		Project: project, Zone: zone, Name: i.Name, ID: i.ID, Status: i.Status, SelfLink: i.SelfLink,
		CanIPForward: i.CanIPForward, Labels: i.Labels,
	}
	for _, nic := range i.NetworkInterfaces {
		one := Interface{Name: nic.Name, Network: nic.Network, Subnetwork: nic.Subnetwork, Fingerprint: nic.Fingerprint, StackType: nic.StackType}
		one.IPv6, _ = nic.ipv6()
		one.IP, _ = netip.ParseAddr(nic.NetworkIP)
		for _, a := range nic.AliasIPRanges {
			one.Aliases = append(one.Aliases, Alias{mustPrefix(a.IPCidrRange), a.SubnetworkRangeName})
		}
		out.Interfaces = append(out.Interfaces, one)
	}
	return out
}

func (n Interface) wire(region string) networkInterface {
	out := networkInterface{Network: n.Network, Subnetwork: n.Subnetwork, AliasIPRanges: wireAliases(n.Aliases)}
	if n.IP.IsValid() {
		out.NetworkIP = n.IP.String()
	}
	if n.Subnetwork != "" && path.Base(n.Subnetwork) == n.Subnetwork {
		out.Subnetwork = "regions/" + region + "/subnetworks/" + n.Subnetwork
	}
	return out
}

func wireAliases(aliases []Alias) []aliasRange {
	var out []aliasRange
	for _, a := range aliases {
		out = append(out, aliasRange{a.Prefix.String(), a.RangeName})
	}
	return out
}
