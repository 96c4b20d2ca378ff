package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// GCE is Compute Engine.
type GCE struct{ Sim *gcesim.Sim }

// Serve makes a VPC in which everything may talk to the subnet of the machines,
// as the usual default rule lets it.
func (g *GCE) Serve() (string, func(), error) {
	nodes := netip.MustParsePrefix("10.0.0.0/20")
	err := errors.Join(
		g.Sim.AddNetwork(gcesim.Network{Project: project, Name: network}),
		g.Sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: "nodes", Network: network, Primary: nodes}),
		g.Sim.AddFirewall(gcesim.Firewall{Project: project, Name: "allow-nodes", Network: network, Sources: []netip.Prefix{nodes}, Protocols: []string{"all"}}),
	)
	if err != nil {
		return "", nil, err
	}
	return g.Sim.Serve("127.0.0.1:0")
}

// Names are the project and the network.
func (*GCE) Names() (string, string) { return project, network }

// Start runs a VM.
func (g *GCE) Start(name string) (Instance, error) {
	i, err := g.Sim.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: name, Interfaces: []gcesim.Interface{{Subnetwork: "nodes"}}})
	if err != nil {
		return Instance{}, err
	}
	return Instance{name, invariants.ProviderID(i), i.Interfaces[0].IP, zone}, nil
}

// Delete ends a VM.
func (g *GCE) Delete(name string) error { return g.Sim.DeleteInstance(project, zone, name) }

// Assign adds an alias range, out of the secondary range that holds it.
func (g *GCE) Assign(name string, p netip.Prefix) error {
	rangeName := ""
	for _, s := range g.Sim.Subnetworks() {
		for _, r := range s.Secondary {
			if r.Prefix.Contains(p.Addr()) {
				rangeName = r.Name
			}
		}
	}
	return g.Sim.SetAliases(project, zone, name, "nic0", append(g.aliases(name), gcesim.Alias{Prefix: p, RangeName: rangeName})...)
}

// Unassign takes an alias range off.
func (g *GCE) Unassign(name string, p netip.Prefix) error {
	rest := slices.DeleteFunc(g.aliases(name), func(a gcesim.Alias) bool { return a.Prefix == p })
	return g.Sim.SetAliases(project, zone, name, "nic0", rest...)
}

func (g *GCE) aliases(name string) []gcesim.Alias {
	for _, i := range g.Sim.Instances() {
		if i.Name == name {
			return slices.Clone(i.Interfaces[0].Aliases)
		}
	}
	return nil
}

// ManagerFlags have a manager speak to it.
func (*GCE) ManagerFlags(endpoint string) []string {
	return []string{"--gcp-endpoint=" + endpoint, "--gcp-no-auth"}
}

// Network has two pieces of space, of which the first has the Services.
func (*GCE) Network() string {
	return fmt.Sprintf("gcp: {project: %s, network: %s, region: %s, subnetworks: [nodes]}\n  supernets: [10.32.0.0/14]", project, network, region)
}

// Services has room for 14 addresses, so that it soon has to grow.
func (*GCE) Services() netip.Prefix { return netip.MustParsePrefix("10.32.0.0/28") }
