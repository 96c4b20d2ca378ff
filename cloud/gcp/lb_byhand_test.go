package gcp_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"

	compute "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// byHand changes one thing as a person does, and knows the balancer's parts.
type byHand struct {
	*balanced
	parts map[string]lb.Resource // by kind; of firewall rules clients'
	probe string                 // the name of the firewall rule for probes
}

func (w *balanced) hand() *byHand {
	h := &byHand{balanced: w, parts: map[string]lb.Resource{}}
	for _, r := range w.read().Sorted() {
		if r.Kind == "firewall" && r.Owner.Kind == lb.KindNodeSet {
			h.probe = r.Name
			continue
		}
		h.parts[r.Kind] = r
	}
	return h
}

func (h *byHand) name(kind string) string { return h.parts[kind].Name }

func (h *byHand) backend(change func(*compute.BackendService)) {
	h.Helper()
	now, err := h.rest.RegionBackendServices.Get(project, region, h.name("backendService")).Do()
	h.must(err)
	body := &compute.BackendService{Fingerprint: now.Fingerprint, Backends: now.Backends}
	change(body)
	_, err = h.rest.RegionBackendServices.Patch(project, region, now.Name, body).Do()
	h.must(err)
}

func (h *byHand) check(change *compute.HealthCheck) {
	h.Helper()
	_, err := h.rest.RegionHealthChecks.Patch(project, region, h.name("healthCheck"), change).Do()
	h.must(err)
}

func (h *byHand) firewall(name string, change *compute.Firewall) {
	h.Helper()
	change.Name = name
	_, err := h.rest.Firewalls.Patch(project, name, change).Do()
	h.must(err)
}

// pool is an endpoint group, with its first member.
func (h *byHand) pool() (zone, name string, member *compute.NetworkEndpoint) {
	at := h.parts["networkEndpointGroup"]
	zone, name = at.Scope, at.Name
	list, err := h.rest.NetworkEndpointGroups.ListNetworkEndpoints(project, zone, name, &compute.NetworkEndpointGroupsListEndpointsRequest{}).Do()
	h.must(err)
	return zone, name, list.Items[0].NetworkEndpoint
}

