package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

const (
	project = "bench"
	region  = "europe-west1"
	zone    = region + "-b"
	network = "vpc"
	subnet  = "nodes"
)

// primary is the subnet that the instances live in, apart from clusterCIDR.
var primary = netip.MustParsePrefix("172.16.0.0/15")

// simulation is the cloud that every contender runs beside, whether or not it
// has a use for it: an instance for each Node, and an API on loopback.
type simulation struct {
	*gcesim.Sim
	endpoint string
	stop     func()
}

func simulate() (*simulation, error) {
	s := &simulation{Sim: gcesim.New(gcesim.Config{Projects: []string{project}})}
	if err := s.AddNetwork(gcesim.Network{Project: project, Name: network}); err != nil {
		return nil, fmt.Errorf("simulating a network: %w", err)
	}
	err := s.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: subnet, Network: network, Primary: primary})
	if err != nil {
		return nil, fmt.Errorf("simulating a subnetwork: %w", err)
	}
	if s.endpoint, s.stop, err = s.Serve("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("serving the simulated cloud: %w", err)
	}
	return s, nil
}

// addInstance makes the machine that a Node of that name runs on.
func (s *simulation) addInstance(name string) error {
	_, err := s.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: name,
		Interfaces: []gcesim.Interface{{Name: "nic0", Subnetwork: subnet}}})
	if err != nil {
		return fmt.Errorf("adding instance %s: %w", name, err)
	}
	return nil
}

func (s *simulation) deleteInstances() error {
	for _, i := range s.Instances() {
		if err := s.DeleteInstance(i.Project, i.Zone, i.Name); err != nil {
			return fmt.Errorf("removing instance %s: %w", i.Name, err)
		}
	}
	return nil
}

// begin forgets the calls so far and sets how long operations take from now.
func (s *simulation) begin(latency time.Duration) {
	s.SetLatency("", latency)
	s.ResetCalls()
}

// firstCall is when the first call since begin came in; zero before that.
func (s *simulation) firstCall() (first time.Time) {
	for _, c := range s.Calls() { // these are in the order of their ends
		if first.IsZero() || c.Start.Before(first) {
			first = c.Start
		}
	}
	return first
}

func (s *simulation) countCalls() int {
	sum := 0
	for _, n := range s.CallCounts() {
		sum += n
	}
	return sum
}

// confirm checks that each instance has on its interface what its Node
// publishes, and nothing else (I2).
func (s *simulation) confirm(_ context.Context, o *observer) error {
	carried := map[string][]gcesim.Alias{}
	for _, i := range s.Instances() {
		carried[i.Name] = i.Interfaces[0].Aliases
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, node := range o.nodes {
		aliases := carried[name]
		if len(aliases) != 1 || len(node.podCIDRs) != 1 || aliases[0].Prefix != node.podCIDRs[0] {
			return fmt.Errorf("invariant I2 is broken: Node %s publishes %v and its instance carries %v", name, node.podCIDRs, aliases)
		}
	}
	return nil
}
