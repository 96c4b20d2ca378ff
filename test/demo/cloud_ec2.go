package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// machineType has slots for the largest node of the demo.
const machineType = "m5.4xlarge"

// ec2 is EC2. Both clusters have their nodes in one subnet: two that have a
// subnet each could not meet.
type ec2 struct {
	sim *awssim.Sim
	vpc string
	ids map[string]string // of subnets, by name

	mu        sync.Mutex
	instances map[string]string // IDs, by name
	names     map[string]string // of subnets, and of VMs by the IDs of their interfaces
}

func newEC2() *ec2 {
	return &ec2{sim: awssim.New(awssim.Config{Latency: latency}), vpc: "vpc-00000000", ids: map[string]string{"nodes": "subnet-00000000"}, instances: map[string]string{}, names: map[string]string{}}
}

func (*ec2) words() words {
	return words{
		dir: "aws", cloud: "EC2", about: fmt.Sprintf("a load balancer is ready %s after it was made", latency),
		ranged: "subnet CIDR reservation", piece: "prefixes", refusal: "400", spare: 1,
		services: "172.21.0.0/28", east: "nodes", west: "nodes",
	}
}

// serve makes a VPC with subnets for databases and for public load balancers, a load balancer's interface and
// somebody's reservation among the nodes, and a route to an office.
func (e *ec2) serve() (string, func(), error) {
	at := netip.MustParsePrefix
	var err error
	if e.vpc, err = e.sim.AddVPC(at("10.0.0.0/16")); err != nil {
		return "", nil, err
	}
	if _, err = e.sim.AddInternetGateway(e.vpc); err != nil {
		return "", nil, err
	}
	for _, subnet := range []struct{ name, block, role string }{
		{"nodes", "10.0.0.0/17", "internal-elb"}, {"databases", "10.0.128.0/20", ""}, {"public", "10.0.144.0/24", "elb"},
	} {
		id, err := e.sim.AddSubnet(e.vpc, at(subnet.block), "eu-west-1a")
		if err != nil {
			return "", nil, err
		}
		e.names[id] = subnet.name
		if e.ids[subnet.name] = id; subnet.role != "" { // as people mark those for load balancers
			if err := e.sim.Tag(id, "kubernetes.io/role/"+subnet.role, "1"); err != nil {
				return "", nil, err
			}
		}
	}
	_, balancer := e.sim.AddInterface(awssim.Interface{Subnet: e.ids["nodes"], IP: netip.MustParseAddr("10.0.9.9"), Description: "ELB net/web/0123"})
	_, backup := e.sim.AddReservation(awssim.Reservation{Subnet: e.ids["nodes"], Prefix: at("10.0.32.0/22"), Description: "backup"})
	if err := errors.Join(balancer, backup, e.sim.AddRoute(e.vpc, at("192.168.0.0/16"), "vgw-office")); err != nil {
		return "", nil, err
	}
	return e.sim.Serve("127.0.0.1:0")
}

func (*ec2) flags(endpoint string) []string {
	return []string{"--cloud=aws", "--aws-endpoint=" + endpoint, "--aws-no-auth"}
}

func (e *ec2) query(endpoint string) string {
	return fmt.Sprintf("AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws --region=eu-west-1 --endpoint-url=%s ec2 get-subnet-cidr-reservations --subnet-id=%s", endpoint, e.ids["nodes"])
}

func (e *ec2) network(subnet string) []any { return []any{e.vpc, e.ids[subnet]} }

func (e *ec2) start(subnet string, m member) (started, error) {
	i, err := e.sim.AddInstance(awssim.Instance{
		Type: machineType, Tags: map[string]string{"Name": m.name}, Interfaces: []awssim.Interface{{Subnet: e.ids[subnet]}}})
	if err != nil {
		return started{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.instances[m.name] = i.ID
	e.names[i.Interfaces[0].ID] = m.name
	return started{invariants.EC2Machine(i, nil).ProviderID, i.Interfaces[0].IP}, nil
}

func (e *ec2) delete(m member) error {
	e.mu.Lock()
	id := e.instances[m.name]
	e.mu.Unlock()
	return e.sim.TerminateInstance(id)
}

func (e *ec2) machines() (out []machine) {
	subnets := e.subnets()
	for _, i := range e.sim.Instances() {
		out = append(out, machine{invariants.EC2Machine(i, subnets), i.Zone, i.Interfaces[0].Subnet})
	}
	return out
}

func (e *ec2) subnets() []invariants.Subnet {
	id := e.ids["nodes"]
	return []invariants.Subnet{invariants.EC2Subnet(id, netip.MustParsePrefix("10.0.0.0/17"), e.sim.Reservations(id))}
}

func (*ec2) rules() []rule { return nil }

func (e *ec2) parts() []invariants.Part { return invariants.EC2Parts(e.sim) }

func (e *ec2) label(subnet string) string { return e.named(subnet) }

// named is what a call is on, by the name that people gave it.
func (e *ec2) named(id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return cmp.Or(e.names[id], id)
}

func (*ec2) balances(method string) bool {
	return slices.ContainsFunc([]string{"LoadBalancer", "Target", "Listener", "SecurityGroup", "AddTags", "RemoveTags"},
		func(part string) bool { return strings.Contains(method, part) })
}

func (e *ec2) calls() (out []call) {
	for _, c := range e.sim.Calls() {
		x := call{method: c.Action, on: e.named(c.Resource), changes: c.Mutating}
		if c.Status >= 400 {
			x.refused = fmt.Sprintf("%d %s", c.Status, c.Code)
		}
		out = append(out, x)
	}
	return out
}
