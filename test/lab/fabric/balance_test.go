package fabric

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// answered is who served, out of "name client".
func answered(text string) string {
	name, _, _ := strings.Cut(text, " ")
	return name
}

// servers are who serves n connections, each once.
func (r rig) servers(ns, to string, n int) map[string]int {
	out := map[string]int{}
	for range n {
		out[answered(r.askFor(5*time.Second, ns, "", to))]++
	}
	return out
}

func TestPassthroughBalancers(t *testing.T) {
	var f atomic.Pointer[Fabric] // of which the cloud asks what it reports
	cloud := newGCECloud(t, gcesim.Config{Answers: func(service, instance string) bool {
		return f.Load() != nil && f.Load().Healthy(service, instance)
	}}, "a", "b", "c")
	inner := cloud.balance(t, "inner", "INTERNAL", 8080, 10256, "a", "b")
	outer := cloud.balance(t, "outer", "EXTERNAL", 8080, 10256, "a", "b")
	r := newRig(t, Config{Cloud: "gcp", Endpoint: cloud.endpoint, Project: project, Network: "vpc", Lag: 300 * time.Millisecond},
		map[string]string{"a": "10.4.0.7", "b": "10.4.1.7", "c": "10.4.2.7"})
	f.Store(r.Fabric)
	health := map[string]func(){}
	for _, m := range []string{"a", "b"} {
		r.serve(r.ns(m), ":8080", m)
		health[m] = r.serve(r.ns(m), ":10256", "ok")
	}
	reported := func(machine string) string { return cloud.health(t, "inner", machine) }

	t.Run("without a firewall rule for probes nobody is healthy, and all serve", func(t *testing.T) {
		time.Sleep(1500 * time.Millisecond)
		if got := reported("a"); got != "UNHEALTHY" {
			t.Errorf("reported as %s", got)
		}
		if got := r.servers(r.pod("c"), inner+":8080", 16); got["a"] == 0 || got["b"] == 0 || got[""] > 0 {
			t.Errorf("served: %v", got)
		}
	})
	must(t, cloud.AddFirewall(gcesim.Firewall{Project: project, Network: "vpc", Name: "probes", Protocols: []string{"tcp:10256"},
		Sources: []netip.Prefix{netip.MustParsePrefix("35.191.0.0/16"), netip.MustParsePrefix("130.211.0.0/22"), netip.MustParsePrefix("209.85.152.0/22"), netip.MustParsePrefix("209.85.204.0/22")}}))
	t.Run("probes find out who is healthy", func(t *testing.T) {
		for _, m := range []string{"a", "b"} {
			r.within(5*time.Second, "HEALTHY", func() string { return reported(m) })
		}
	})
	t.Run("the server sees the client, which sees the balancer", func(t *testing.T) {
		r.within(3*time.Second, "10.4.2.7", func() string { return client(r.ask(r.pod("c"), "", inner+":8080")) })
		if got := r.ask(r.pod("c"), "", inner+":8081"); got != "" {
			t.Errorf("a port that is not forwarded answers: %s", got)
		}
	})
	t.Run("the internet reaches what a firewall rule lets it", func(t *testing.T) {
		if got := r.ask(r.InternetNamespace(), "", outer+":8080"); got != "" {
			t.Errorf("without a rule: %s", got)
		}
		must(t, cloud.AddFirewall(gcesim.Firewall{Project: project, Network: "vpc", Name: "world", Protocols: []string{"tcp:8080"},
			Sources: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, Destinations: []netip.Prefix{netip.MustParsePrefix(outer + "/32")}}))
		r.within(3*time.Second, Internet, func() string {
			return client(r.ask(r.InternetNamespace(), "", outer+":8080"))
		})
	})
	t.Run("who answers no probe gets no new connections", func(t *testing.T) {
		health["a"]()
		r.within(6*time.Second, "UNHEALTHY", func() string { return reported("a") })
		time.Sleep(300 * time.Millisecond) // until the rules follow
		if got := r.servers(r.pod("c"), inner+":8080", 16); got["b"] != 16 {
			t.Errorf("served: %v", got)
		}
		r.serve(r.ns("a"), ":10256", "ok")
		r.within(5*time.Second, "HEALTHY", func() string { return reported("a") })
	})
	t.Run("who leaves the group keeps its connections until they have drained, and gets no others", func(t *testing.T) {
		long := map[string]*longConn{}
		for len(long) < 2 {
			c := r.hold(r.pod("c"), inner+":8080")
			long[c.server] = c
		}
		s, err := newGCE(t.Context(), Config{Endpoint: cloud.endpoint, Project: project, Network: "vpc"})
		must(t, err)
		cloud.do(t, s.NetworkEndpointGroups.DetachNetworkEndpoints(project, zone, "inner", &compute.NetworkEndpointGroupsDetachEndpointsRequest{
			NetworkEndpoints: []*compute.NetworkEndpoint{{Instance: "b"}}}).Do)
		r.within(3*time.Second, "map[a:16]", func() string { return fmt.Sprint(r.servers(r.pod("c"), inner+":8080", 16)) })
		if !long["b"].works() {
			t.Error("a connection did not drain")
		}
		time.Sleep(draining + time.Second)
		if long["b"].works() || !long["a"].works() {
			t.Error("after draining the connection to b works, or that to a does not")
		}
	})
}

// health is what the API reports of a machine.
func (c gceCloud) health(t *testing.T, service, machine string) string {
	t.Helper()
	s, err := newGCE(t.Context(), Config{Endpoint: c.endpoint, Project: project, Network: "vpc"})
	must(t, err)
	group := "https://www.googleapis.com/compute/v1/projects/" + project + "/zones/" + zone + "/networkEndpointGroups/" + service
	reply, err := s.RegionBackendServices.GetHealth(project, region, service, &compute.ResourceGroupReference{Group: group}).Do()
	must(t, err)
	for _, h := range reply.HealthStatus {
		if strings.HasSuffix(h.Instance, "/"+machine) {
			return h.HealthState
		}
	}
	return ""
}

// longConn is a connection that is kept.
type longConn struct {
	conn   net.Conn
	reader *bufio.Reader
	server string
}

func (r rig) hold(ns, to string) *longConn {
	r.t.Helper()
	c := &longConn{}
	must(r.t, Inside(ns, func() (err error) {
		c.conn, err = net.Dial("tcp4", to)
		return err
	}))
	r.t.Cleanup(func() { c.conn.Close() })
	c.reader = bufio.NewReader(c.conn)
	if !c.works() {
		r.t.Fatalf("%s does not answer", to)
	}
	return c
}

func (c *longConn) works() bool {
	_ = c.conn.SetDeadline(time.Now().Add(time.Second))
	fmt.Fprint(c.conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	res, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return false
	}
	text, err := io.ReadAll(res.Body)
	c.server = answered(string(text))
	return err == nil
}
