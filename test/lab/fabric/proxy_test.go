package fabric

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/golden"
	"github.com/vpcnative/vpcnative/test/lab/balance"
)

func TestProxiesAreRendered(t *testing.T) {
	cloud := newGCECloud(t, gcesim.Config{Instant: true}, "a", "b")
	cloud.addProxies(t)
	cloud.proxy(t, "inner", "INTERNAL_MANAGED", "NONE", 80, endpointOf("a", "10.4.0.7", 8080), endpointOf("b", "10.4.1.7", 8080))
	cloud.proxy(t, "outer", "EXTERNAL_MANAGED", "PROXY_V1", 443, endpointOf("b", "10.4.1.7", 8443))
	v := read(t, cloud.client(t))
	golden.Check(t, "testdata/gce_proxy.golden", Render(v, nicsOf(v), nil).String())
	if len(v.Balancers) != 2 || v.Balancers[0].Proxy.Header || !v.Balancers[1].Proxy.Header {
		t.Fatalf("balancers: %+v", v.Balancers)
	}
	want := []netip.AddrPort{netip.MustParseAddrPort("10.4.0.7:8080"), netip.MustParseAddrPort("10.4.1.7:8080")}
	for i, m := range v.Balancers[0].Members {
		if m.Endpoint() != want[i] {
			t.Errorf("member %d is %s", i, m.Endpoint())
		}
		to := target(v.Balancers[0], m, NIC{})
		if to.To != want[i] || fmt.Sprint(to.From) != fmt.Sprint(balance.Sources(false)) {
			t.Errorf("member %d is probed at %s from %s", i, to.To, to.From)
		}
	}
}

