package fabric

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/test/lab/balance"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// Config says which network of which simulated cloud the fabric is.
type Config struct {
	Cloud    string // gcp or aws
	Endpoint string // URL of the simulated cloud
	// Project and Network name it on Compute Engine; on EC2 Network is the ID
	// of the VPC.
	Project, Network string
	// Prefix begins the name of everything that is made outside of namespaces.
	Prefix string
	// Lag is at most how long the data plane is behind the API.
	Lag time.Duration
	// Log gets what goes wrong while the fabric runs; it goes on.
	Log func(format string, args ...any)
}

// NIC is a machine's end of the fabric.
type NIC struct {
	Instance, Device string // Device is in the fabric's namespace
	Primary          netip.Addr
	// External is the machine's own address on the internet.
	External netip.Addr

	index        int
	netns, guest string // the machine's namespace and its device in there
}

func (n NIC) mark() int { return 256 + n.index }

const (
	wan          = "wan" // the device towards the internet
	internetSide = "203.0.113.254"
	gatewaySide  = "203.0.113.1"
	// Internet is a host on the internet: whoever wants to serve there binds it.
	Internet = "192.0.2.7"
	poll     = 200 * time.Millisecond
	mtu      = 1460
)

// Fabric is a VPC that runs.
type Fabric struct {
	Config
	reader  reader
	prober  *balance.Prober
	proxies *balance.Proxies
	drain   balance.Drainer

	mu      sync.Mutex
	nics    map[string]NIC // by instance
	marks   map[string]int // by instance, also of those that are gone
	plugs   int
	current VPC // what the data plane follows
	applied Plan
	guests  map[string]map[string]string // what was set inside of machines
}

// reader reads a cloud.
type reader interface {
	read(ctx context.Context) (VPC, error)
}

// New makes the namespaces of the fabric and of the internet.
func New(ctx context.Context, c Config) (*Fabric, error) {
	if c.Prefix == "" {
		return nil, errors.New("making a fabric: it needs a prefix, so that it can be told from others' namespaces")
	}
	if c.Log == nil {
		c.Log = func(string, ...any) {}
	}
	f := &Fabric{Config: c, nics: map[string]NIC{}, marks: map[string]int{}, guests: map[string]map[string]string{}}
	var err error
	switch c.Cloud {
	case "gcp":
		f.reader, err = newGCE(ctx, c)
	case "aws":
		f.reader = newEC2(c)
	default:
		err = fmt.Errorf("there is no cloud %q: gcp or aws", c.Cloud)
	}
	if err != nil {
		return nil, fmt.Errorf("making a fabric: %w", err)
	}
	f.prober, f.proxies = balance.NewProber(f.dial), balance.NewProxies(f.listen, f.dial)
	for _, name := range []string{f.Namespace(), f.InternetNamespace()} {
		if _, err := os.Stat(netns.Path(name)); err == nil {
			return nil, fmt.Errorf("making a fabric: the namespace %s is there already", name)
		}
	}
	if err := f.build(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("making a fabric: %w", err), f.Close())
	}
	return f, nil
}

// Namespace is the fabric's; InternetNamespace is that of the internet.
func (f *Fabric) Namespace() string         { return f.Prefix + "vpc" }
func (f *Fabric) InternetNamespace() string { return f.Prefix + "inet" }

func (f *Fabric) build(ctx context.Context) error {
	vpc, inet := f.Namespace(), f.InternetNamespace()
	for _, name := range []string{vpc, inet} {
		if err := netns.Create(ctx, name); err != nil {
			return err
		}
	}
	// Without IPv6 the fabric itself sends nothing that its firewall would count.
	if err := netns.Sysctl(ctx, vpc, "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"); err != nil {
		return err
	}
	if err := netns.Veth(ctx, vpc, wan, inet, "eth0"); err != nil {
		return err
	}
	if err := netns.IP(ctx, vpc, fmt.Sprintf("addr add %s peer %s dev %s", gatewaySide, internetSide, wan)); err != nil {
		return err
	}
	return netns.IP(ctx, inet,
		fmt.Sprintf("addr add %s/32 dev lo", Internet),
		fmt.Sprintf("addr add %s peer %s dev eth0", internetSide, gatewaySide),
		fmt.Sprintf("route add default via %s src %s", gatewaySide, Internet))
}

// Close removes the namespaces, and with them every NIC.
func (f *Fabric) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	f.prober.Watch(nil)
	f.proxies.Close()
	return errors.Join(netns.Delete(ctx, f.Namespace()), netns.Delete(ctx, f.InternetNamespace()))
}

// Run follows the cloud until ctx is done.
func (f *Fabric) Run(ctx context.Context) error {
	defer f.prober.Watch(nil)
	lag := &delay{most: f.Lag}
	for tick := time.NewTicker(poll); ; {
		if err := f.step(ctx, lag); err != nil && ctx.Err() == nil {
			f.Log("fabric: %v", err)
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return nil
		case <-tick.C:
		}
	}
}

func (f *Fabric) step(ctx context.Context, lag *delay) error {
	seen, err := f.reader.read(ctx)
	if err != nil {
		return fmt.Errorf("reading the cloud: %w", err)
	}
	next, due := lag.next(seen, time.Now())
	f.mu.Lock()
	defer f.mu.Unlock()
	if due {
		f.current = next
	}
	return f.apply(ctx)
}

// Healthy tells what probes found of a member of a backend service or target
// group: a machine by its name, an endpoint of a proxy by its address and port.
// It is for the simulated cloud, which reports it by its API.
func (f *Fabric) Healthy(service, member string) bool {
	return f.prober.Health()[balance.Key{Service: service, Member: member}]
}

// Hosts are the names of load balancers that have one, and the addresses that
// DNS has for them now.
func (f *Fabric) Hosts() map[string][]netip.Addr {
	f.mu.Lock()
	defer f.mu.Unlock()
	hosts := map[string][]netip.Addr{}
	for _, b := range f.current.Balancers {
		for _, front := range b.Resolved(f.prober.Health()) {
			at := front.Addr
			if front.Public.IsValid() {
				at = front.Public
			}
			if b.Host != "" && !slices.Contains(hosts[b.Host], at) {
				hosts[b.Host] = append(hosts[b.Host], at)
			}
		}
	}
	return hosts
}
