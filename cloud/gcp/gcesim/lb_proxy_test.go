package gcesim_test

import (
	"fmt"
	"strings"
	"testing"

	rest "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// newProxied is a balanced world with a proxy load balancer beside: node
// "node" with pods in 10.4.0.0/24, two of them in group "pods", check "serving",
// backend service "managed", proxy "tcp", the active proxy-only subnetwork
// "proxies" and rule "front" on port 80.
func newProxied(t *testing.T) *balanced {
	t.Helper()
	w := newBalanced(t)
	w.addProxied()
	return w
}

func (w *balanced) addProxied() {
	w.t.Helper()
	w.addVM("node", "10.4.0.0/24")
	w.must(w.check("serving", serving))
	w.must(w.neg("pods", ported))
	w.must(w.attach("pods", pod("10.4.0.7"), pod("10.4.0.8")))
	w.must(w.managed("managed"))
	w.must(w.proxy("tcp"))
	_, err := w.rest.Subnetworks.Insert(projectID, region, proxySubnet(func(*rest.Subnetwork) {})).Do()
	w.must(err)
	w.must(w.front("front"))
}

func serving(h *rest.HealthCheck) {
	h.TcpHealthCheck = &rest.TCPHealthCheck{PortSpecification: "USE_SERVING_PORT"}
}

func ported(n *rest.NetworkEndpointGroup) { n.NetworkEndpointType = "GCE_VM_IP_PORT" }

func pod(ip string) *rest.NetworkEndpoint {
	return &rest.NetworkEndpoint{Instance: "node", IpAddress: ip, Port: 8080}
}

func (w *balanced) managed(name string, edits ...func(*rest.BackendService)) error {
	b := &rest.BackendService{Name: name, LoadBalancingScheme: "INTERNAL_MANAGED", Protocol: "TCP",
		HealthChecks:       []string{"projects/p1/regions/us-central1/healthChecks/serving"},
		ConnectionDraining: &rest.ConnectionDraining{DrainingTimeoutSec: 30},
		Backends:           []*rest.Backend{{Group: negURL("pods"), BalancingMode: "CONNECTION", MaxConnectionsPerEndpoint: 100}}}
	for _, edit := range edits {
		edit(b)
	}
	return done(w.rest.RegionBackendServices.Insert(projectID, region, b).Do())
}

func (w *balanced) proxy(name string, edits ...func(*rest.TargetTcpProxy)) error {
	p := &rest.TargetTcpProxy{Name: name, Service: "projects/p1/regions/us-central1/backendServices/managed"}
	for _, edit := range edits {
		edit(p)
	}
	return done(w.rest.RegionTargetTcpProxies.Insert(projectID, region, p).Do())
}

const proxyPath = "projects/p1/regions/us-central1/targetTcpProxies/"

func (w *balanced) front(name string, edits ...func(*rest.ForwardingRule)) error {
	return w.rule(name, append([]func(*rest.ForwardingRule){func(r *rest.ForwardingRule) {
		r.LoadBalancingScheme, r.BackendService, r.Target = "INTERNAL_MANAGED", "", proxyPath+"tcp"
	}}, edits...)...)
}

func TestProxiesAreAsStrictAsTheAPI(t *testing.T) {
	t.Parallel()
	managed := func(edit func(*rest.BackendService)) func(*balanced) error {
		return func(w *balanced) error { return w.managed("x", edit) }
	}
	backend := func(edit func(*rest.Backend)) func(*balanced) error {
		return managed(func(b *rest.BackendService) { edit(b.Backends[0]) })
	}
	proxy := func(edit func(*rest.TargetTcpProxy)) func(*balanced) error {
		return func(w *balanced) error { return w.proxy("x", edit) }
	}
	front := func(edit func(*rest.ForwardingRule)) func(*balanced) error {
		return func(w *balanced) error { return w.front("x", edit) }
	}
	scaled := func(c float64) func(*rest.Backend) {
		return func(b *rest.Backend) { b.CapacityScaler, b.ForceSendFields = c, []string{"CapacityScaler"} }
	}
	for name, c := range map[string]struct {
		do   func(*balanced) error
		want string // status and reason
		says string
	}{
		"one more of each": {func(w *balanced) error {
			w.must(w.managed("x"))
			w.must(w.proxy("x", func(p *rest.TargetTcpProxy) { p.ProxyHeader = "PROXY_V1" }))
			return w.front("x", ports("81"))
		}, "", ""},
		"an external one": {func(w *balanced) error {
			w.must(w.managed("x", func(b *rest.BackendService) { b.LoadBalancingScheme = "EXTERNAL_MANAGED" }))
			w.must(w.proxy("x", func(p *rest.TargetTcpProxy) { p.Service = "regions/us-central1/backendServices/x" }))
			return w.front("x", func(r *rest.ForwardingRule) {
				r.LoadBalancingScheme, r.Subnetwork, r.Target = "EXTERNAL_MANAGED", "", proxyPath+"x"
			})
		}, "", ""},
		"UDP":                      {managed(func(b *rest.BackendService) { b.Protocol = "UDP" }), "400 invalid", "TCP"},
		"HTTP":                     {managed(func(b *rest.BackendService) { b.Protocol = "HTTP" }), "400 invalid", "TCP"},
		"a scheme of another kind": {managed(func(b *rest.BackendService) { b.LoadBalancingScheme = "INTERNAL_SELF_MANAGED" }), "400 invalid", "EXTERNAL_MANAGED"},
		"a named port":             {managed(func(b *rest.BackendService) { b.PortName = "web" }), "400 invalid", "Ports"},
		"a network":                {managed(func(b *rest.BackendService) { b.Network = "global/networks/vpc" }), "400 invalid", "Network"},
		"passthrough's affinity":   {managed(func(b *rest.BackendService) { b.SessionAffinity = "CLIENT_IP_PROTO" }), "400 invalid", "CLIENT_IP"},
		"passthrough's policy":     {managed(func(b *rest.BackendService) { b.LocalityLbPolicy = "MAGLEV" }), "400 invalid", "localityLbPolicy"},
		"connection tracking": {managed(func(b *rest.BackendService) {
			b.ConnectionTrackingPolicy = &rest.BackendServiceConnectionTrackingPolicy{}
		}), "400 invalid", "passthrough"},
		"passthrough's groups":       {backend(func(b *rest.Backend) { b.Group = negURL("neg") }), "400 invalid", "GCE_VM_IP_PORT"},
		"instance groups":            {backend(func(b *rest.Backend) { b.Group = groupURL("ig") }), "400 invalid", ""},
		"a backend by a partial URL": {backend(func(b *rest.Backend) { b.Group = "zones/" + zone + "/networkEndpointGroups/pods" }), "400 invalid", "fully-qualified"},
		"no balancing mode":          {backend(func(b *rest.Backend) { b.BalancingMode = "" }), "400 invalid", "CONNECTION"},
		"requests to balance by":     {backend(func(b *rest.Backend) { b.BalancingMode = "RATE" }), "400 invalid", "CONNECTION"},
		"no target capacity":         {backend(func(b *rest.Backend) { b.MaxConnectionsPerEndpoint = 0 }), "400 invalid", "maxConnectionsPerEndpoint"},
		"a rate":                     {backend(func(b *rest.Backend) { b.MaxRatePerEndpoint = 1 }), "400 badRequest", "maxRatePerEndpoint"},
		"a failover backend":         {backend(func(b *rest.Backend) { b.Failover = true }), "400 invalid", "Failover"},
		"half of the capacity":       {backend(scaled(0.5)), "", ""},
		"a hair of the capacity":     {backend(scaled(0.05)), "400 invalid", "scaler"},
		"too much of the capacity":   {backend(scaled(1.5)), "400 invalid", "scaler"},
		"nothing of all capacity":    {backend(scaled(0)), "400 invalid", "only backend"},
		"nothing of one of two": {func(w *balanced) error {
			w.must(w.neg("more", ported))
			return w.managed("x", func(b *rest.BackendService) {
				scaled(0)(b.Backends[0])
				b.Backends = append(b.Backends, &rest.Backend{Group: negURL("more"), BalancingMode: "CONNECTION", MaxConnectionsPerEndpoint: 1})
			})
		}, "", ""},
		"a passthrough target capacity": {patchBackend(func(b *rest.BackendService) {
			b.Backends = []*rest.Backend{{Group: negURL("neg"), MaxConnectionsPerEndpoint: 1}}
		}), "400 invalid", "target capacity"},
		"passthrough's check of the serving port": {patchBackend(func(b *rest.BackendService) {
			b.HealthChecks = []string{"regions/us-central1/healthChecks/serving"}
		}), "400 invalid", "USE_SERVING_PORT"},
		"a check of the serving port and of another": {func(w *balanced) error {
			return w.check("x", serving, func(h *rest.HealthCheck) { h.TcpHealthCheck.Port = 80 })
		}, "400 invalid", "USE_SERVING_PORT"},
		"a check of a named port": {func(w *balanced) error {
			return w.check("x", func(h *rest.HealthCheck) { h.TcpHealthCheck.PortSpecification = "USE_NAMED_PORT" })
		}, "400 invalid", "portSpecification"},
		"a global check": {func(w *balanced) error {
			w.must(done(w.rest.HealthChecks.Insert(projectID, &rest.HealthCheck{Name: "g", Type: "TCP", TcpHealthCheck: &rest.TCPHealthCheck{Port: 80}}).Do()))
			return w.managed("x", func(b *rest.BackendService) { b.HealthChecks = []string{"global/healthChecks/g"} })
		}, "400 invalid", "regional health check"},

		"a proxy of nothing":     {proxy(func(p *rest.TargetTcpProxy) { p.Service = "" }), "400 invalid", "resource.service"},
		"a proxy of what is not": {proxy(func(p *rest.TargetTcpProxy) { p.Service = "regions/us-central1/backendServices/none" }), "404 notFound", ""},
		"a proxy of passthrough": {proxy(func(p *rest.TargetTcpProxy) { p.Service = "regions/us-central1/backendServices/bs" }), "400 invalid", "MANAGED"},
		"another proxy header":   {proxy(func(p *rest.TargetTcpProxy) { p.ProxyHeader = "PROXY_V2" }), "400 invalid", "PROXY_V1"},
		"a bound proxy":          {proxy(func(p *rest.TargetTcpProxy) { p.ProxyBind = true }), "400 badRequest", "proxyBind"},
		"a proxy in use stays": {func(w *balanced) error {
			return done(w.rest.RegionTargetTcpProxies.Delete(projectID, region, "tcp").Do())
		}, inUse, "forwardingRules/front"},
		"a backend service with a proxy stays": {func(w *balanced) error {
			return done(w.rest.RegionBackendServices.Delete(projectID, region, "managed").Do())
		}, inUse, "targetTcpProxies/tcp"},
		"a group of it stays": {func(w *balanced) error {
			return done(w.rest.NetworkEndpointGroups.Delete(projectID, zone, "pods").Do())
		}, inUse, "backendServices/managed"},
		"its proxies' subnetwork stays": {func(w *balanced) error {
			return done(w.rest.Subnetworks.Delete(projectID, region, "proxies").Do())
		}, inUse, "forwardingRules/front"},

		"a rule with a backend service too": {front(func(r *rest.ForwardingRule) { r.BackendService = "regions/us-central1/backendServices/bs" }), "400 invalid", "in place of"},
		"a passthrough rule with a target": {func(w *balanced) error {
			return w.rule("x", func(r *rest.ForwardingRule) { r.Target = proxyPath + "tcp" })
		}, "400 invalid", "in place of"},
		"a rule of another scheme":          {front(func(r *rest.ForwardingRule) { r.LoadBalancingScheme, r.Subnetwork = "EXTERNAL_MANAGED", "" }), "400 invalid", "INTERNAL_MANAGED"},
		"a rule to no target":               {front(func(r *rest.ForwardingRule) { r.Target = "" }), "400 invalid", "resource.target"},
		"a rule to a target that is not":    {front(func(r *rest.ForwardingRule) { r.Target = proxyPath + "none" }), "404 notFound", ""},
		"two ports":                         {front(ports("81", "82")), "400 invalid", "one port"},
		"a range of one port":               {front(func(r *rest.ForwardingRule) { r.Ports, r.PortRange = nil, "81" }), "", ""},
		"a range of two ports":              {front(func(r *rest.ForwardingRule) { r.Ports, r.PortRange = nil, "81-82" }), "400 invalid", "one port"},
		"all ports":                         {front(func(r *rest.ForwardingRule) { r.Ports, r.AllPorts = nil, true }), "400 invalid", "portRange"},
		"a rule of UDP":                     {front(func(r *rest.ForwardingRule) { r.IPProtocol = "UDP" }), "400 invalid", "TCP"},
		"a rule of IPv6":                    {front(func(r *rest.ForwardingRule) { r.IpVersion = "IPV6" }), "400 invalid", "IPV4"},
		"a rule in the proxies' subnetwork": {front(func(r *rest.ForwardingRule) { r.Subnetwork = "regions/us-central1/subnetworks/proxies" }), "400 invalid", "PRIVATE"},
		"an address that a rule has": {front(func(r *rest.ForwardingRule) {
			r.IPAddress = "regions/us-central1/addresses/ip"
			r.Ports = []string{"81"}
		}), "400 invalid", "conflicting"},
		"global access is chosen at first": {func(w *balanced) error {
			return done(w.rest.ForwardingRules.Patch(projectID, region, "front", &rest.ForwardingRule{AllowGlobalAccess: true}).Do())
		}, "400 invalid", "allowGlobalAccess"},
		"a target is not patched": {func(w *balanced) error {
			return done(w.rest.ForwardingRules.Patch(projectID, region, "front", &rest.ForwardingRule{Target: proxyPath + "other"}).Do())
		}, "400 invalid", "cannot be modified"},
		"another target":              {func(w *balanced) error { w.must(w.proxy("other")); return w.setTarget("front", "other") }, "", ""},
		"a target that is not":        {func(w *balanced) error { return w.setTarget("front", "none") }, "404 notFound", ""},
		"a passthrough rule's target": {func(w *balanced) error { return w.setTarget("fr", "tcp") }, "400 invalid", "backend service"},
		"a rule in another network": {func(w *balanced) error {
			w.addOther()
			return w.front("x", inOther)
		}, "400 invalid", "another network"},
		"a group in another network": {func(w *balanced) error {
			w.addOther()
			w.must(w.neg("there", func(n *rest.NetworkEndpointGroup) { ported(n); n.Subnetwork = otherPath }))
			return w.managed("x", func(b *rest.BackendService) {
				b.Backends = append(b.Backends, &rest.Backend{Group: negURL("there"), BalancingMode: "CONNECTION", MaxConnectionsPerEndpoint: 1})
			})
		}, "400 invalid", "same network"},
		"a rule's group moves to another network": {func(w *balanced) error {
			w.addOther()
			w.must(w.neg("there", func(n *rest.NetworkEndpointGroup) { ported(n); n.Subnetwork = otherPath }))
			now, err := w.rest.RegionBackendServices.Get(projectID, region, "managed").Do()
			w.must(err)
			now.Backends[0].Group = negURL("there")
			return done(w.rest.RegionBackendServices.Patch(projectID, region, "managed", &rest.BackendService{Fingerprint: now.Fingerprint, Backends: now.Backends}).Do())
		}, "400 invalid", "another network"},
		"no proxy-only subnetwork": {func(w *balanced) error {
			w.must(done(w.rest.ForwardingRules.Delete(projectID, region, "front").Do()))
			w.must(done(w.rest.Subnetworks.Delete(projectID, region, "proxies").Do()))
			return w.front("x")
		}, "400 invalid", "An active proxy-only subnetwork is required in the same region and VPC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.do(newProxied(t))
			code, reason, message := failure(err)
			got := ""
			if err != nil {
				got = fmt.Sprintf("%d %s", code, reason)
			}
			if got != c.want || !strings.Contains(message, c.says) {
				t.Errorf("got %q (%v), want %q that says %q", got, err, c.want, c.says)
			}
		})
	}
}

