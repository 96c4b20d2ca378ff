package balance

import (
	"context"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"
)

// Dial connects from an address that the balancer probes from. The mark says
// which machine an address that several have is to be.
type Dial func(ctx context.Context, from netip.Addr, to netip.AddrPort, mark int) (net.Conn, error)

// Target is where a member's health is found out.
type Target struct {
	Check Check
	From  []netip.Prefix
	To    netip.AddrPort
	Mark  int
}

// Prober finds out by real connections who answers.
type Prober struct {
	dial Dial

	mu      sync.Mutex
	running map[Key]probe
	health  Health
	wait    sync.WaitGroup
}

type probe struct {
	Target
	stop context.CancelFunc
}

// NewProber makes one that watches nothing yet.
func NewProber(dial Dial) *Prober {
	return &Prober{dial: dial, running: map[Key]probe{}, health: Health{}}
}

// Health is what was found until now.
func (p *Prober) Health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.health)
}

// Watch probes these targets from now on, and no others. A target that stays
// keeps what was found of it.
func (p *Prober) Watch(targets map[Key]Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, was := range p.running {
		if t, ok := targets[key]; !ok || !reflect.DeepEqual(t, was.Target) {
			was.stop()
			delete(p.running, key)
			if !ok {
				delete(p.health, key)
			}
		}
	}
	for key, t := range targets {
		if _, ok := p.running[key]; ok {
			continue
		}
		ctx, stop := context.WithCancel(context.Background())
		p.running[key] = probe{t, stop}
		p.wait.Go(func() { p.watch(ctx, key, t) })
	}
}

// watch begins at once, as a member that was added should serve soon.
func (p *Prober) watch(ctx context.Context, key Key, t Target) {
	row := 0 // answers in a row, below zero failures
	for tick := time.NewTicker(t.Check.Interval); ; {
		switch ok := p.once(ctx, t); {
		case ctx.Err() != nil:
			tick.Stop()
			return
		case ok:
			row = max(row, 0) + 1
		default:
			row = min(row, 0) - 1
		}
		p.mu.Lock()
		if _, watched := p.running[key]; watched && ctx.Err() == nil {
			if row >= t.Check.Healthy {
				p.health[key] = true
			} else if -row >= t.Check.Unhealthy {
				p.health[key] = false
			}
		}
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			tick.Stop()
			return
		case <-tick.C:
		}
	}
}

func (p *Prober) once(ctx context.Context, t Target) bool {
	ctx, cancel := context.WithTimeout(ctx, t.Check.Timeout)
	defer cancel()
	if !t.Check.HTTP {
		conn, err := p.connect(ctx, t)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
	client := http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return p.connect(ctx, t)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.To.String()+t.Check.Path, nil)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	res.Body.Close()
	if len(t.Check.Codes) == 0 {
		return res.StatusCode == http.StatusOK
	}
	return slices.ContainsFunc(t.Check.Codes, func(c Ports) bool { return int(c.From) <= res.StatusCode && res.StatusCode <= int(c.To) })
}

// connect begins with a header of the PROXY protocol where the check wants one;
// it names nobody.
func (p *Prober) connect(ctx context.Context, t Target) (net.Conn, error) {
	conn, err := p.dial(ctx, pick(t.From), t.To, t.Mark)
	if err != nil || !t.Check.Header {
		return conn, err
	}
	if _, err := io.WriteString(conn, "PROXY UNKNOWN\r\n"); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// pick is any address of the ranges: a firewall that lets in but some of the
// documented ranges shows as health that comes and goes.
func pick(ranges []netip.Prefix) netip.Addr {
	p := ranges[rand.N(len(ranges))]
	if p.Bits() == 32 {
		return p.Addr()
	}
	a := p.Addr().As4()
	n := 1 + rand.Uint32N(1<<(32-p.Bits())-2)
	v := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3]) + n
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
