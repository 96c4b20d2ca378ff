package main

import (
	"embed"
	"fmt"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/test/invariants"
)

// Waits short enough to watch.
const (
	namespace   = "vpcnative-system"
	latency     = 300 * time.Millisecond
	quarantine  = 4 * time.Second
	detachGrace = 2 * time.Second
	orphanGrace = 2 * time.Second
)

// clouds are those that the demo can play on, by their names in --cloud.
var clouds = map[string]func() simulated{
	"gcp": func() simulated { return newGCE() },
	"aws": func() simulated { return newEC2() },
}

// simulated is an in-memory cloud with one VPC in it, which others use too.
type simulated interface {
	words() words
	// serve makes the VPC and answers at an endpoint.
	serve() (endpoint string, stop func(), err error)
	// flags have a manager speak to it, query is how a person may.
	flags(endpoint string) []string
	query(endpoint string) string
	// network is what a Network's YAML lacks for nodes in a subnet.
	network(subnet string) []any

	// start has a VM run, and delete ends it.
	start(subnet string, m member) (started, error)
	delete(m member) error

	machines() []machine
	subnets() []invariants.Subnet
	rules() []rule
	// parts are what load balancers are made of, but for those rules; balances
	// tells of a method of the API whether it is about them.
	parts() []invariants.Part
	// label is what people call a subnet.
	label(subnet string) string
	balances(method string) bool
	// calls are what it was asked for so far.
	calls() []call
}

// words are what differs in what is said, and in sizes.
type words struct {
	dir   string // of the YAML
	cloud string
	about string // more of it
	// ranged is what a range is in the VPC, piece a node's part of it.
	ranged, piece string
	// refusal is how a change shows that came too late.
	refusal string
	// spare is how many addresses a node gets for each of its max pods.
	spare int
	// services is --service-cluster-ip-range of the first cluster: 14
	// addresses, so that it is soon full.
	services string
	// east and west are the subnets of the clusters' nodes.
	east, west string
	// firewall tells that the VPC has rules that a manager can keep.
	firewall bool
}

// started is what a Node says of its machine.
type started struct {
	providerID string
	ip         netip.Addr
}

// machine is a VM.
type machine struct {
	invariants.Machine
	zone, subnet string
}

func (m machine) carried() (out []netip.Prefix) {
	for _, p := range m.Carried {
		out = append(out, p.Prefix)
	}
	return out
}

func plain(all []machine) (out []invariants.Machine) {
	for _, m := range all {
		out = append(out, m.Machine)
	}
	return out
}

// rule is a firewall rule.
type rule struct {
	invariants.Rule
	sources []netip.Prefix
}

func bare(all []rule) (out []invariants.Rule) {
	for _, r := range all {
		out = append(out, r.Rule)
	}
	return out
}

// call is one call of the cloud's API.
type call struct {
	method, on string
	refused    string // status and reason, where it was
	changes    bool
}

// simulate has the cloud run.
func (s *stage) simulate() (err error) {
	s.endpoint, s.stopSim, err = s.cloud.serve()
	return err
}

// documents are what a person writes: a directory for each cloud, and one for
// what is the same on both.
//
//go:embed gcp/*.yaml aws/*.yaml both/*.yaml
var documents embed.FS

// yaml is one of them.
func (s *stage) yaml(name string) string {
	text, err := documents.ReadFile(s.words.dir + "/" + name + ".yaml")
	if err != nil {
		text, err = documents.ReadFile("both/" + name + ".yaml")
	}
	if err != nil {
		panic(err) // it was left out of the directory
	}
	return string(text)
}

// network is the YAML of a cluster's Network.
func (s *stage) network(c *cluster) string {
	return fmt.Sprintf(s.yaml("network"), s.cloud.network(c.subnet)...)
}