const otherPath = "projects/p1/regions/us-central1/subnetworks/others"

// addOther adds a network that has all that a proxy load balancer needs.
func (w *balanced) addOther() {
	w.t.Helper()
	w.must(w.sim.AddNetwork(gcesim.Network{Project: projectID, Name: "other"}))
	w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{Project: projectID, Region: region, Name: "others", Network: "other", Primary: pfx("10.50.0.0/20")}))
	w.must(done(w.rest.Subnetworks.Insert(projectID, region, proxySubnet(func(s *rest.Subnetwork) {
		s.Name, s.Network, s.IpCidrRange = "more", "global/networks/other", "10.60.0.0/23"
	})).Do()))
}

func inOther(r *rest.ForwardingRule) {
	r.Network, r.Subnetwork = "global/networks/other", otherPath
}

func (w *balanced) setTarget(rule, proxy string) error {
	return done(w.rest.ForwardingRules.SetTarget(projectID, region, rule, &rest.TargetReference{Target: proxyPath + proxy}).Do())
}

// TestAProxyIsRead: what was asked, with what the platform adds.
func TestAProxyIsRead(t *testing.T) {
	t.Parallel()
	w := newProxied(t)
	p, err := w.rest.RegionTargetTcpProxies.Get(projectID, region, "tcp").Do()
	w.must(err)
	if p.Kind != "compute#targetTcpProxy" || p.ProxyHeader != "NONE" || p.Service != base+"regions/us-central1/backendServices/managed" {
		t.Errorf("the proxy is %+v", p)
	}
	all, err := w.rest.TargetTcpProxies.AggregatedList(projectID).Do()
	w.must(err)
	if got := all.Items["regions/"+region].TargetTcpProxies; len(got) != 1 || got[0].SelfLink != p.SelfLink {
		t.Errorf("listed: %v", got)
	}
	w.must(w.proxy("other"))
	w.must(w.setTarget("front", "other"))
	r, err := w.rest.ForwardingRules.Get(projectID, region, "front").Do()
	w.must(err)
	if !strings.HasSuffix(r.Target, "/targetTcpProxies/other") || !strings.HasPrefix(r.IPAddress, "10.0.") {
		t.Errorf("the rule is %+v", r)
	}
	w.must(done(w.rest.RegionTargetTcpProxies.Delete(projectID, region, "tcp").Do()))
	b, err := w.rest.RegionBackendServices.Get(projectID, region, "managed").Do()
	w.must(err)
	if got := b.Backends[0].CapacityScaler; got != 1 {
		t.Errorf("the capacity scaler is %v", got)
	}
}

