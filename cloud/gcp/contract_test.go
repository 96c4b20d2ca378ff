package gcp_test

import (
	"context"
	"net/netip"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

func TestContract(t *testing.T) {
	cloudtest.Run(t, func(t *testing.T) cloudtest.Harness {
		w := newWorld(t, gcesim.Config{})
		return cloudtest.Harness{
			VPC: w.vpc, World: w, Subnet: subnet,
			Range:      cloud.Range{Subnet: subnet, Name: "pods", Prefix: prefix("10.4.0.0/14")},
			NodeCIDR:   func(n int) netip.Prefix { return nth("10.4.0.0/14", 24, n) },
			Block:      func(n int) netip.Prefix { return nth("10.64.0.0/12", 20, n) },
			PageSize:   500,
			ForeignID:  "aws:///eu-west-1a/i-0123456789abcdef0",
			StrangerID: "gce://stranger/us-central1-a/vm",
			AbsentID:   "gce://p1/us-central1-a/absent",
			AddDelegated: func(name string) string {
				w.dualStack("INTERNAL")
				return w.addDual(name)
			},
			Refused: func(ctx context.Context) error {
				locked := newWorld(t, gcesim.Config{Token: "secret"})
				_, err := locked.vpc.Space.Read(ctx)
				return err
			},
		}
	})
}

const (
	project = "p1"
	region  = "us-central1"
	zone    = "us-central1-a"
	subnet  = "nodes"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// nth is the n-th block of that length in a parent.
func nth(parent string, bits, n int) netip.Prefix {
	a := prefix(parent).Addr().As4()
	at := (uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8) + uint32(n)<<(32-bits)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)}), bits)
}

// world is cloudtest.World on a gcesim.Sim with network "vpc", subnetwork
// "nodes" (10.0.0.0/16, pods 10.4.0.0/14), and an adapter to it.
type world struct {
	*testing.T
	sim *gcesim.Sim
	url string
	vpc *cloud.VPC
}

func newWorld(t *testing.T, c gcesim.Config, edits ...func(*gcp.Config)) *world {
	t.Helper()
	w := &world{T: t, sim: gcesim.New(c)}
	url, stop, err := w.sim.Serve("127.0.0.1:0")
	w.must(err)
	t.Cleanup(stop)
	w.url = url
	w.must(w.sim.AddNetwork(gcesim.Network{Project: project, Name: "vpc", ULA: true}))
	w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{
		Project: project, Region: region, Name: subnet, Network: "vpc", Primary: prefix("10.0.0.0/16"),
		Secondary: []gcesim.SecondaryRange{{Name: "pods", Prefix: prefix("10.4.0.0/14")}},
	}))
	w.vpc = w.connect(edits...)
	return w
}

// connect makes another adapter to the same cloud.
func (w *world) connect(edits ...func(*gcp.Config)) *cloud.VPC {
	w.Helper()
	c := gcp.Config{
		Project: project, Network: "vpc", Region: region, Subnetworks: []string{subnet}, Endpoint: w.url, NoAuth: true,
		RetryPolicy: cloud.RetryPolicy{BackoffMin: time.Millisecond, BackoffMax: 50 * time.Millisecond}, PollMin: 50 * time.Millisecond,
	}
	for _, edit := range edits {
		edit(&c)
	}
	vpc, _, closer, err := gcp.New(w.Context(), c)
	w.must(err)
	w.Cleanup(closer)
	return vpc
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) id(name string) string { return "gce://" + project + "/" + zone + "/" + name }

func simAliases(list []cloud.Attachment) []gcesim.Alias {
	var out []gcesim.Alias
	for _, a := range list {
		out = append(out, gcesim.Alias{Prefix: a.Prefix, RangeName: a.Range})
	}
	return out
}

func (w *world) AddInstance(name string, holds ...cloud.Attachment) string {
	w.Helper()
	_, err := w.sim.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: name,
		Interfaces: []gcesim.Interface{{Subnetwork: subnet, Aliases: simAliases(holds)}}})
	w.must(err)
	return w.id(name)
}

func (w *world) Delete(id string) {
	w.Helper()
	w.must(w.sim.DeleteInstance(project, zone, path.Base(id)))
}

func (w *world) Replace(id string) {
	w.Helper()
	w.Delete(id)
	w.AddInstance(path.Base(id))
}

func (w *world) Put(id string, a cloud.Attachment) {
	w.Helper()
	w.must(w.sim.SetAliases(project, zone, path.Base(id), "nic0", simAliases(append(w.Held(id), a))...))
}

func (w *world) Held(id string) []cloud.Attachment {
	w.Helper()
	i, ok := w.sim.Instance(project, zone, path.Base(id))
	if !ok {
		w.Fatalf("%s is gone", id)
	}
	var out []cloud.Attachment
	for _, a := range i.Interfaces[0].Aliases {
		out = append(out, cloud.Attachment{Prefix: a.Prefix, Range: a.RangeName})
	}
	return out
}

