package gcp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	compute "google.golang.org/api/compute/v1"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func TestBalancersContract(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{lb.EndpointGroups, lb.InstanceGroups} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			cloudtest.RunBalancers(t, func(t *testing.T) cloudtest.BalancerHarness {
				w := newBalancerWorld(t)
				return cloudtest.BalancerHarness{Balancers: w.balancers, World: w, Attributes: map[string]string{lb.AttributeBackends: kind}, Mixed: true, SharedPools: true, Addresses: true,
					Firewall: "firewall", Limited: "forwardingRule", Leaf: "forwardingRule", Permission: "compute.forwardingRules.create"}
			})
		})
	}
}

// balancerWorld is cloudtest.BalancerWorld on a gcesim.Sim.
type balancerWorld struct {
	*world
	balancers lb.Balancers
	rest      *compute.Service
}

func newBalancerWorld(t *testing.T, edits ...func(*gcp.Config)) *balancerWorld {
	t.Helper()
	// Very many balancers are made here.
	w := &balancerWorld{world: newWorld(t, gcesim.Config{Latency: 2 * time.Millisecond})}
	w.connect(append(edits, func(c *gcp.Config) {
		c.PollMin, c.PollMax = 2*time.Millisecond, 50*time.Millisecond
		_, b, closer, err := gcp.New(t.Context(), *c)
		w.must(err)
		t.Cleanup(closer)
		w.balancers = b
	})...)
	var err error
	w.rest, err = compute.NewService(t.Context(), option.WithEndpoint(w.url+"/compute/v1/"), option.WithHTTPClient(w.sim.Patient()))
	w.must(err)
	return w
}

var zones = []string{"us-central1-a", "us-central1-b", "us-central1-c"}

func (w *balancerWorld) AddNode(n int) lb.Node {
	w.Helper()
	in := zones[n%len(zones)]
	i, err := w.sim.AddInstance(gcesim.Instance{Project: project, Zone: in, Name: fmt.Sprintf("node-%d", n),
		Interfaces: []gcesim.Interface{{Subnetwork: subnet}}})
	w.must(err)
	return lb.Node{ProviderID: "gce://" + project + "/" + in + "/" + i.Name, Zone: in, Subnet: subnet, Addresses: addrs(i.Interfaces[0].IP)}
}

func addrs[T any](a ...T) []T { return a }

func (w *balancerWorld) DeleteNode(n lb.Node) {
	w.Helper()
	w.must(w.sim.DeleteInstance(project, n.Zone, n.ProviderID[strings.LastIndexByte(n.ProviderID, '/')+1:]))
}

const theirs = "somebody's"

func (w *balancerWorld) Squat(ref lb.Ref) bool {
	w.Helper()
	net, sub := "projects/p1/global/networks/vpc", "projects/p1/regions/us-central1/subnetworks/nodes"
	in, name := ref.Scope, ref.Name
	check := func(name string) (string, error) {
		_, err := w.rest.RegionHealthChecks.Insert(project, region, &compute.HealthCheck{Name: name, Description: theirs, Type: "TCP", TcpHealthCheck: &compute.TCPHealthCheck{Port: 1}}).Do()
		return "projects/p1/regions/us-central1/healthChecks/" + name, err
	}
	backend := func(name string) (string, error) {
		hc, err := check("their-check")
		w.must(err)
		_, err = w.rest.RegionBackendServices.Insert(project, region, &compute.BackendService{Name: name, Description: theirs, LoadBalancingScheme: "INTERNAL", Protocol: "TCP", Network: net, HealthChecks: []string{hc}}).Do()
		return "projects/p1/regions/us-central1/backendServices/" + name, err
	}
	var err error
	switch ref.Kind {
	case "address":
		_, err = w.rest.Addresses.Insert(project, region, &compute.Address{Name: name, Description: theirs, AddressType: "INTERNAL", Subnetwork: sub}).Do()
	case "healthCheck":
		_, err = check(name)
	case "backendService":
		_, err = backend(name)
	case "forwardingRule":
		bs, err2 := backend("their-backend")
		w.must(err2)
		_, err = w.rest.ForwardingRules.Insert(project, region, &compute.ForwardingRule{Name: name, Description: theirs, LoadBalancingScheme: "INTERNAL", IPProtocol: "TCP", Ports: []string{"80"}, BackendService: bs, Network: net, Subnetwork: sub}).Do()
	case "networkEndpointGroup":
		_, err = w.rest.NetworkEndpointGroups.Insert(project, in, &compute.NetworkEndpointGroup{Name: name, Description: theirs, NetworkEndpointType: "GCE_VM_IP", Network: net, Subnetwork: sub}).Do()
	case "instanceGroup":
		_, err = w.rest.InstanceGroups.Insert(project, in, &compute.InstanceGroup{Name: name, Description: theirs, Network: net}).Do()
	case "firewall":
		_, err = w.rest.Firewalls.Insert(project, &compute.Firewall{Name: name, Description: theirs, Network: net, Allowed: []*compute.FirewallAllowed{{IPProtocol: "tcp"}}, SourceRanges: []string{"192.0.2.1/32"}}).Do()
	default:
		w.Fatalf("cannot squat %s", ref)
	}
	w.must(err)
	return true
}