// TestHealthOfEndpoints: by backend service, and each endpoint by itself.
func TestHealthOfEndpoints(t *testing.T) {
	t.Parallel()
	w := &balanced{newWorld(t, gcesim.Config{Instant: true, Answers: func(service, member string) bool {
		return service == "managed" && member == "10.4.0.7:8080"
	}})}
	w.addProxied()
	w.must(w.managed("idle"))
	reply, err := w.rest.RegionBackendServices.GetHealth(projectID, region, "managed", &rest.ResourceGroupReference{Group: negURL("pods")}).Do()
	w.must(err)
	var got []string
	for _, h := range reply.HealthStatus {
		got = append(got, fmt.Sprintf("%s:%d %s", h.IpAddress, h.Port, h.HealthState))
	}
	if text := strings.Join(got, ", "); text != "10.4.0.7:8080 HEALTHY, 10.4.0.8:8080 UNHEALTHY" {
		t.Errorf("getHealth: %s", text)
	}
	if text := w.healths("SHOW"); text != "10.4.0.7 idle UNKNOWN managed HEALTHY, 10.4.0.8 idle UNKNOWN managed UNHEALTHY" {
		t.Errorf("listNetworkEndpoints: %s", text)
	}
	if text := w.healths("SKIP"); text != "10.4.0.7, 10.4.0.8" {
		t.Errorf("without health: %s", text)
	}
	if _, reason, _ := failure(done(w.rest.NetworkEndpointGroups.ListNetworkEndpoints(projectID, zone, "pods",
		&rest.NetworkEndpointGroupsListEndpointsRequest{HealthStatus: "ALL"}).Do())); reason != "invalid" {
		t.Errorf("another word: %s", reason)
	}
}

// healths are the endpoints of group "pods" as listNetworkEndpoints has them.
func (w *balanced) healths(status string) string {
	w.t.Helper()
	got, err := w.rest.NetworkEndpointGroups.ListNetworkEndpoints(projectID, zone, "pods", &rest.NetworkEndpointGroupsListEndpointsRequest{HealthStatus: status}).Do()
	w.must(err)
	var all []string
	for _, x := range got.Items {
		text := x.NetworkEndpoint.IpAddress
		for _, h := range x.Healths {
			text += " " + h.BackendService.BackendService[strings.LastIndex(h.BackendService.BackendService, "/")+1:] + " " + h.HealthState
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}