func TestProxyBalancers(t *testing.T) {
	var f atomic.Pointer[Fabric]
	cloud := newGCECloud(t, gcesim.Config{Answers: func(service, member string) bool {
		return f.Load() != nil && f.Load().Healthy(service, member)
	}}, "a", "b", "c")
	cloud.addProxies(t)
	a, b := endpointOf("a", "10.4.0.7", 8080), endpointOf("b", "10.4.1.7", 8080)
	inner := cloud.proxy(t, "inner", "INTERNAL_MANAGED", "NONE", 80, a, b)
	outer := cloud.proxy(t, "outer", "EXTERNAL_MANAGED", "PROXY_V1", 81, endpointOf("c", "10.4.2.7", 9090))
	must(t, cloud.AddFirewall(gcesim.Firewall{Project: project, Network: "vpc", Name: "proxies", Protocols: []string{"tcp"},
		Sources: []netip.Prefix{netip.MustParsePrefix(proxies)}}))
	r := newRig(t, Config{Cloud: "gcp", Endpoint: cloud.endpoint, Project: project, Network: "vpc", Lag: 300 * time.Millisecond},
		map[string]string{"a": "10.4.0.7", "b": "10.4.1.7", "c": "10.4.2.7"})
	f.Store(r.Fabric)
	served := map[string]func(){}
	for _, m := range []string{"a", "b"} {
		served[m] = r.serve(r.pod(m), ":8080", m)
	}
	r.lines(r.pod("c"), ":9090")
	reported := func(e *compute.NetworkEndpoint) string { return cloud.stateOf(t, "inner", e) }
	all := func() string { return fmt.Sprint(r.servers(r.pod("c"), inner+":80", 24)) }

	t.Run("without a firewall rule for probes nobody is healthy, and all serve", func(t *testing.T) {
		time.Sleep(1500 * time.Millisecond)
		if got := reported(a); got != "UNHEALTHY" {
			t.Errorf("reported as %s", got)
		}
		if got := r.servers(r.pod("c"), inner+":80", 24); got["a"] == 0 || got["b"] == 0 || got[""] > 0 {
			t.Errorf("served: %v", got)
		}
	})
	must(t, cloud.AddFirewall(gcesim.Firewall{Project: project, Network: "vpc", Name: "probes", Protocols: []string{"tcp:8080"},
		Sources: []netip.Prefix{netip.MustParsePrefix("35.191.0.0/16"), netip.MustParsePrefix("130.211.0.0/22")}}))
	t.Run("probes find out which pods are healthy", func(t *testing.T) {
		for _, e := range []*compute.NetworkEndpoint{a, b} {
			r.within(5*time.Second, "HEALTHY", func() string { return reported(e) })
		}
	})
	t.Run("a pod sees an address of the proxy-only subnet", func(t *testing.T) {
		for range 8 {
			from, err := netip.ParseAddr(client(r.ask(r.pod("c"), "", inner+":80")))
			if err != nil || !netip.MustParsePrefix(proxies).Contains(from) {
				t.Errorf("it sees %s, %v", from, err)
			}
		}
		if got := r.ask(r.pod("c"), "", inner+":8080"); got != "" {
			t.Errorf("a port that is not served answers: %s", got)
		}
	})
	t.Run("the internet reaches the external one alone, and is named in the header", func(t *testing.T) {
		r.within(3*time.Second, "PROXY TCP4 "+Internet+" "+outer, func() string { return r.header(r.InternetNamespace(), outer+":81") })
		if got := r.ask(r.InternetNamespace(), "", inner+":80"); got != "" {
			t.Errorf("the internal one answers: %s", got)
		}
		r.within(time.Second, "PROXY TCP4 10.4.0.7 "+outer, func() string { return r.header(r.pod("a"), outer+":81") })
	})
	t.Run("who answers no probe gets no new connections", func(t *testing.T) {
		served["a"]()
		r.within(6*time.Second, "UNHEALTHY", func() string { return reported(a) })
		r.within(2*time.Second, "map[b:24]", all)
		r.serve(r.pod("a"), ":8080", "a")
		r.within(5*time.Second, "HEALTHY", func() string { return reported(a) })
	})
	t.Run("an endpoint that is detached drains", func(t *testing.T) {
		long := map[string]*longConn{}
		for len(long) < 2 {
			c := r.hold(r.pod("c"), inner+":80")
			long[c.server] = c
		}
		op, err := cloud.client(t).NetworkEndpointGroups.DetachNetworkEndpoints(project, zone, "inner", &compute.NetworkEndpointGroupsDetachEndpointsRequest{
			NetworkEndpoints: []*compute.NetworkEndpoint{b}}).Do()
		must(t, err)
		r.within(time.Second, "DRAINING", func() string { return reported(b) })
		r.within(draining-500*time.Millisecond, "map[a:24]", all)
		if !long["b"].works() {
			t.Error("a connection did not drain")
		}
		if op, err = cloud.client(t).ZoneOperations.Wait(project, zone, op.Name).Do(); err != nil || op.Status != "DONE" || reported(b) != "" {
			t.Errorf("the operation is %+v, %v; the endpoint is %s", op, err, reported(b))
		}
		r.within(2*time.Second, "false", func() string { return fmt.Sprint(long["b"].works()) })
		if !long["a"].works() {
			t.Error("the connection to the other is cut too")
		}
	})
	t.Run("another target is another backend service", func(t *testing.T) {
		cloud.proxy(t, "named", "INTERNAL_MANAGED", "PROXY_V1", 82, endpointOf("c", "10.4.2.7", 9090))
		cloud.do(t, cloud.client(t).ForwardingRules.SetTarget(project, region, "inner", &compute.TargetReference{Target: regions + "/targetTcpProxies/named"}).Do)
		r.within(3*time.Second, "PROXY TCP4 10.4.0.7 "+inner, func() string { return r.header(r.pod("a"), inner+":80") })
	})
}

// lines answers a connection with its first line.
func (r rig) lines(ns, at string) {
	r.t.Helper()
	var l net.Listener
	must(r.t, Inside(ns, func() (err error) {
		l, err = net.Listen("tcp4", at)
		return err
	}))
	r.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				text, _ := bufio.NewReader(conn).ReadString('\n')
				fmt.Fprint(conn, text)
			}()
		}
	}()
}

// header is what a connection begins with, without its ports.
func (r rig) header(ns, to string) (text string) {
	_ = Inside(ns, func() error {
		conn, err := net.DialTimeout("tcp4", to, 700*time.Millisecond)
		if err != nil {
			return err
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(700 * time.Millisecond))
		text, err = bufio.NewReader(conn).ReadString('\n')
		return err
	})
	words := strings.Fields(text)
	return strings.Join(words[:min(len(words), 4)], " ")
}

// stateOf is what the API lists of an endpoint, empty where it is not there.
func (c gceCloud) stateOf(t *testing.T, group string, e *compute.NetworkEndpoint) string {
	t.Helper()
	got, err := c.client(t).NetworkEndpointGroups.ListNetworkEndpoints(project, zone, group, &compute.NetworkEndpointGroupsListEndpointsRequest{HealthStatus: "SHOW"}).Do()
	must(t, err)
	for _, x := range got.Items {
		if x.NetworkEndpoint.IpAddress == e.IpAddress && len(x.Healths) == 1 {
			return x.Healths[0].HealthState
		}
	}
	return ""
}
