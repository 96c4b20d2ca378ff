package main

import (
	"errors"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// The cloud of the demo, and waits short enough to watch.
const (
	project     = "demo"
	network     = "vpc"
	region      = "us-central1"
	namespace   = "vpcnative-system"
	latency     = 300 * time.Millisecond
	quarantine  = 4 * time.Second
	detachGrace = 2 * time.Second
)

// simulate makes a VPC that others use too: a third subnet with a secondary
// range, and a route to an office.
func (s *stage) simulate() error {
	s.sim = gcesim.New(gcesim.Config{Projects: []string{project}, Latency: latency})
	subnet := func(name, primary string, secondary ...gcesim.SecondaryRange) error {
		return s.sim.AddSubnetwork(gcesim.Subnetwork{
			Project: project, Region: region, Name: name, Network: network, Primary: netip.MustParsePrefix(primary), Secondary: secondary})
	}
	err := errors.Join(
		s.sim.AddNetwork(gcesim.Network{Project: project, Name: network}),
		subnet(s.east.subnet, "10.0.0.0/20"),
		subnet(s.west.subnet, "10.0.36.0/22"),
		subnet("databases", "10.0.32.0/22", gcesim.SecondaryRange{Name: "backup", Prefix: netip.MustParsePrefix("10.1.0.0/18")}),
		s.sim.AddRoute(gcesim.Route{
			Project: project, Name: "to-the-office", Network: network, Dest: netip.MustParsePrefix("10.0.16.0/21"),
			NextHopIP: netip.MustParseAddr("10.0.0.2")}),
	)
	if err != nil {
		return err
	}
	s.endpoint, s.stopSim, err = s.sim.Serve("127.0.0.1:0")
	return err
}
