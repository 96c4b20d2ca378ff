package balance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// upstream answers each line with its name and that line; it returns its member.
func upstream(t *testing.T, name string) Member {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					fmt.Fprintf(conn, "%s %s\n", name, lines.Text())
				}
				fmt.Fprintf(conn, "%s ends\n", name) // after the client's own end
			}()
		}
	}()
	at := netip.MustParseAddrPort(l.Addr().String())
	return Member{Machine: "m", Addr: at.Addr(), Port: at.Port()}
}

// served is a proxy on this machine's loopback with these members.
func served(t *testing.T, members ...Member) (*Proxies, Balancer, string) {
	t.Helper()
	var at string
	p := NewProxies(func(at0 netip.AddrPort) (net.Listener, error) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err == nil {
			at = l.Addr().String()
		}
		return l, err
	}, func(ctx context.Context, from netip.Addr, to netip.AddrPort, _ int) (net.Conn, error) {
		if !netip.MustParsePrefix("10.9.0.0/26").Contains(from) {
			return nil, fmt.Errorf("from %s", from)
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp4", to.String())
	})
	t.Cleanup(p.Close)
	b := Balancer{Name: "b", Service: "s", Protocol: "tcp", Ports: []Ports{{80, 80}}, Members: members,
		Fronts: []Front{{Addr: netip.MustParseAddr("10.0.0.9")}}, Proxy: &Proxy{From: netip.MustParsePrefix("10.9.0.0/26")}}
	follow(t, p, nil, b)
	return p, b, at
}

func follow(t *testing.T, p *Proxies, h Health, balancers ...Balancer) {
	t.Helper()
	if err := p.Follow(balancers, h); err != nil {
		t.Fatal(err)
	}
}

// client is a connection to a proxy.
type client struct {
	net.Conn
	*bufio.Reader
}

func connect(t *testing.T, at string) client {
	t.Helper()
	conn, err := net.Dial("tcp4", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	return client{conn, bufio.NewReader(conn)}
}

// says is what comes back for a line, the empty string for nothing.
func (c client) says(line string) string {
	_, _ = io.WriteString(c.Conn, line+"\n")
	text, _ := c.ReadString('\n')
	return strings.TrimSpace(text)
}

func TestAProxyServesWhoIsHealthy(t *testing.T) {
	a, b := upstream(t, "a"), upstream(t, "b")
	p, balancer, at := served(t, a, b)
	seen := map[string]bool{}
	for range 64 {
		seen[connect(t, at).says("hello")] = true
	}
	if len(seen) != 2 || !seen["a hello"] || !seen["b hello"] {
		t.Errorf("without health all serve: %v", seen)
	}
	follow(t, p, Health{balancer.Key(b): true}, balancer)
	for range 16 {
		if got := connect(t, at).says("hello"); got != "b hello" {
			t.Errorf("only b is healthy: %q", got)
		}
	}
	balancer.ByClient = true
	follow(t, p, nil, balancer)
	first := connect(t, at).says("hello")
	for range 16 {
		if got := connect(t, at).says("hello"); got != first || got == "" {
			t.Errorf("a client goes to %q and to %q", first, got)
		}
	}
}

func TestAProxyKeepsItsConnectionsUntilTheyAreCut(t *testing.T) {
	a := upstream(t, "a")
	p, balancer, at := served(t, a)
	kept, halfway := connect(t, at), connect(t, at)
	if got := kept.says("one"); got != "a one" {
		t.Fatal(got)
	}
	_ = halfway.Conn.(*net.TCPConn).CloseWrite()
	if text, err := io.ReadAll(halfway.Reader); err != nil || string(text) != "a ends\n" {
		t.Errorf("a client that ended writing reads %q, %v", text, err)
	}
	balancer.Members[0].Draining = true
	follow(t, p, nil, balancer)
	if got := connect(t, at).says("hello"); got != "" {
		t.Errorf("a new connection to a member that drains: %q", got)
	}
	if got := kept.says("two"); got != "a two" {
		t.Errorf("while it drains: %q", got)
	}
	follow(t, p, nil)
	if _, err := net.DialTimeout("tcp4", at, time.Second); err == nil {
		t.Error("a balancer that is gone takes connections")
	}
	p.Cut("b", upstream(t, "c").Endpoint()) // of another member
	if got := kept.says("three"); got != "a three" {
		t.Errorf("after a cut of another: %q", got)
	}
	p.Cut("b", a.Endpoint())
	if got := kept.says("four"); got != "" {
		t.Errorf("after the cut: %q", got)
	}
}

func TestAProxySendsTheHeader(t *testing.T) {
	p, balancer, at := served(t, upstream(t, "a"))
	balancer.Proxy = &Proxy{From: balancer.Proxy.From, Header: true}
	follow(t, p, nil, balancer)
	c := connect(t, at)
	local, remote := netip.MustParseAddrPort(c.LocalAddr().String()), netip.MustParseAddrPort(at)
	want := fmt.Sprintf("a PROXY TCP4 127.0.0.1 127.0.0.1 %d %d", local.Port(), remote.Port())
	if got := c.says("hello"); got != want {
		t.Errorf("it begins with %q, want %q", got, want)
	}
}

func TestEndpointsOfOneMachineDrainByThemselves(t *testing.T) {
	m := func(port uint16) Member {
		return Member{Machine: "m", Addr: netip.MustParseAddr("10.4.0.7"), Port: port}
	}
	b := Balancer{Name: "b", Service: "s", Drain: time.Second, Members: []Member{m(80), m(81)}, Proxy: &Proxy{}, Fronts: []Front{{Addr: netip.MustParseAddr("10.0.0.9")}}}
	d, now := &Drainer{}, time.Now()
	d.Follow([]Balancer{b}, nil, now)
	b.Members = b.Members[1:]
	d.Follow([]Balancer{b}, nil, now)
	_, cuts := d.Follow([]Balancer{b}, nil, now.Add(time.Second))
	if len(cuts) != 1 || cuts[0].Endpoint != m(80).Endpoint() || cuts[0].Balancer != "b" {
		t.Errorf("cuts: %v", cuts)
	}
	if h := (Health{b.Key(m(81)): true}); len(b.Eligible(b.Fronts[0], h)) != 1 || b.Key(m(81)).Member != "10.4.0.7:81" {
		t.Errorf("health is kept by %v", b.Key(m(81)))
	}
}
