package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

const project, region, network, subnet = "bench", "us-central1", "vpc", "nodes"

type gce struct {
	*gcesim.Sim
	endpoint string
}

func newGCE(s settings) (simulation, error) {
	sim := gcesim.New(gcesim.Config{Projects: []string{project}, Latency: s.latency})
	if err := sim.AddNetwork(gcesim.Network{Project: project, Name: network}); err != nil {
		return nil, err
	}
	err := sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: subnet, Network: network, Primary: netip.MustParsePrefix("10.128.0.0/16")})
	if err != nil {
		return nil, err
	}
	endpoint, _, err := sim.Serve("127.0.0.1:0") // as long as this process lives
	return &gce{sim, endpoint}, err
}

func (g *gce) addMachine(n int) (machine, error) {
	m := machine{name: fmt.Sprintf("node-%04d", n), zone: region + "-" + string("abc"[n%3])}
	i, err := g.AddInstance(gcesim.Instance{Project: project, Zone: m.zone, Name: m.name, Interfaces: []gcesim.Interface{{Subnetwork: subnet}}})
	if err != nil {
		return m, err
	}
	m.ip, m.providerID = i.Interfaces[0].IP.String(), "gce://"+project+"/"+m.zone+"/"+m.name
	return m, nil
}

func (g *gce) removeMachine(m machine) error { return g.DeleteInstance(project, m.zone, m.name) }

func (g *gce) network() v1alpha1.NetworkSpec {
	return v1alpha1.NetworkSpec{GCP: &v1alpha1.GCPNetwork{Project: project, Network: network, Region: region, Subnetworks: []string{subnet}},
		Supernets: []v1alpha1.CIDR{"10.0.0.0/8"}}
}

func (g *gce) open(ctx context.Context) (lb.Balancers, func(), error) {
	_, b, closer, err := gcp.New(ctx, gcp.Config{Project: project, Network: network, Region: region, Subnetworks: []string{subnet},
		Endpoint: g.endpoint, NoAuth: true})
	return b, closer, err
}

func (g *gce) wasRead() bool { return g.CallCounts()["forwardingRules.list"] > 0 }

func (g *gce) lastCall() (last time.Time) {
	for _, c := range g.Calls() {
		if c.Start.After(last) {
			last = c.Start
		}
	}
	return last
}

func (g *gce) pools() (out []int) {
	for _, p := range g.Balancing() {
		if p.Collection == "networkEndpointGroups" || p.Collection == "instanceGroups" {
			out = append(out, len(p.Members))
		}
	}
	return out
}

func (g *gce) holds(m machine) bool {
	return slices.ContainsFunc(g.Balancing(), func(p gcesim.BalancingPart) bool { return slices.Contains(p.Members, m.name) })
}

func (g *gce) left() (out []string) {
	for _, p := range g.Balancing() {
		out = append(out, p.Path)
	}
	for _, f := range g.Firewalls() {
		if strings.HasPrefix(f.Name, "vn-") {
			out = append(out, f.Name)
		}
	}
	return out
}
