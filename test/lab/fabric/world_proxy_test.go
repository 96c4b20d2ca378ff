package fabric

import (
	"fmt"
	"testing"

	"google.golang.org/api/compute/v1"
)

const (
	apiBase = "https://www.googleapis.com/compute/v1/projects/" + project
	regions = apiBase + "/regions/" + region
	network = apiBase + "/global/networks/vpc"
	proxies = "10.20.0.0/23"
)

func (c gceCloud) client(t *testing.T) *gce {
	t.Helper()
	s, err := newGCE(t.Context(), Config{Endpoint: c.endpoint, Project: project, Network: "vpc"})
	must(t, err)
	return s
}

// addProxies makes the proxy-only subnet.
func (c gceCloud) addProxies(t *testing.T) {
	t.Helper()
	c.do(t, c.client(t).Subnetworks.Insert(project, region, &compute.Subnetwork{Name: "proxies", Network: network, IpCidrRange: proxies,
		Purpose: "REGIONAL_MANAGED_PROXY", Role: "ACTIVE"}).Do)
}

// endpointOf is "machine address port" as the API has it.
func endpointOf(machine, addr string, port int64) *compute.NetworkEndpoint {
	return &compute.NetworkEndpoint{Instance: machine, IpAddress: addr, Port: port}
}

// proxy makes a proxy load balancer as people do, and returns its address.
func (c gceCloud) proxy(t *testing.T, name, scheme, header string, port int64, endpoints ...*compute.NetworkEndpoint) string {
	t.Helper()
	s := c.client(t)
	c.do(t, s.RegionHealthChecks.Insert(project, region, &compute.HealthCheck{Name: name, Type: "TCP", CheckIntervalSec: 1, TimeoutSec: 1,
		HealthyThreshold: 1, UnhealthyThreshold: 2, TcpHealthCheck: &compute.TCPHealthCheck{PortSpecification: "USE_SERVING_PORT"}}).Do)
	c.do(t, s.NetworkEndpointGroups.Insert(project, zone, &compute.NetworkEndpointGroup{Name: name, NetworkEndpointType: "GCE_VM_IP_PORT",
		Network: network, Subnetwork: regions + "/subnetworks/nodes"}).Do)
	c.do(t, s.NetworkEndpointGroups.AttachNetworkEndpoints(project, zone, name, &compute.NetworkEndpointGroupsAttachEndpointsRequest{NetworkEndpoints: endpoints}).Do)
	c.do(t, s.RegionBackendServices.Insert(project, region, &compute.BackendService{Name: name, LoadBalancingScheme: scheme, Protocol: "TCP",
		ConnectionDraining: &compute.ConnectionDraining{DrainingTimeoutSec: int64(draining.Seconds())},
		HealthChecks:       []string{regions + "/healthChecks/" + name},
		Backends: []*compute.Backend{{Group: apiBase + "/zones/" + zone + "/networkEndpointGroups/" + name, BalancingMode: "CONNECTION",
			MaxConnectionsPerEndpoint: 100}}}).Do)
	c.do(t, s.RegionTargetTcpProxies.Insert(project, region, &compute.TargetTcpProxy{Name: name, Service: regions + "/backendServices/" + name, ProxyHeader: header}).Do)
	rule := &compute.ForwardingRule{Name: name, LoadBalancingScheme: scheme, IPProtocol: "TCP", PortRange: fmt.Sprint(port), Network: network,
		Target: regions + "/targetTcpProxies/" + name}
	if scheme == "INTERNAL_MANAGED" {
		rule.Subnetwork = regions + "/subnetworks/nodes"
	}
	c.do(t, s.ForwardingRules.Insert(project, region, rule).Do)
	made, err := s.ForwardingRules.Get(project, region, name).Do()
	must(t, err)
	return made.IPAddress
}
