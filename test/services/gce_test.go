package services

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	compute "google.golang.org/api/compute/v1"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

const (
	project = "demo"
	region  = "us-central1"
)

var gceZones = []string{region + "-a", region + "-b", region + "-c"}

// gce is a network with two subnetworks: nodes, with external IPv6, and
// inside, with internal.
type gce struct {
	*testing.T
	sim   *gcesim.Sim
	url   string
	host  string // the network's project
	rest  *compute.Service
	zones map[string]string // of machines
}

func newGCE(t *testing.T, o options) place {
	t.Helper()
	g := &gce{T: t, host: project, sim: gcesim.New(gcesim.Config{Projects: []string{project}}), zones: map[string]string{}}
	if o.sharedVPC {
		g.host = "host"
	}
	g.must(g.sim.AddNetwork(gcesim.Network{Project: g.host, Name: "vpc", ULA: true}))
	for name, s := range map[string]struct{ primary, access string }{"nodes": {"10.128.0.0/20", "EXTERNAL"}, "inside": {"10.129.0.0/20", "INTERNAL"}} {
		g.must(g.sim.AddSubnetwork(gcesim.Subnetwork{Project: g.host, Region: region, Name: name, Network: "vpc",
			Primary: netip.MustParsePrefix(s.primary), IPv6Access: s.access}))
	}
	url, stop, err := g.sim.Serve("127.0.0.1:0")
	g.must(err)
	t.Cleanup(stop)
	g.url = url
	g.rest, err = compute.NewService(t.Context(), option.WithEndpoint(url+"/compute/v1/"), option.WithHTTPClient(g.sim.Patient()))
	g.must(err)
	return g
}

func (g *gce) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

func (g *gce) network() v1alpha1.NetworkSpec {
	return v1alpha1.NetworkSpec{
		GCP:       &v1alpha1.GCPNetwork{Project: project, NetworkProject: g.host, Network: "vpc", Region: region, Subnetworks: []string{"nodes"}},
		Supernets: []v1alpha1.CIDR{"10.0.0.0/8"},
	}
}

func (g *gce) open(t *testing.T) lb.Balancers {
	t.Helper()
	_, b, closer, err := gcp.New(t.Context(), gcp.Config{
		Project: project, NetworkProject: g.host, Network: "vpc", Region: region, Subnetworks: []string{"nodes"},
		Endpoint: g.url, NoAuth: true, PollMin: quickly, RetryPolicy: cloud.RetryPolicy{BackoffMin: quickly, BackoffMax: 20 * quickly, Retries: 4},
	})
	g.must(err)
	t.Cleanup(closer)
	return b
}

func (g *gce) machine(name string, zone int) (providerID, address string) {
	g.Helper()
	in := gceZones[zone%len(gceZones)]
	subnet := "nodes"
	if g.host != project {
		subnet = "projects/" + g.host + "/regions/" + region + "/subnetworks/nodes"
	}
	i, err := g.sim.AddInstance(gcesim.Instance{Project: project, Zone: in, Name: name, Interfaces: []gcesim.Interface{{Subnetwork: subnet}}})
	g.must(err)
	g.zones[name] = in
	return "gce://" + project + "/" + in + "/" + name, i.Interfaces[0].IP.String()
}

func (g *gce) settle() { g.sim.Settle() }

func (g *gce) destroy(name string) {
	g.Helper()
	g.must(g.sim.DeleteInstance(project, g.zones[name], name))
}

func (g *gce) rules(o cloud.Owner) (out []*compute.ForwardingRule) {
	g.Helper()
	list, err := g.rest.ForwardingRules.List(project, region).Do()
	g.must(err)
	for _, r := range list.Items {
		if r.Description == o.Description() {
			out = append(out, r)
		}
	}
	return out
}

func (g *gce) firewalls(o cloud.Owner) (out []*compute.Firewall) {
	g.Helper()
	list, err := g.rest.Firewalls.List(g.host).Do()
	g.must(err)
	for _, f := range list.Items {
		if f.Description == o.Description() {
			out = append(out, f)
		}
	}
	return out
}

func (g *gce) shape(o cloud.Owner) (s shape, ok bool) {
	g.Helper()
	rules := g.rules(o)
	if len(rules) == 0 {
		return s, false
	}
	s.More = map[string]string{"rules": fmt.Sprint(len(rules)), "tier": rules[0].NetworkTier, "subnetwork": path.Base(rules[0].Subnetwork),
		"global-access": fmt.Sprint(rules[0].AllowGlobalAccess)}
	for _, r := range rules {
		s.Scheme = strings.ToLower(r.LoadBalancingScheme)
		s.Families = append(s.Families, strings.Replace(r.IpVersion, "IPV", "IPv", 1))
		ports := r.Ports
		if r.AllPorts {
			ports = []string{"all"}
		}
		for _, p := range ports {
			s.Listens = append(s.Listens, strings.ToLower(r.IPProtocol)+"/"+p)
		}
		if address := strings.TrimSuffix(r.IPAddress, "/96") + " VIP"; !slices.Contains(s.Status, address) {
			s.Status = append(s.Status, address)
		}
	}
	s.More["address"] = strings.TrimSuffix(rules[0].IPAddress, "/96")
	if list, err := g.rest.Addresses.List(project, region).Do(); err == nil {
		for _, a := range list.Items {
			if a.Address == rules[0].IPAddress {
				s.More["reserved"] = a.Name
			}
		}
	}
	s.backend(g, path.Base(rules[0].BackendService))
	for _, f := range g.firewalls(o) {
		if len(f.DestinationRanges) > 0 { // those of probes have none
			s.From = append(s.From, f.SourceRanges...)
		}
	}
	return s, true
}

