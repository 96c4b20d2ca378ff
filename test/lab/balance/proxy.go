package balance

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Listen takes connections at an address that clients connect to.
type Listen func(at netip.AddrPort) (net.Listener, error)

// connectLimit is how long a proxy tries to connect to a member.
const connectLimit = 5 * time.Second

// Proxies are the balancers that end connections, and their connections.
type Proxies struct {
	listen Listen
	dial   Dial
	seed   maphash.Seed

	mu       sync.Mutex
	fronts   map[netip.AddrPort]*front
	sessions map[*session]bool
	wait     sync.WaitGroup
}

// front is an address that is served.
type front struct {
	net.Listener
	balancer Balancer
	eligible []Member
}

// session is a connection of a client, and the one that was made for it.
type session struct {
	balancer string
	member   netip.AddrPort
	end      context.CancelFunc
}

// NewProxies makes some that serve nothing yet.
func NewProxies(listen Listen, dial Dial) *Proxies {
	return &Proxies{listen: listen, dial: dial, seed: maphash.MakeSeed(), fronts: map[netip.AddrPort]*front{}, sessions: map[*session]bool{}}
}

// Follow serves the balancers that are proxies from now on, and no others. New
// connections go to members that are eligible now; what there is goes on until
// Cut or its ends end it.
func (p *Proxies) Follow(balancers []Balancer, h Health) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	want := map[netip.AddrPort]*front{}
	for _, b := range balancers {
		for at, f := range b.listeners() {
			want[at] = &front{balancer: b, eligible: b.Eligible(f, h)}
		}
	}
	for at, f := range p.fronts {
		if want[at] == nil {
			f.Close()
			f.eligible = nil // for a client that was taken a moment ago
			delete(p.fronts, at)
		}
	}
	for at, next := range want {
		if f, ok := p.fronts[at]; ok {
			f.balancer, f.eligible = next.balancer, next.eligible
			continue
		}
		l, failed := p.listen(at)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("serving balancer %s at %s: %w", next.balancer.Name, at, failed))
			continue
		}
		next.Listener = l
		p.fronts[at] = next
		p.wait.Go(func() { p.accept(next) })
	}
	return err
}

// listeners are what a proxy listens at.
func (b Balancer) listeners() map[netip.AddrPort]Front {
	out := map[netip.AddrPort]Front{}
	for _, f := range b.Fronts {
		for _, ports := range b.Ports {
			for port := int(ports.From); b.Proxy != nil && port <= int(ports.To); port++ {
				out[netip.AddrPortFrom(f.Addr, uint16(port))] = f
			}
		}
	}
	return out
}

// Cut ends the connections of a balancer to a member.
func (p *Proxies) Cut(balancer string, member netip.AddrPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.sessions {
		if s.balancer == balancer && s.member == member {
			s.end()
		}
	}
}

// Close ends everything.
func (p *Proxies) Close() {
	_ = p.Follow(nil, nil)
	p.mu.Lock()
	for s := range p.sessions {
		s.end()
	}
	p.mu.Unlock()
	p.wait.Wait()
}

func (p *Proxies) accept(f *front) {
	for {
		client, err := f.Accept()
		if err != nil {
			return
		}
		p.wait.Go(func() {
			defer client.Close()
			p.serve(f, client)
		})
	}
}

// serve connects a client to a member; without one, or where it does not
// answer, the connection ends.
func (p *Proxies) serve(f *front, client net.Conn) {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	s := &session{end: end}
	how, ok := p.choose(f, client, s)
	defer p.forget(s)
	if !ok {
		return
	}
	limited, stop := context.WithTimeout(ctx, connectLimit)
	defer stop()
	server, err := p.dial(limited, pick([]netip.Prefix{how.From}), s.member, 0)
	if err != nil {
		return
	}
	defer server.Close()
	if how.Header {
		if _, err := io.WriteString(server, headerFor(client.RemoteAddr(), client.LocalAddr())); err != nil {
			return
		}
	}
	context.AfterFunc(ctx, func() {
		client.Close()
		server.Close()
	})
	relay(client, server)
}

// choose takes a member for a client, and makes the connection known, so that
// one that leaves a moment later is not missed.
func (p *Proxies) choose(f *front, client net.Conn, s *session) (how Proxy, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(f.eligible) == 0 {
		return how, false
	}
	at := rand.N(len(f.eligible))
	if f.balancer.ByClient {
		host, _, _ := net.SplitHostPort(client.RemoteAddr().String())
		at = int(maphash.String(p.seed, host) % uint64(len(f.eligible)))
	}
	s.balancer, s.member = f.balancer.Name, f.eligible[at].Endpoint()
	p.sessions[s] = true
	return *f.balancer.Proxy, true
}

func (p *Proxies) forget(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, s)
}