func (w *world) AddRange(r cloud.Range) {
	w.Helper()
	var all []gcesim.SecondaryRange
	for _, have := range append(w.Ranges(), r) {
		all = append(all, gcesim.SecondaryRange{Name: have.Name, Prefix: have.Prefix})
	}
	w.must(w.sim.SetSecondaryRanges(project, region, subnet, all...))
}

func (w *world) Ranges() []cloud.Range {
	var out []cloud.Range
	for _, s := range w.sim.Subnetworks() {
		if s.Name == subnet {
			for _, r := range s.Secondary {
				out = append(out, cloud.Range{Subnet: subnet, Name: r.Name, Prefix: r.Prefix})
			}
		}
	}
	return out
}

func (w *world) AddProxies(s cloud.ProxySubnet) {
	w.Helper()
	w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: s.Name, Network: "vpc", Primary: s.Prefix,
		Purpose: "REGIONAL_MANAGED_PROXY", Role: "ACTIVE", Description: s.Description}))
}

func (w *world) UseProxies(name string) {
	w.Helper()
	w.must(w.sim.UseProxySubnetwork(project, region, name))
}

func (w *world) Proxies() (out []cloud.ProxySubnet) {
	for _, s := range w.sim.Subnetworks() {
		if s.Purpose == "REGIONAL_MANAGED_PROXY" {
			out = append(out, cloud.ProxySubnet{Name: s.Name, Prefix: s.Primary, Description: s.Description})
		}
	}
	return out
}

func (w *world) AddRule(r cloud.FirewallRule) {
	w.Helper()
	f := gcesim.Firewall{Project: project, Network: "vpc", Name: r.Name, Description: r.Description, Priority: r.Priority, Deny: r.Deny,
		Sources: r.Sources, Destinations: r.Destinations, TargetTags: r.Targets}
	for _, p := range r.Protocols {
		f.Protocols = append(f.Protocols, p.String())
	}
	w.must(w.sim.AddFirewall(f))
}

func (w *world) Disable(name string) {
	w.Helper()
	for _, f := range w.sim.Firewalls() {
		if f.Name == name {
			f.Disabled = true
			w.must(w.sim.AddFirewall(f))
		}
	}
}

func (w *world) Rules() (out []cloud.FirewallRule) {
	for _, f := range w.sim.Firewalls() {
		if f.Disabled {
			continue
		}
		r := cloud.FirewallRule{Name: f.Name, Description: f.Description, Priority: f.Priority, Deny: f.Deny,
			Sources: f.Sources, Destinations: f.Destinations, Targets: f.TargetTags}
		for _, p := range f.Protocols {
			name, ports, _ := strings.Cut(p, ":")
			protocol := cloud.Protocol{Name: name}
			if ports != "" {
				protocol.Ports = strings.Split(ports, ",")
			}
			r.Protocols = append(r.Protocols, protocol)
		}
		out = append(out, r)
	}
	return out
}

// methods are the calls of each kind.
var methods = map[cloudtest.Kind]string{
	cloudtest.Listing:   "instances.aggregatedList",
	cloudtest.Getting:   "instances.get",
	cloudtest.Attaching: "instances.updateNetworkInterface",
	cloudtest.Ranging:   "subnetworks.patch",
	cloudtest.Ruling:    "firewalls.[idp]*",
	// insert and delete
	cloudtest.Proxying: "subnetworks.[id][ne][sl]e*",
	cloudtest.Polling:  "*Operations.*",
}

func (w *world) Strike(k cloudtest.Kind, f cloudtest.Fault, n int) {
	fault := gcesim.Fault{Method: methods[k], Count: n}
	switch f {
	case cloudtest.Throttle:
		fault.Error = gcesim.RateLimited()
	case cloudtest.LostReply:
		fault.LostReply = true
	case cloudtest.Fail:
		fault.Error = &gcesim.APIError{Status: 503, Reason: "backendError", Message: "Backend Error"}
	}
	w.sim.Inject(fault)
}

func (w *world) Before(k cloudtest.Kind, act func()) {
	w.sim.Inject(gcesim.Fault{Method: methods[k], Count: 1, Before: func(gcesim.Call) { act() }})
}

func (w *world) SlowDown(d time.Duration) {
	w.sim.SetLatency("", d)
}

func (w *world) Count(k cloudtest.Kind) int {
	n := 0
	for method, calls := range w.sim.CallCounts() {
		if ok, _ := path.Match(methods[k], method); ok && !strings.HasSuffix(method, ".wait") {
			n += calls
		}
	}
	return n
}
