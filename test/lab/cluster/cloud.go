package cluster

import (
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// Cloud is a simulated cloud with one VPC in it, and the machines' subnet.
type Cloud interface {
	// Serve makes the VPC and answers at an endpoint.
	Serve() (endpoint string, stop func(), err error)
	// Names are a project, where there are such, and a network.
	Names() (project, network string)
	// Start has an instance run; Delete ends it, if it still runs.
	Start(name string) (Instance, error)
	Delete(name string) error
	// Assign and Unassign change an instance's ranges by hand.
	Assign(name string, p netip.Prefix) error
	Unassign(name string, p netip.Prefix) error
	// Hold has whatever attaches a range to an instance take until release.
	Hold() (release func())
	// Join lets the machines and pods of the first two clusters talk.
	Join() error
	// ManagerFlags have a manager speak to it; Network is what a Network's spec
	// says of it, in YAML. Clusters are counted from 0, and each has a space of
	// its own.
	ManagerFlags(endpoint string) []string
	Network(cluster int) string
	// Services is the first range of Services, inside of the space.
	Services(cluster int) netip.Prefix
}

// Instance is one that runs.
type Instance struct {
	ID         string // as the fabric names it
	ProviderID string
	Address    netip.Addr
	Zone       string
}

// Clouds are those that a lab can be in. What operations take is given, and who
// knows whether a member answers a load balancer's checks.
var Clouds = map[string]func(latency time.Duration, answers func(service, member string) bool) Cloud{
	"gcp": func(latency time.Duration, answers func(string, string) bool) Cloud {
		return &GCE{Sim: gcesim.New(gcesim.Config{Projects: []string{project}, Latency: latency, Answers: answers})}
	},
	"aws": func(latency time.Duration, answers func(string, string) bool) Cloud {
		return &EC2{Sim: awssim.New(awssim.Config{Latency: latency, Answers: answers}), ids: map[string]string{}}
	},
}

// What is named where names are free.
const (
	project = "lab"
	network = "vpc"
	region  = "us-central1"
	zone    = region + "-a"
)
