package gcp_test

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	compute "google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// balanced is a balancerWorld with a set of two nodes.
type balanced struct {
	*balancerWorld
	set lb.NodeSet
}

func newBalanced(t *testing.T) *balanced {
	t.Helper()
	w := &balanced{newBalancerWorld(t), lb.NodeSet{ClusterID: "c1", Name: "all"}}
	w.set.Nodes = []lb.Node{w.AddNode(0), w.AddNode(1)}
	return w
}

// shop is an external balancer for TCP port 80, for everyone.
func shop(name string, edits ...func(*lb.LoadBalancer)) lb.LoadBalancer {
	b := lb.LoadBalancer{
		Owner: cloud.Owner{ClusterID: "c1", Kind: "Service", Namespace: "default", Name: name}, Scheme: lb.External,
		Frontends: []lb.Frontend{{Family: lb.IPv4}}, AllowedSources: []netip.Prefix{prefix("0.0.0.0/0")},
		Listeners: []lb.Listener{portOf(lb.TCP, 80)}, Attributes: map[string]string{},
		Backends: map[string]lb.Backend{"nodes": {Check: lb.KubeProxyCheck, Attributes: map[string]string{}}},
	}
	for _, edit := range edits {
		edit(&b)
	}
	return b
}

func portOf(p lb.Protocol, n uint16) lb.Listener {
	return lb.Listener{Protocol: p, Port: n, To: lb.Target{Backend: "nodes", NodePort: 30000 + n}}
}

func internal(b *lb.LoadBalancer) { b.Scheme = lb.Internal }

func reserved(name string) func(*lb.LoadBalancer) {
	return func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = name }
}

func listens(ports ...uint16) func(*lb.LoadBalancer) {
	return func(b *lb.LoadBalancer) {
		b.Listeners = nil
		for _, p := range ports {
			b.Listeners = append(b.Listeners, portOf(lb.TCP, p))
		}
	}
}

func (w *balanced) read() lb.State {
	w.Helper()
	got, err := w.balancers.Read(w.Context(), "c1")
	w.must(err)
	return got
}

// apply makes it so, by one plan and one for its nodes.
func (w *balanced) apply(b lb.LoadBalancer) error {
	got := w.read()
	want, err := w.balancers.Want(cloudtest.On(b, w.set), got)
	if err != nil {
		return err
	}
	goal := lb.Goal{Owner: b.Owner, Want: want}
	at := lb.State{}
	for _, ref := range lb.Plan(w.balancers.Rules(), got, goal).Looks() {
		at[ref] = got[ref]
	}
	seen, err := w.balancers.Look(w.Context(), at)
	w.must(err)
	maps.Copy(got, seen)
	err = lb.Run(w.Context(), w.balancers, lb.Plan(w.balancers.Rules(), got, goal), got)
	pools := lb.Goal{Owner: w.set.Owner(), Want: w.balancers.Pools(w.set, got), Keep: true}
	err = errors.Join(err, lb.Run(w.Context(), w.balancers, lb.Plan(w.balancers.Rules(), got, pools), got))
	return errors.Join(err, cloudtest.KeepMembers(w.Context(), w.balancers, w.set, got))
}

// held is what a pool holds.
func (w *balanced) held(r lb.Resource) []string {
	w.Helper()
	list, err := w.balancers.List(w.Context(), r.Group())
	w.must(err)
	return list
}

// made applies, and wants nothing left to do; it gives where it is reached.
func (w *balanced) made(b lb.LoadBalancer) []lb.Ingress {
	w.Helper()
	for range 5 {
		w.must(w.apply(b))
		if w.unsettled(b) == nil {
			break
		}
	}
	w.settled(b)
	return w.balancers.Ingresses(b, w.read())
}

func (w *balanced) settled(b lb.LoadBalancer) {
	w.Helper()
	if p := w.unsettled(b); len(p) > 0 {
		w.Errorf("there is still\n%s", p)
	}
}

