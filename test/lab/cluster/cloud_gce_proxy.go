package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

// Proxier is a cloud in which somebody puts a proxy load balancer in front of
// endpoint groups.
type Proxier interface {
	// Proxy does all that takes by the cloud's API at the endpoint: clients
	// connect to the address at port 80. Groups are named as the cloud does.
	Proxy(ctx context.Context, endpoint, name string, groups []string) (netip.Addr, error)
}

// proxySubnet has the addresses that proxies connect from.
const proxySubnet = "10.20.0.0/23"

const (
	apiBase    = "https://www.googleapis.com/compute/v1/projects/" + project
	apiRegion  = apiBase + "/regions/" + region
	apiNetwork = apiBase + "/global/networks/" + network
)

// gceAPI is Compute Engine as people with a client see it.
type gceAPI struct {
	*compute.Service
	ctx context.Context
}

// Proxy makes an internal TCP proxy whose checks ask each endpoint's port for
// /healthz, and opens the firewall for both, as docs/pods.md asks.
func (*GCE) Proxy(ctx context.Context, endpoint, name string, groups []string) (netip.Addr, error) {
	s, err := compute.NewService(ctx, option.WithHTTPClient(&http.Client{}), option.WithEndpoint(endpoint+"/compute/v1/"))
	if err != nil {
		return netip.Addr{}, err
	}
	g := gceAPI{s, ctx}
	for _, make := range []func(name string, groups []string) error{g.proxySubnet, g.proxyFirewall, g.proxyService, g.proxyRule} {
		if err := make(name, groups); err != nil {
			return netip.Addr{}, fmt.Errorf("making the proxy load balancer %s: %w", name, err)
		}
	}
	rule, err := s.ForwardingRules.Get(project, region, name).Context(ctx).Do()
	if err != nil {
		return netip.Addr{}, err
	}
	return netip.ParseAddr(rule.IPAddress)
}

func (g gceAPI) proxySubnet(name string, _ []string) error {
	return g.do(g.Subnetworks.Insert(project, region, &compute.Subnetwork{
		Name: name + "-proxies", Network: apiNetwork, IpCidrRange: proxySubnet, Purpose: "REGIONAL_MANAGED_PROXY", Role: "ACTIVE",
	}).Context(g.ctx).Do)
}

func (g gceAPI) proxyFirewall(name string, _ []string) error {
	sources := []string{proxySubnet}
	for _, p := range balance.Sources(false) {
		sources = append(sources, p.String())
	}
	return g.do(g.Firewalls.Insert(project, &compute.Firewall{
		Name: name + "-proxies", Network: apiNetwork, Direction: "INGRESS", SourceRanges: sources, Allowed: []*compute.FirewallAllowed{{IPProtocol: "tcp", Ports: []string{"8080"}}},
	}).Context(g.ctx).Do)
}

func (g gceAPI) proxyService(name string, groups []string) error {
	err := g.do(g.RegionHealthChecks.Insert(project, region, &compute.HealthCheck{
		Name: name, Type: "HTTP", CheckIntervalSec: 1, TimeoutSec: 1, HealthyThreshold: 1, UnhealthyThreshold: 2,
		HttpHealthCheck: &compute.HTTPHealthCheck{PortSpecification: "USE_SERVING_PORT", RequestPath: "/healthz"},
	}).Context(g.ctx).Do)
	if err != nil {
		return err
	}
	service := &compute.BackendService{
		Name: name, LoadBalancingScheme: "INTERNAL_MANAGED", Protocol: "TCP", HealthChecks: []string{apiRegion + "/healthChecks/" + name},
		ConnectionDraining: &compute.ConnectionDraining{DrainingTimeoutSec: 5},
	}
	for _, group := range groups {
		service.Backends = append(service.Backends, &compute.Backend{Group: group, BalancingMode: "CONNECTION", MaxConnectionsPerEndpoint: 1000})
	}
	return g.do(g.RegionBackendServices.Insert(project, region, service).Context(g.ctx).Do)
}

func (g gceAPI) proxyRule(name string, _ []string) error {
	err := g.do(g.RegionTargetTcpProxies.Insert(project, region, &compute.TargetTcpProxy{
		Name: name, Service: apiRegion + "/backendServices/" + name, ProxyHeader: "NONE",
	}).Context(g.ctx).Do)
	if err != nil {
		return err
	}
	return g.do(g.ForwardingRules.Insert(project, region, &compute.ForwardingRule{
		Name: name, LoadBalancingScheme: "INTERNAL_MANAGED", IPProtocol: "TCP", PortRange: "80",
		Target: apiRegion + "/targetTcpProxies/" + name, Network: apiNetwork, Subnetwork: apiRegion + "/subnetworks/nodes",
	}).Context(g.ctx).Do)
}

// do makes a call and waits until what it began is done.
func (g gceAPI) do(call func(...googleapi.CallOption) (*compute.Operation, error)) error {
	op, err := call()
	for err == nil && op.Status != "DONE" {
		if op.Region != "" {
			op, err = g.RegionOperations.Wait(project, region, op.Name).Context(g.ctx).Do()
		} else {
			op, err = g.GlobalOperations.Wait(project, op.Name).Context(g.ctx).Do()
		}
	}
	if err == nil && op.Error != nil {
		err = errors.New(op.Error.Errors[0].Message)
	}
	return err
}
