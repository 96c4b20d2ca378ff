package fabric

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

const (
	project = "lab"
	region  = "us-central1"
	zone    = region + "-a"

	draining = 2 * time.Second
)

// gceCloud is a simulated Compute Engine with a VPC, an alias range on each of
// its machines, and a firewall that lets everybody inside talk.
type gceCloud struct {
	*gcesim.Sim
	endpoint string
}

func newGCECloud(t *testing.T, c gcesim.Config, machines ...string) gceCloud {
	t.Helper()
	c.Projects = []string{project}
	sim := gcesim.New(c)
	must(t, sim.AddNetwork(gcesim.Network{Project: project, Name: "vpc"}))
	must(t, sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: "nodes", Network: "vpc", Primary: netip.MustParsePrefix("10.0.0.0/20"),
		Secondary: []gcesim.SecondaryRange{{Name: "pods", Prefix: netip.MustParsePrefix("10.4.0.0/20")}}}))
	for n, name := range machines {
		_, err := sim.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: name, Interfaces: []gcesim.Interface{{
			Subnetwork: "nodes", Aliases: []gcesim.Alias{alias(n)}}}})
		must(t, err)
	}
	must(t, sim.AddFirewall(gcesim.Firewall{Project: project, Network: "vpc", Name: "inside", Protocols: []string{"all"},
		Sources: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/20"), netip.MustParsePrefix("10.4.0.0/20")}}))
	endpoint, stop, err := sim.Serve("127.0.0.1:0")
	must(t, err)
	t.Cleanup(stop)
	return gceCloud{sim, endpoint}
}

// alias is the range of the machine with that number.
func alias(n int) gcesim.Alias {
	return gcesim.Alias{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 4, byte(n), 0}), 24), RangeName: "pods"}
}

// balance makes a passthrough load balancer with one endpoint group, as the
// manager does, and returns its address.
func (c gceCloud) balance(t *testing.T, name, scheme string, port, checkPort int64, machines ...string) string {
	t.Helper()
	s, err := newGCE(t.Context(), Config{Endpoint: c.endpoint, Project: project, Network: "vpc"})
	must(t, err)
	at := "https://www.googleapis.com/compute/v1/projects/" + project
	subnet, network := at+"/regions/"+region+"/subnetworks/nodes", at+"/global/networks/vpc"
	c.do(t, s.RegionHealthChecks.Insert(project, region, &compute.HealthCheck{Name: name, Type: "HTTP", CheckIntervalSec: 1, TimeoutSec: 1,
		HealthyThreshold: 1, UnhealthyThreshold: 2, HttpHealthCheck: &compute.HTTPHealthCheck{Port: checkPort, RequestPath: "/healthz"}}).Do)
	c.do(t, s.NetworkEndpointGroups.Insert(project, zone, &compute.NetworkEndpointGroup{Name: name, NetworkEndpointType: "GCE_VM_IP", Network: network, Subnetwork: subnet}).Do)
	var endpoints []*compute.NetworkEndpoint
	for _, m := range machines {
		endpoints = append(endpoints, &compute.NetworkEndpoint{Instance: m})
	}
	c.do(t, s.NetworkEndpointGroups.AttachNetworkEndpoints(project, zone, name, &compute.NetworkEndpointGroupsAttachEndpointsRequest{NetworkEndpoints: endpoints}).Do)
	service := &compute.BackendService{Name: name, ConnectionDraining: &compute.ConnectionDraining{DrainingTimeoutSec: int64(draining.Seconds())}, LoadBalancingScheme: scheme, Protocol: "TCP",
		HealthChecks: []string{at + "/regions/" + region + "/healthChecks/" + name},
		Backends:     []*compute.Backend{{Group: at + "/zones/" + zone + "/networkEndpointGroups/" + name, BalancingMode: "CONNECTION"}}}
	rule := &compute.ForwardingRule{Name: name, LoadBalancingScheme: scheme, IPProtocol: "TCP", Ports: []string{fmt.Sprint(port)},
		BackendService: at + "/regions/" + region + "/backendServices/" + name}
	if scheme == "INTERNAL" {
		service.Network, rule.Network, rule.Subnetwork = network, network, subnet
	}
	c.do(t, s.RegionBackendServices.Insert(project, region, service).Do)
	c.do(t, s.ForwardingRules.Insert(project, region, rule).Do)
	made, err := s.ForwardingRules.Get(project, region, name).Do()
	must(t, err)
	return made.IPAddress
}

func (c gceCloud) do(t *testing.T, call func(...googleapi.CallOption) (*compute.Operation, error)) {
	t.Helper()
	op, err := call()
	must(t, err)
	if op.Error != nil {
		t.Fatal(op.Error.Errors[0].Message)
	}
	c.Settle()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, r reader) VPC {
	t.Helper()
	v, err := r.read(context.Background())
	must(t, err)
	return v
}