// unsettled is what there is still to do.
func (w *balanced) unsettled(b lb.LoadBalancer) lb.Actions {
	w.Helper()
	got := w.read()
	want, err := w.balancers.Want(cloudtest.On(b, w.set), got)
	w.must(err)
	return lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: b.Owner, Want: want})
}

func (w *balanced) gone(b lb.LoadBalancer) {
	w.Helper()
	got := w.read()
	w.must(lb.Run(w.Context(), w.balancers, lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: b.Owner}), got))
	for _, r := range w.read() {
		if r.Owner == b.Owner {
			w.Errorf("%s is left", r.Ref)
		}
	}
}

func (w *balanced) reserve(in string, a compute.Address) *compute.Address {
	w.Helper()
	_, err := w.rest.Addresses.Insert(project, in, &a).Do()
	w.must(err)
	now, err := w.rest.Addresses.Get(project, in, a.Name).Do()
	w.must(err)
	return now
}

const nodesPath = "projects/p1/regions/us-central1/subnetworks/nodes"

// sharedVIP is an internal address that several balancers may have.
var sharedVIP = compute.Address{Name: "vip", AddressType: "INTERNAL", Purpose: "SHARED_LOADBALANCER_VIP", Subnetwork: nodesPath}

func TestAddressesOfOthersAreUsedAndLeft(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	theirs := w.reserve(region, compute.Address{Name: "theirs", NetworkTier: "STANDARD"})
	for name, edit := range map[string]func(*lb.LoadBalancer){
		"by-name": reserved("theirs"), "by-value": func(b *lb.LoadBalancer) { b.Frontends[0].Address = netip.MustParseAddr(theirs.Address) },
	} {
		b := shop(name, edit)
		if in := w.made(b); len(in) != 1 || in[0].Address.String() != theirs.Address {
			t.Errorf("%s: it is reached at %v", name, in)
		}
		w.gone(b)
	}
	now, err := w.rest.Addresses.Get(project, region, "theirs").Do()
	w.must(err)
	if now.Status != "RESERVED" || now.Id != theirs.Id {
		t.Errorf("%+v", now)
	}
}

func TestAddressesThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.reserve(region, compute.Address{Name: "premium"})
	w.reserve("us-east1", compute.Address{Name: "east"})
	w.reserve(region, sharedVIP)
	w.made(shop("first", reserved("premium")))
	own := w.made(shop("own"))
	for name, c := range map[string]struct {
		edits  []func(*lb.LoadBalancer)
		reason cloud.Reason
		says   string
	}{
		"another region":   {[]func(*lb.LoadBalancer){reserved("east")}, cloud.NotFound, region},
		"another tier":     {[]func(*lb.LoadBalancer){reserved("premium"), func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeNetworkTier] = "Standard" }}, cloud.Invalid, "PREMIUM"},
		"another scheme":   {[]func(*lb.LoadBalancer){reserved("vip")}, cloud.Invalid, "internal"},
		"not reserved":     {[]func(*lb.LoadBalancer){func(b *lb.LoadBalancer) { b.Frontends[0].Address = netip.MustParseAddr("203.0.113.9") }}, cloud.NotFound, "reserve it first"},
		"another's port":   {[]func(*lb.LoadBalancer){reserved("premium")}, cloud.Conflict, "port range is conflicting"},
		"of another of us": {[]func(*lb.LoadBalancer){func(b *lb.LoadBalancer) { b.Frontends[0].Address = own[0].Address }}, cloud.Conflict, "default/own"},
		"a VM's":           {[]func(*lb.LoadBalancer){internal, func(b *lb.LoadBalancer) { b.Frontends[0].Address = w.set.Nodes[0].Addresses[0] }}, cloud.Conflict, "already being used"},
		"outside":          {[]func(*lb.LoadBalancer){internal, func(b *lb.LoadBalancer) { b.Frontends[0].Address = netip.MustParseAddr("10.99.0.1") }}, cloud.Invalid, "outside"},
	} {
		b := shop("x-"+strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), "'", ""), c.edits...)
		err := w.apply(b)
		e, ok := errors.AsType[*cloud.Error](err)
		if !ok || e.Reason != c.reason || !strings.Contains(err.Error(), c.says) || e.Remedy == "" {
			t.Errorf("%s: got %v (%s), want %s that says %q and what to do", name, err, cloud.ReasonOf(err), c.reason, c.says)
		}
		w.gone(b)
	}
}

