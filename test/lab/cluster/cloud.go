package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// Cloud is a simulated cloud with one VPC in it, and the machines' subnet.
type Cloud interface {
	// Serve makes the VPC and answers at an endpoint.
	Serve() (endpoint string, stop func(), err error)
	// Names are a project, where there are such, and a network.
	Names() (project, network string)
	// Start has an instance run; Delete ends it.
	Start(name string) (Instance, error)
	Delete(name string) error
	// Assign and Unassign change an instance's ranges by hand.
	Assign(name string, p netip.Prefix) error
	Unassign(name string, p netip.Prefix) error
	// ManagerFlags have a manager speak to it; Network is what a Network's spec
	// says of it, in YAML.
	ManagerFlags(endpoint string) []string
	Network() string
	// Services is the first range of Services, inside of the space.
	Services() netip.Prefix
}

// Instance is one that runs.
type Instance struct {
	ID         string // as the fabric names it
	ProviderID string
	Address    netip.Addr
	Zone       string
}

// Clouds are those that a lab can be in. What operations take is given, and who
// knows whether an instance answers a load balancer's checks.
var Clouds = map[string]func(latency time.Duration, answers func(service, instance string) bool) Cloud{
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

// EC2 is EC2 with its load balancers.
type EC2 struct {
	Sim         *awssim.Sim
	vpc, subnet string

	mu  sync.Mutex
	ids map[string]string // of instances, by name
}

// Serve makes a VPC with a subnet for machines and one for public load balancers.
func (e *EC2) Serve() (string, func(), error) {
	vpc, err := e.Sim.AddVPC(netip.MustParsePrefix("10.0.0.0/16"))
	if err != nil {
		return "", nil, err
	}
	e.vpc = vpc
	gateway, err := e.Sim.AddInternetGateway(e.vpc)
	if err != nil {
		return "", nil, err
	}
	if err := e.Sim.AddRoute(e.vpc, netip.MustParsePrefix("0.0.0.0/0"), gateway); err != nil {
		return "", nil, err
	}
	if e.subnet, err = e.Sim.AddSubnet(e.vpc, netip.MustParsePrefix("10.0.0.0/17"), "eu-west-1a"); err != nil {
		return "", nil, err
	}
	public, err := e.Sim.AddSubnet(e.vpc, netip.MustParsePrefix("10.0.144.0/24"), "eu-west-1a")
	if err != nil {
		return "", nil, err
	}
	err = errors.Join(e.Sim.Tag(e.subnet, "kubernetes.io/role/internal-elb", "1"), e.Sim.Tag(public, "kubernetes.io/role/elb", "1"))
	if err != nil {
		return "", nil, err
	}
	return e.Sim.Serve("127.0.0.1:0")
}

// Names are the VPC: there are no projects.
func (e *EC2) Names() (string, string) { return "", e.vpc }

// Start runs an instance of a type with slots for many prefixes.
func (e *EC2) Start(name string) (Instance, error) {
	i, err := e.Sim.AddInstance(awssim.Instance{Type: "m5.4xlarge", Tags: map[string]string{"Name": name}, Interfaces: []awssim.Interface{{Subnet: e.subnet}}})
	if err != nil {
		return Instance{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ids[name] = i.ID
	return Instance{i.ID, invariants.EC2Machine(i, nil).ProviderID, i.Interfaces[0].IP, i.Zone}, nil
}

// Delete terminates an instance.
func (e *EC2) Delete(name string) error {
	e.mu.Lock()
	id := e.ids[name]
	e.mu.Unlock()
	return e.Sim.TerminateInstance(id)
}

// Assign and Unassign change the prefixes of the first interface.
func (e *EC2) Assign(name string, p netip.Prefix) error {
	return e.Sim.Assign(e.nic(name), blocks(p)...)
}

// Unassign takes prefixes off.
func (e *EC2) Unassign(name string, p netip.Prefix) error {
	return e.Sim.Unassign(e.nic(name), blocks(p)...)
}

// blocks are the /28s that a range is made of.
func blocks(p netip.Prefix) (out []netip.Prefix) {
	for a := p.Addr(); p.Contains(a); {
		out = append(out, netip.PrefixFrom(a, 28))
		for range 16 {
			a = a.Next()
		}
	}
	return out
}

func (e *EC2) nic(name string) string {
	e.mu.Lock()
	id := e.ids[name]
	e.mu.Unlock()
	i, ok := e.Sim.Instance(id)
	if !ok {
		return ""
	}
	return i.Interfaces[0].ID
}

// ManagerFlags have a manager speak to it.
func (*EC2) ManagerFlags(endpoint string) []string {
	return []string{"--cloud=aws", "--aws-endpoint=" + endpoint, "--aws-no-auth"}
}

// Network is the VPC, and a range outside of it for Services.
func (e *EC2) Network() string {
	return fmt.Sprintf("aws: {vpcID: %s, region: eu-west-1, subnets: [%s]}\n  supernets: [10.0.0.0/16, 172.21.0.0/24]", e.vpc, e.subnet)
}

// Services has room for 14 addresses, so that it soon has to grow.
func (*EC2) Services() netip.Prefix { return netip.MustParsePrefix("172.21.0.0/28") }