// TestEachFieldChangedByHandIsSetRight: the cloud is afterwards as it was,
// whatever somebody changed or deleted.
func TestEachFieldChangedByHandIsSetRight(t *testing.T) {
	t.Parallel()
	http := func(change func(*compute.HTTPHealthCheck)) *compute.HealthCheck {
		p := &compute.HTTPHealthCheck{Port: 10256, RequestPath: "/healthz", PortSpecification: "USE_FIXED_PORT"}
		change(p)
		return &compute.HealthCheck{HttpHealthCheck: p}
	}
	for name, do := range map[string]func(*byHand){
		"the rule is deleted": func(h *byHand) {
			_, err := h.rest.ForwardingRules.Delete(project, region, h.name("forwardingRule")).Do()
			h.must(err)
		},
		"the rule and the address are deleted": func(h *byHand) {
			_, err := h.rest.ForwardingRules.Delete(project, region, h.name("forwardingRule")).Do()
			h.must(err)
			_, err = h.rest.Addresses.Delete(project, region, h.name("address")).Do()
			h.must(err)
		},
		"global access": func(h *byHand) {
			_, err := h.rest.ForwardingRules.Patch(project, region, h.name("forwardingRule"), &compute.ForwardingRule{AllowGlobalAccess: true}).Do()
			h.must(err)
		},
		"session affinity": func(h *byHand) { h.backend(func(b *compute.BackendService) { b.SessionAffinity = "CLIENT_IP" }) },
		"draining": func(h *byHand) {
			h.backend(func(b *compute.BackendService) {
				b.ConnectionDraining = &compute.ConnectionDraining{DrainingTimeoutSec: 300}
			})
		},
		"the policy":             func(h *byHand) { h.backend(func(b *compute.BackendService) { b.LocalityLbPolicy = "WEIGHTED_MAGLEV" }) },
		"a backend is taken out": func(h *byHand) { h.backend(func(b *compute.BackendService) { b.Backends = b.Backends[:1] }) },
		"a backend is for failover": func(h *byHand) {
			h.backend(func(b *compute.BackendService) { b.Backends[0].Failover = true })
		},
		"another check": func(h *byHand) {
			other := &compute.HealthCheck{Name: "other", Type: "TCP", TcpHealthCheck: &compute.TCPHealthCheck{Port: 22}}
			_, err := h.rest.RegionHealthChecks.Insert(project, region, other).Do()
			h.must(err)
			h.backend(func(b *compute.BackendService) {
				b.HealthChecks = []string{"projects/" + project + "/regions/" + region + "/healthChecks/other"}
			})
		},
		"the check's interval":            func(h *byHand) { h.check(&compute.HealthCheck{CheckIntervalSec: 60}) },
		"the check's timeout":             func(h *byHand) { h.check(&compute.HealthCheck{TimeoutSec: 3}) },
		"the check's healthy threshold":   func(h *byHand) { h.check(&compute.HealthCheck{HealthyThreshold: 5}) },
		"the check's unhealthy threshold": func(h *byHand) { h.check(&compute.HealthCheck{UnhealthyThreshold: 9}) },
		"the check's port":                func(h *byHand) { h.check(http(func(p *compute.HTTPHealthCheck) { p.Port = 80 })) },
		"the check's path":                func(h *byHand) { h.check(http(func(p *compute.HTTPHealthCheck) { p.RequestPath = "/livez" })) },
		"the check's host":                func(h *byHand) { h.check(http(func(p *compute.HTTPHealthCheck) { p.Host = "example.com" })) },
		"the check's response":            func(h *byHand) { h.check(http(func(p *compute.HTTPHealthCheck) { p.Response = "ok" })) },
		"the check's proxy header":        func(h *byHand) { h.check(http(func(p *compute.HTTPHealthCheck) { p.ProxyHeader = "PROXY_V1" })) },
		"a node is taken out": func(h *byHand) {
			zone, name, member := h.pool()
			_, err := h.rest.NetworkEndpointGroups.DetachNetworkEndpoints(project, zone, name,
				&compute.NetworkEndpointGroupsDetachEndpointsRequest{NetworkEndpoints: []*compute.NetworkEndpoint{member}}).Do()
			h.must(err)
		},
		"a machine is put in": func(h *byHand) {
			n := h.AddNode(3) // in the first one's zone
			zone, name := h.parts["networkEndpointGroup"].Scope, h.name("networkEndpointGroup")
			if n.Zone != zone {
				n = h.AddNode(4)
			}
			_, err := h.rest.NetworkEndpointGroups.AttachNetworkEndpoints(project, zone, name, &compute.NetworkEndpointGroupsAttachEndpointsRequest{
				NetworkEndpoints: []*compute.NetworkEndpoint{{Instance: path.Base(n.ProviderID), IpAddress: n.Addresses[0].String()}}}).Do()
			h.must(err)
		},
		"clients' rule is deleted": func(h *byHand) {
			_, err := h.rest.Firewalls.Delete(project, h.name("firewall")).Do()
			h.must(err)
		},
		"probes' rule is deleted": func(h *byHand) {
			_, err := h.rest.Firewalls.Delete(project, h.probe).Do()
			h.must(err)
		},
		"the sources": func(h *byHand) {
			h.firewall(h.name("firewall"), &compute.Firewall{SourceRanges: []string{"192.0.2.0/24"}})
		},
		"the destinations": func(h *byHand) {
			h.firewall(h.name("firewall"), &compute.Firewall{DestinationRanges: []string{"10.0.0.0/8"}})
		},
		"the ports": func(h *byHand) {
			h.firewall(h.name("firewall"), &compute.Firewall{Allowed: []*compute.FirewallAllowed{{IPProtocol: "tcp", Ports: []string{"22"}}}})
		},
		"the targets":        func(h *byHand) { h.firewall(h.name("firewall"), &compute.Firewall{TargetTags: []string{"bastion"}}) },
		"the priority":       func(h *byHand) { h.firewall(h.name("firewall"), &compute.Firewall{Priority: 2000}) },
		"it is turned off":   func(h *byHand) { h.firewall(h.name("firewall"), &compute.Firewall{Disabled: true}) },
		"probes' sources":    func(h *byHand) { h.firewall(h.probe, &compute.Firewall{SourceRanges: []string{"192.0.2.0/24"}}) },
		"probes' turned off": func(h *byHand) { h.firewall(h.probe, &compute.Firewall{Disabled: true}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBalanced(t)
			b := shop("web", internal)
			w.made(b)
			before := w.dump()
			do(w.hand())
			if w.dump() == before {
				t.Fatal("it changed nothing")
			}
			w.must(w.apply(b))
			w.settled(b)
			if after := w.dump(); after != before {
				t.Errorf("it was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

// dump is what the cloud has of ours, but for what it gives each anew.
func (w *balanced) dump() string {
	w.Helper()
	var out strings.Builder
	show := func(name string, x any, err error) {
		w.Helper()
		w.must(err)
		if !strings.HasPrefix(name, "vn-") {
			return
		}
		text, err := json.Marshal(x)
		w.must(err)
		var fields map[string]any
		w.must(json.Unmarshal(text, &fields))
		for _, f := range []string{"id", "creationTimestamp", "fingerprint", "labelFingerprint", "status", "users"} {
			delete(fields, f)
		}
		if fields["localityLbPolicy"] == "MAGLEV" { // the default
			delete(fields, "localityLbPolicy")
		}
		text, err = json.Marshal(fields)
		w.must(err)
		out.Write(append(text, '\n'))
	}
	rules, err := w.rest.ForwardingRules.List(project, region).Do()
	w.must(err)
	for _, x := range rules.Items {
		show(x.Name, x, nil)
	}
	addresses, err := w.rest.Addresses.List(project, region).Do()
	w.must(err)
	for _, x := range addresses.Items {
		show(x.Name, x, nil)
	}
	backends, err := w.rest.RegionBackendServices.List(project, region).Do()
	w.must(err)
	for _, x := range backends.Items {
		show(x.Name, x, nil)
	}
	checks, err := w.rest.RegionHealthChecks.List(project, region).Do()
	w.must(err)
	for _, x := range checks.Items {
		show(x.Name, x, nil)
	}
	walls, err := w.rest.Firewalls.List(project).Do()
	w.must(err)
	for _, x := range walls.Items {
		show(x.Name, x, nil)
	}
	for _, zone := range zones {
		negs, err := w.rest.NetworkEndpointGroups.List(project, zone).Do()
		w.must(err)
		for _, x := range negs.Items {
			list, err := w.rest.NetworkEndpointGroups.ListNetworkEndpoints(project, zone, x.Name, &compute.NetworkEndpointGroupsListEndpointsRequest{}).Do()
			show(x.Name, list, err)
		}
	}
	return out.String()
}