func TestBalancersShareAnAddressByTheirPorts(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	vip := w.reserve(region, sharedVIP)
	for n, port := range []uint16{80, 443} {
		if in := w.made(shop(fmt.Sprint("s", n), internal, reserved("vip"), listens(port))); len(in) != 1 || in[0].Address.String() != vip.Address {
			t.Errorf("port %d is reached at %v", port, in)
		}
	}
	late := shop("late", internal, reserved("vip"), listens(443, 8443))
	if err := w.apply(late); !cloud.Is(err, cloud.Conflict) {
		t.Errorf("a port that is taken: %v", err)
	}
	if in := w.balancers.Ingresses(late, w.read()); len(in) > 0 {
		t.Errorf("it is said to be reached at %v", in)
	}
	w.settled(shop("s1", internal, reserved("vip"), listens(443)))
	w.gone(shop("s1"))
	w.made(late)
}

// A rule that got its address without a reservation keeps it.
func TestAnEphemeralAddressIsPromoted(t *testing.T) {
	t.Parallel()
	for _, scheme := range []lb.Scheme{lb.External, lb.Internal} {
		w := newBalanced(t)
		b := shop("web", func(b *lb.LoadBalancer) { b.Scheme = scheme })
		w.made(b)
		var rule *compute.ForwardingRule
		for _, r := range w.read().Sorted() {
			if r.Kind == "forwardingRule" {
				now, err := w.rest.ForwardingRules.Get(project, region, r.Name).Do()
				w.must(err)
				_, err = w.rest.ForwardingRules.Delete(project, region, r.Name).Do()
				w.must(err)
				rule = now
			}
		}
		for _, r := range w.read().Sorted() {
			if r.Kind == "address" {
				_, err := w.rest.Addresses.Delete(project, region, r.Name).Do()
				w.must(err)
			}
		}
		again := &compute.ForwardingRule{Name: rule.Name, Description: rule.Description, IPProtocol: rule.IPProtocol, Ports: rule.Ports, LoadBalancingScheme: rule.LoadBalancingScheme,
			BackendService: rule.BackendService, Network: rule.Network, Subnetwork: rule.Subnetwork, NetworkTier: rule.NetworkTier}
		_, err := w.rest.ForwardingRules.Insert(project, region, again).Do()
		w.must(err)
		had, err := w.rest.ForwardingRules.Get(project, region, rule.Name).Do()
		w.must(err)
		if in := w.made(b); len(in) != 1 || in[0].Address.String() != had.IPAddress {
			t.Errorf("%s: it had %s and is reached at %v", scheme, had.IPAddress, in)
		}
		b.Listeners = []lb.Listener{portOf(lb.TCP, 81)}
		if in := w.made(b); len(in) != 1 || in[0].Address.String() != had.IPAddress {
			t.Errorf("%s: it had %s and after an edit is reached at %v", scheme, had.IPAddress, in)
		}
		w.gone(b)
	}
}