// backend adds what the backend service says, where it is there.
func (s *shape) backend(g *gce, name string) {
	b, err := g.rest.RegionBackendServices.Get(project, region, name).Do()
	if err != nil {
		return
	}
	s.Affinity = b.SessionAffinity == "CLIENT_IP"
	s.More["protocol"], s.More["policy"] = b.Protocol, b.LocalityLbPolicy
	if c, err := g.rest.RegionHealthChecks.Get(project, region, path.Base(b.HealthChecks[0])).Do(); err == nil && c.HttpHealthCheck != nil {
		s.Check = fmt.Sprintf("http:%d%s", c.HttpHealthCheck.Port, c.HttpHealthCheck.RequestPath)
		s.More["interval"] = fmt.Sprint(c.CheckIntervalSec)
	} else if err == nil {
		s.Check = fmt.Sprintf("tcp:%d", c.TcpHealthCheck.Port)
	}
	for _, group := range b.Backends {
		parts := strings.Split(group.Group, "/") // .../zones/ZONE/COLLECTION/NAME
		zone, kind, name := parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1]
		s.More["backends"] = kind
		if kind == "instanceGroups" {
			if list, err := g.rest.InstanceGroups.ListInstances(project, zone, name, &compute.InstanceGroupsListInstancesRequest{}).Do(); err == nil {
				for _, i := range list.Items {
					s.Nodes = append(s.Nodes, path.Base(i.Instance))
				}
			}
			continue
		}
		if list, err := g.rest.NetworkEndpointGroups.ListNetworkEndpoints(project, zone, name, &compute.NetworkEndpointGroupsListEndpointsRequest{}).Do(); err == nil {
			for _, e := range list.Items {
				s.Nodes = append(s.Nodes, e.NetworkEndpoint.Instance)
			}
		}
	}
}

func (g *gce) marked() map[string]cloud.Owner {
	g.Helper()
	out := map[string]cloud.Owner{}
	note := func(kind, name, description string) {
		if o, ok := cloud.ParseDescription(description); ok {
			out[kind+" "+name] = o
		}
	}
	rules, err := g.rest.ForwardingRules.List(project, region).Do()
	g.must(err)
	for _, r := range rules.Items {
		note("forwardingRule", r.Name, r.Description)
	}
	walls, err := g.rest.Firewalls.List(g.host).Do()
	g.must(err)
	for _, f := range walls.Items {
		note("firewall", "global/"+f.Name, f.Description)
	}
	addresses, err := g.rest.Addresses.List(project, region).Do()
	g.must(err)
	for _, a := range addresses.Items {
		note("address", a.Name, a.Description)
	}
	backends, err := g.rest.RegionBackendServices.List(project, region).Do()
	g.must(err)
	for _, b := range backends.Items {
		note("backendService", b.Name, b.Description)
	}
	checks, err := g.rest.RegionHealthChecks.List(project, region).Do()
	g.must(err)
	for _, c := range checks.Items {
		note("healthCheck", c.Name, c.Description)
	}
	for _, zone := range gceZones {
		negs, err := g.rest.NetworkEndpointGroups.List(project, zone).Do()
		g.must(err)
		for _, n := range negs.Items {
			note("networkEndpointGroup", zone+"/"+n.Name, n.Description)
		}
		groups, err := g.rest.InstanceGroups.List(project, zone).Do()
		g.must(err)
		for _, n := range groups.Items {
			note("instanceGroup", zone+"/"+n.Name, n.Description)
		}
	}
	return out
}

