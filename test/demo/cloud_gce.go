package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

const (
	project = "demo"
	network = "vpc"
	region  = "us-central1"
)

// gce is Compute Engine.
type gce struct{ sim *gcesim.Sim }

func newGCE() *gce {
	return &gce{gcesim.New(gcesim.Config{Projects: []string{project}, Latency: latency})}
}

func (*gce) words() words {
	return words{
		dir: "gcp", cloud: "Compute Engine", about: fmt.Sprintf("each operation takes %s", latency),
		ranged: "secondary range", piece: "alias range", refusal: "400 invalid", spare: 2,
		services: "10.0.40.0/28", east: "nodes", west: "nodes-west", firewall: true,
	}
}

// serve makes a VPC with a third subnet that has a secondary range, and a
// route to an office.
func (g *gce) serve() (string, func(), error) {
	subnet := func(name, primary string, secondary ...gcesim.SecondaryRange) error {
		return g.sim.AddSubnetwork(gcesim.Subnetwork{
			Project: project, Region: region, Name: name, Network: network, Primary: netip.MustParsePrefix(primary), Secondary: secondary})
	}
	err := errors.Join(
		g.sim.AddNetwork(gcesim.Network{Project: project, Name: network}),
		subnet("nodes", "10.0.0.0/20"),
		subnet("nodes-west", "10.0.36.0/22"),
		subnet("databases", "10.0.32.0/22", gcesim.SecondaryRange{Name: "backup", Prefix: netip.MustParsePrefix("10.1.0.0/18")}),
		g.sim.AddRoute(gcesim.Route{
			Project: project, Name: "to-the-office", Network: network, Dest: netip.MustParsePrefix("10.0.16.0/21"),
			NextHopIP: netip.MustParseAddr("10.0.0.2")}),
	)
	if err != nil {
		return "", nil, err
	}
	return g.sim.Serve("127.0.0.1:0")
}

func (*gce) flags(endpoint string) []string {
	return []string{"--gcp-endpoint=" + endpoint, "--gcp-no-auth"}
}

func (*gce) query(endpoint string) string {
	return fmt.Sprintf("curl -s %s/compute/v1/projects/%s/aggregated/subnetworks", endpoint, project)
}

func (*gce) network(subnet string) []any { return []any{subnet} }

// zone spreads the VMs.
func (*gce) zone(m member) string { return region + "-" + []string{"a", "b", "c"}[m.number%3] }

func (g *gce) start(subnet string, m member) (started, error) {
	i, err := g.sim.AddInstance(gcesim.Instance{
		Project: project, Zone: g.zone(m), Name: m.name, Interfaces: []gcesim.Interface{{Subnetwork: subnet}}})
	if err != nil {
		return started{}, err
	}
	return started{invariants.ProviderID(i), i.Interfaces[0].IP}, nil
}

func (g *gce) delete(m member) error { return g.sim.DeleteInstance(project, g.zone(m), m.name) }

func (g *gce) machines() (out []machine) {
	all := g.sim.Instances()
	for i, m := range invariants.Machines(all) {
		out = append(out, machine{m, all[i].Zone, all[i].Interfaces[0].Subnetwork})
	}
	return out
}

func (g *gce) subnets() []invariants.Subnet { return invariants.Subnets(g.sim.Subnetworks()) }

func (g *gce) rules() (out []rule) {
	sources := map[string][]netip.Prefix{}
	all := g.sim.Firewalls()
	for _, f := range all {
		sources[f.Name] = f.Sources
	}
	for _, r := range invariants.Rules(all) {
		out = append(out, rule{r, sources[r.Name]})
	}
	return out
}

func (g *gce) parts() []invariants.Part {
	return invariants.Parts(g.sim.Balancing(), g.sim.Firewalls())
}

func (*gce) label(subnet string) string { return subnet }

func (*gce) balances(method string) bool {
	resource, _, _ := strings.Cut(method, ".")
	return slices.Contains([]string{
		"addresses", "forwardingRules", "regionBackendServices", "regionHealthChecks", "networkEndpointGroups", "instanceGroups", "firewalls",
	}, resource)
}

func (g *gce) calls() (out []call) {
	for _, c := range g.sim.Calls() {
		x := call{method: c.Method, on: c.Resource, changes: c.Mutating}
		if strings.HasPrefix(c.Method, "firewalls.") {
			x.on = network // a rule's name is long
		}
		if c.Status >= 400 && c.Status != 404 {
			x.refused = fmt.Sprintf("%d %s", c.Status, c.Reason)
		}
		out = append(out, x)
	}
	return out
}