func TestBothFamiliesComeAndGo(t *testing.T) {
	t.Parallel()
	for _, access := range []string{"EXTERNAL", "INTERNAL"} {
		w := newBalanced(t)
		w.dualStack(access)
		b := shop("web", func(b *lb.LoadBalancer) {
			b.Scheme = map[string]lb.Scheme{"EXTERNAL": lb.External, "INTERNAL": lb.Internal}[access]
			b.AllowedSources = append(b.AllowedSources, prefix("::/0"))
		})
		four := w.made(b)
		b.Frontends = append(b.Frontends, lb.Frontend{Family: lb.IPv6})
		both := w.made(b)
		if len(both) != 2 || both[0] != four[0] || !both[1].Address.Is6() {
			t.Errorf("%s: it was reached at %v, and now at %v", access, four, both)
		}
		b.Listeners = append(b.Listeners, portOf(lb.TCP, 443))
		if now := w.made(b); len(now) != 2 || now[0] != both[0] || now[1] != both[1] {
			t.Errorf("%s: an edit moved it from %v to %v", access, both, now)
		}
		b.Frontends = b.Frontends[:1]
		if now := w.made(b); len(now) != 1 || now[0] != four[0] {
			t.Errorf("%s: %v", access, now)
		}
		w.gone(b)
	}
}

func TestASubnetWithoutIPv6IsSaid(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	b := shop("web", func(b *lb.LoadBalancer) { b.Frontends = append(b.Frontends, lb.Frontend{Family: lb.IPv6}) })
	if err := w.apply(b); !cloud.Is(err, cloud.Invalid) || !strings.Contains(err.Error(), "IPv6") {
		t.Errorf("got %v", err)
	}
	if in := w.balancers.Ingresses(b, w.read()); len(in) != 1 {
		t.Errorf("its IPv4 address waits for the other: %v", in)
	}
}

func TestChangesByHandAreRepaired(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	b := shop("web")
	before := w.made(b)
	for _, r := range w.read().Sorted() {
		var err error
		switch r.Kind {
		case "firewall":
			_, err = w.rest.Firewalls.Patch(project, r.Name, &compute.Firewall{Name: r.Name, SourceRanges: []string{"192.0.2.0/24"}, Disabled: true}).Do()
		case "healthCheck":
			_, err = w.rest.RegionHealthChecks.Patch(project, region, r.Name, &compute.HealthCheck{CheckIntervalSec: 60}).Do()
		case "backendService":
			_, err = w.rest.RegionBackendServices.Patch(project, region, r.Name, &compute.BackendService{Fingerprint: r.Version, SessionAffinity: "CLIENT_IP"}).Do()
		case "networkEndpointGroup":
			machine, _, _ := strings.Cut(w.held(r)[0], " ")
			_, err = w.rest.NetworkEndpointGroups.DetachNetworkEndpoints(project, r.Scope, r.Name, &compute.NetworkEndpointGroupsDetachEndpointsRequest{
				NetworkEndpoints: []*compute.NetworkEndpoint{{Instance: machine}}}).Do()
		}
		w.must(err)
	}
	if after := w.made(b); after[0] != before[0] {
		t.Errorf("it was reached at %v, and is at %v", before, after)
	}
	held := 0
	for _, r := range w.read() {
		if r.Kind == "networkEndpointGroup" {
			held += len(w.held(r))
		}
	}
	if held != 2 {
		t.Errorf("%d members", held)
	}
}

func TestMoreSourcesThanFitAreRefused(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	b := shop("web", func(b *lb.LoadBalancer) {
		b.AllowedSources = nil
		for n := range 5001 {
			b.AllowedSources = append(b.AllowedSources, nth("20.0.0.0/8", 24, n))
		}
	})
	if _, err := w.balancers.Want(cloudtest.On(b, w.set), w.read()); !cloud.Is(err, cloud.LimitExceeded) {
		t.Errorf("got %v", err)
	}
	b.AllowedSources = b.AllowedSources[1:]
	w.made(b)
}

func TestAHealthCheckThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	b := shop("web", cloudtest.EditBackend(func(b *lb.Backend) { b.Check.Shared, b.Check.Timeout = false, 9*time.Second }))
	if _, err := w.balancers.Want(cloudtest.On(b, w.set), w.read()); !cloud.Is(err, cloud.Invalid) || !strings.Contains(err.Error(), "interval") {
		t.Errorf("got %v", err)
	}
	cloudtest.EditBackend(func(b *lb.Backend) { b.Check.Interval = 9 * time.Second })(&b)
	w.made(b)
}