func (w *balancerWorld) Squatted(ref lb.Ref) bool {
	in, name := ref.Scope, ref.Name
	description := ""
	switch ref.Kind {
	case "address":
		if x, err := w.rest.Addresses.Get(project, region, name).Do(); err == nil {
			description = x.Description
		}
	case "healthCheck":
		if x, err := w.rest.RegionHealthChecks.Get(project, region, name).Do(); err == nil && x.TcpHealthCheck != nil && x.TcpHealthCheck.Port == 1 {
			description = x.Description
		}
	case "backendService":
		if x, err := w.rest.RegionBackendServices.Get(project, region, name).Do(); err == nil && len(x.Backends) == 0 {
			description = x.Description
		}
	case "forwardingRule":
		if x, err := w.rest.ForwardingRules.Get(project, region, name).Do(); err == nil {
			description = x.Description
		}
	case "networkEndpointGroup":
		if x, err := w.rest.NetworkEndpointGroups.Get(project, in, name).Do(); err == nil && x.Size == 0 {
			description = x.Description
		}
	case "instanceGroup":
		if x, err := w.rest.InstanceGroups.Get(project, in, name).Do(); err == nil && x.Size == 0 {
			description = x.Description
		}
	case "firewall":
		if x, err := w.rest.Firewalls.Get(project, name).Do(); err == nil && len(x.SourceRanges) == 1 && x.SourceRanges[0] == "192.0.2.1/32" {
			description = x.Description
		}
	}
	return description == theirs
}

func (w *balancerWorld) Break(ref lb.Ref) {
	w.Helper()
	_, err := w.rest.ForwardingRules.Delete(project, region, ref.Name).Do()
	w.must(err)
}

func (w *balancerWorld) StrikeCall(n int, f cloudtest.Fault) func() bool {
	fault := gcesim.Fault{Skip: n, Count: 1}
	switch f {
	case cloudtest.LostReply:
		fault.LostReply = true
	case cloudtest.Throttle:
		fault.Error = gcesim.RateLimited()
	case cloudtest.Fail:
		fault.Error = &gcesim.APIError{Status: 503, Reason: "backendError", Message: "Backend Error"}
	}
	in := w.sim.Inject(fault)
	return func() bool {
		defer in.Remove()
		return in.Hits() > 0
	}
}

func (w *balancerWorld) Refuse(kind string, r cloud.Reason) func() {
	switch {
	case kind == "forwardingRule" && r == cloud.QuotaExceeded:
		w.sim.SetQuota(gcesim.QuotaForwardingRules, 0)
		return func() { w.sim.SetQuota(gcesim.QuotaForwardingRules, 100) }
	case kind == "forwardingRule" && r == cloud.PermissionDenied:
		in := w.sim.Inject(gcesim.Fault{Method: "forwardingRules.insert", Error: &gcesim.APIError{Status: 403, Reason: "forbidden", Message: "Required permission is missing"}})
		return in.Remove
	case kind == "firewall" && r == cloud.PermissionDenied:
		in := w.sim.Inject(gcesim.Fault{Method: "firewalls.insert", Error: &gcesim.APIError{Status: 403, Reason: "forbidden",
			Message: "Required 'compute.firewalls.create' permission for 'projects/p1/global/firewalls/x'"}})
		return in.Remove
	}
	w.Fatalf("%s is never refused for %s here", kind, r)
	return nil
}

func (w *balancerWorld) Changes() int { return w.sim.MutatingCalls() }
