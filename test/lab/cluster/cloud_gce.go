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
func (g *GCE) Delete(name string) error {
	if _, runs := g.Sim.Instance(project, zone, name); !runs {
		return nil
	}
	return g.Sim.DeleteInstance(project, zone, name)
}

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

// gceSpace is the supernet of each cluster.
var gceSpace = []netip.Prefix{netip.MustParsePrefix("10.32.0.0/14"), netip.MustParsePrefix("10.4.0.0/14")}

// Network has pods and Services in the same space.
func (*GCE) Network(cluster int) string {
	return fmt.Sprintf("gcp: {project: %s, network: %s, region: %s, subnetworks: [nodes]}\n  supernets: [%s]", project, network, region, gceSpace[cluster])
}

// Services has room for 14 addresses, so that it soon has to grow.
func (*GCE) Services(cluster int) netip.Prefix { return netip.PrefixFrom(gceSpace[cluster].Addr(), 28) }

// Join adds the rules that the docs ask of who administers the VPC: each manager
// opens it for its own cluster.
func (g *GCE) Join() error {
	rule := func(name string, from, to int) error {
		return g.Sim.AddFirewall(gcesim.Firewall{Project: project, Name: name, Network: network, Protocols: []string{"all"},
			Sources: []netip.Prefix{gceSpace[from]}, Destinations: []netip.Prefix{gceSpace[to]}})
	}
	return errors.Join(rule("allow-first-to-second", 0, 1), rule("allow-second-to-first", 1, 0))
}

// Hold delays the calls that change alias ranges.
func (g *GCE) Hold() (release func()) {
	done := make(chan struct{})
	held := g.Sim.Inject(gcesim.Fault{Method: "instances.updateNetworkInterface", Hang: done})
	return func() {
		held.Remove()
		close(done)
	}
}
