package invariants

import (
	"fmt"
	"net/netip"
	"path"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// named tells whether a name on Compute Engine is of our making.
func named(name string) bool { return strings.HasPrefix(name, "vn-") }

// ProviderID is how a Node names its instance.
func ProviderID(i gcesim.Instance) string {
	return fmt.Sprintf("gce://%s/%s/%s", i.Project, i.Zone, i.Name)
}

// delegated is the pods' part of the first interface's own IPv6 range: the
// first /112 of its /96.
func delegated(i gcesim.Instance) []netip.Prefix {
	if len(i.Interfaces) == 0 || !i.Interfaces[0].IPv6.IsValid() {
		return nil
	}
	return []netip.Prefix{netip.PrefixFrom(i.Interfaces[0].IPv6.Addr(), 112)}
}

// Machines are Compute Engine's instances.
func Machines(instances []gcesim.Instance) (out []Machine) {
	for _, i := range instances {
		out = append(out, machine(i))
	}
	return out
}

func machine(i gcesim.Instance) Machine {
	m := Machine{Name: i.Name, ProviderID: ProviderID(i), Own: delegated(i)}
	if len(i.Interfaces) > 0 {
		m.Subnet = path.Base(i.Interfaces[0].Subnetwork)
	}
	if len(i.Interfaces) > 0 {
		m.IP = i.Interfaces[0].IP
	}
	for _, nic := range i.Interfaces {
		for _, a := range nic.Aliases {
			m.Carried = append(m.Carried, Piece{Prefix: a.Prefix, Range: a.RangeName, Ours: named(a.RangeName)})
		}
	}
	return m
}

// Subnets are Compute Engine's, with their secondary ranges.
func Subnets(all []gcesim.Subnetwork) (out []Subnet) {
	for _, s := range all {
		one := Subnet{Name: s.Name, Primary: s.Primary, Ours: named(s.Name)}
		for _, r := range s.Secondary {
			one.Ranges = append(one.Ranges, Range{Name: r.Name, Prefix: r.Prefix, Ours: named(r.Name)})
		}
		out = append(out, one)
	}
	return out
}

// Rules are Compute Engine's firewall rules, but those of load balancers.
func Rules(all []gcesim.Firewall) (out []Rule) {
	for _, f := range all {
		if o, ok := cloud.ParseDescription(f.Description); ok && ofBalancer(o) {
			continue
		}
		out = append(out, Rule{Network: f.Network, Name: f.Name, Ours: named(f.Name)})
	}
	return out
}