func (g *gce) harms(o cloud.Owner) []harm {
	done := func(_ *compute.Operation, err error) { g.Helper(); g.must(err) }
	rule := func() *compute.ForwardingRule { return g.rules(o)[0] }
	clients := func() string {
		all := g.firewalls(o)
		return all[slices.IndexFunc(all, func(f *compute.Firewall) bool { return len(f.DestinationRanges) > 0 })].Name
	}
	return []harm{
		{"the forwarding rule is deleted", func() { done(g.rest.ForwardingRules.Delete(project, region, rule().Name).Do()) }},
		{"the firewall rule is deleted", func() { done(g.rest.Firewalls.Delete(g.host, clients()).Do()) }},
		{"the firewall rule lets in others", func() {
			done(g.rest.Firewalls.Patch(g.host, clients(), &compute.Firewall{Name: clients(), SourceRanges: []string{"192.0.2.0/24"}}).Do())
		}},
		{"the backend service is changed", func() {
			b, err := g.rest.RegionBackendServices.Get(project, region, path.Base(rule().BackendService)).Do()
			g.must(err)
			done(g.rest.RegionBackendServices.Patch(project, region, b.Name, &compute.BackendService{Fingerprint: b.Fingerprint, SessionAffinity: "CLIENT_IP"}).Do())
		}},
		{"a node is taken out of its endpoint group", func() {
			b, err := g.rest.RegionBackendServices.Get(project, region, path.Base(rule().BackendService)).Do()
			g.must(err)
			parts := strings.Split(b.Backends[0].Group, "/")
			zone, name := parts[len(parts)-3], parts[len(parts)-1]
			list, err := g.rest.NetworkEndpointGroups.ListNetworkEndpoints(project, zone, name, &compute.NetworkEndpointGroupsListEndpointsRequest{}).Do()
			g.must(err)
			done(g.rest.NetworkEndpointGroups.DetachNetworkEndpoints(project, zone, name,
				&compute.NetworkEndpointGroupsDetachEndpointsRequest{NetworkEndpoints: []*compute.NetworkEndpoint{list.Items[0].NetworkEndpoint}}).Do())
		}},
	}
}

// impossibleAddress is the subnetwork's gateway.
func (g *gce) impossibleAddress() []string {
	return []string{"vpcnative.dev/addresses", "10.128.0.1"}
}

var createRule = regexp.MustCompile(`gcloud compute firewall-rules create (\S+) ((?:--[a-z-]+=(?:'[^']*'|[^ ;\n]+) ?)+)`)

// asAdmin does what the commands in the texts say, with rights of its own.
func (g *gce) asAdmin(texts []string) {
	g.Helper()
	for _, m := range createRule.FindAllStringSubmatch(strings.Join(texts, "\n"), -1) {
		f := gcesim.Firewall{Name: m[1]}
		for _, flag := range regexp.MustCompile(`--([a-z-]+)=('[^']*'|[^ ;\n]+)`).FindAllStringSubmatch(m[2], -1) {
			value := strings.Trim(flag[2], "'")
			ranges := func() (out []netip.Prefix) {
				for _, p := range strings.Split(value, ",") {
					out = append(out, netip.MustParsePrefix(p))
				}
				return out
			}
			switch flag[1] {
			case "project":
				f.Project = value
			case "network":
				f.Network = value
			case "description":
				f.Description = value
			case "rules":
				f.Protocols = strings.Split(value, ",")
			case "priority":
				fmt.Sscan(value, &f.Priority)
			case "source-ranges":
				f.Sources = ranges()
			case "destination-ranges":
				f.Destinations = ranges()
			case "direction", "action":
			default:
				g.Errorf("--%s", flag[1])
			}
		}
		g.must(g.sim.AddFirewall(f))
	}
}

func (g *gce) fullSubnet() []string {
	g.Helper()
	g.must(g.sim.AddSubnetwork(gcesim.Subnetwork{Project: g.host, Region: region, Name: "full", Network: "vpc", Primary: netip.MustParsePrefix("10.130.0.0/29")}))
	for n := range 4 { // the first two and the last two are Google's
		_, err := g.sim.AddInstance(gcesim.Instance{Project: project, Zone: gceZones[0], Name: fmt.Sprintf("fills-%d", n), Interfaces: []gcesim.Interface{{Subnetwork: "full"}}})
		g.must(err)
	}
	return []string{"vpcnative.dev/subnets", "full"}
}

// reserve reserves an external address, as somebody else, and gives it.
func (g *gce) reserve(name string, edits ...func(*compute.Address)) string {
	g.Helper()
	a := &compute.Address{Name: name, AddressType: "EXTERNAL"}
	in := region
	for _, e := range edits {
		e(a)
	}
	if a.Region != "" {
		in, a.Region = a.Region, ""
	}
	_, err := g.rest.Addresses.Insert(project, in, a).Do()
	g.must(err)
	made, err := g.rest.Addresses.Get(project, in, name).Do()
	g.must(err)
	return made.Address
}

func (g *gce) onChange(do func(string)) {
	g.sim.Inject(gcesim.Fault{Before: func(c gcesim.Call) {
		if c.Mutating {
			do(strings.TrimSpace(c.Method + " " + c.Resource))
		}
	}})
}

func (g *gce) reads() int   { return len(g.sim.Calls()) - g.sim.MutatingCalls() }
func (g *gce) changes() int { return g.sim.MutatingCalls() }

func (g *gce) fail(f fault) (undo func()) {
	out := gcesim.Fault{Method: f.method, Count: f.count, Every: f.every, LostReply: f.lost, Hang: f.hang}
	switch {
	case f.denied:
		out.Error = &gcesim.APIError{Status: 403, Reason: "forbidden", Message: "Required '" + f.method + "' permission for the resource"}
	case f.throttled:
		out.Error = gcesim.RateLimited()
	case f.quota:
		out.Error = &gcesim.APIError{Status: 403, Reason: "quotaExceeded", Message: "Quota 'FORWARDING_RULES' exceeded. Limit: 0.0 in region us-central1."}
	}
	return g.sim.Inject(out).Remove
}
