package cluster

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

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

// ec2Space is the part of the subnet that each cluster's pods are in, and a range
// outside of the VPC for its Services.
var ec2Space = []struct{ pods, services netip.Prefix }{
	{netip.MustParsePrefix("10.0.0.0/18"), netip.MustParsePrefix("172.21.0.0/24")},
	{netip.MustParsePrefix("10.0.64.0/18"), netip.MustParsePrefix("172.22.0.0/24")},
}

// Network is the VPC with the cluster's space.
func (e *EC2) Network(cluster int) string {
	space := ec2Space[cluster]
	return fmt.Sprintf("aws: {vpcID: %s, region: eu-west-1, subnets: [%s]}\n  supernets: [%s, %s]", e.vpc, e.subnet, space.pods, space.services)
}

// Services has room for 14 addresses, so that it soon has to grow.
func (*EC2) Services(cluster int) netip.Prefix {
	return netip.PrefixFrom(ec2Space[cluster].services.Addr(), 28)
}

// Join does nothing: all machines are in one security group, whose members talk.
func (*EC2) Join() error { return nil }

// Hold delays the calls that assign prefixes.
func (e *EC2) Hold() (release func()) {
	done := make(chan struct{})
	held := e.Sim.Inject(awssim.Fault{Action: "AssignPrivateIpAddresses", Hang: done})
	return func() {
		held.Remove()
		close(done)
	}
}
