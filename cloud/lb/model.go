package lb

import (
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// Scheme is who can reach a balancer.
type Scheme string

// The schemes.
const (
	Internal Scheme = "Internal" // from within the VPC and what is joined to it
	External Scheme = "External" // from the internet
)

// Protocol is a listener's.
type Protocol string

// The protocols.
const (
	TCP Protocol = "TCP"
	UDP Protocol = "UDP"
)

// Family is an address family.
type Family string

// The families.
const (
	IPv4 Family = "IPv4"
	IPv6 Family = "IPv6"
)

// FamilyOf is the family of an address.
func FamilyOf(a netip.Addr) Family {
	if a.Is4() {
		return IPv4
	}
	return IPv6
}

// LoadBalancer is what is wanted for one owner: every listener on every
// frontend.
type LoadBalancer struct {
	// Owner is the Kubernetes object it is for.
	Owner  cloud.Owner
	Scheme Scheme
	// Frontends are its addresses, at most one of a family.
	Frontends []Frontend
	Listeners []Listener
	// Backends are what listeners send to, by the names that these have for
	// them.
	Backends map[string]Backend
	// AllowedSources may connect, of either family. Nobody may where it is
	// empty.
	AllowedSources []netip.Prefix
	// Attributes are settings that only some clouds have, by the names in the
	// adapter's list; Want refuses those it does not know.
	Attributes map[string]string
}

// Backend is what takes a listener's traffic, and how.
type Backend struct {
	// From is the object that asks for it; the balancer's owner where it is
	// zero.
	From cloud.Owner
	// Nodes are those that it sends to. Endpoint groups of pods come beside
	// them.
	Nodes NodeSet
	// Takes is how many of these it sends to, where each balancer has pools of
	// its own ([Rules.OwnPools]); all where it is 0.
	Takes int
	// Check is how a target is found to be healthy.
	Check HealthCheck
	// LocalOnly: a node sends to pods of its own alone and keeps the client's
	// address (externalTrafficPolicy Local).
	LocalOnly bool
	Affinity  Affinity
	// Attributes are as those of the balancer.
	Attributes map[string]string
}

// DefaultNodes is how many nodes a balancer sends to where nobody says it and
// any node serves.
const DefaultNodes = 25

// Frontend is one address of a balancer.
type Frontend struct {
	Family Family
	// Address is the one asked for; the cloud chooses where it is not valid.
	Address netip.Addr
	// Reserved names what somebody reserved for it in the cloud: an address of
	// Compute Engine, allocations of Elastic IPs separated by commas. It is
	// used and never changed.
	Reserved string
}

// Listener takes traffic in.
type Listener struct {
	// Name is what the owner calls it: a Service's port name, or empty.
	Name string
	// From is the object that asks for it; the balancer's owner where it is
	// zero.
	From     cloud.Owner
	Protocol Protocol
	Port     uint16
	To       Target
}

// Target is where a listener's traffic goes. HTTP routes, each with a Target of
// its own, come beside it.
type Target struct {
	// Backend is one of the balancer's, by name.
	Backend string
	// NodePort is the port of a node. A cloud that hands packets on as they came
	// has no use for it; one that does answers Invalid where it is 0.
	NodePort uint16
}

// HealthCheck asks each target whether to send to it.
type HealthCheck struct {
	// HTTP asks for Path; otherwise a TCP connection is enough.
	HTTP bool
	Path string
	// Port of the node: Service.spec.healthCheckNodePort, or kube-proxy's.
	Port uint16
	// Interval and Timeout, and how many answers in a row turn a target
	// healthy or unhealthy; the adapter's own where they are zero.
	Interval, Timeout  time.Duration
	Healthy, Unhealthy int
	// Shared: other balancers have the same, so the cloud may use one for all.
	Shared bool
}

// KubeProxyCheck is the check of balancers whose nodes all serve alike:
// kube-proxy fails it when a node is to go.
var KubeProxyCheck = HealthCheck{HTTP: true, Path: "/healthz", Port: 10256, Shared: true}

// Affinity says which connections go to one target.
type Affinity struct {
	// ClientIP: those of one client, for Timeout (the cloud's own where it is
	// zero, or cannot be set). Otherwise each by its five-tuple.
	ClientIP bool
	Timeout  time.Duration
}

// Ingress is where a balancer can be reached.
type Ingress struct {
	// Address, or the Hostname that stands for it: one of the two.
	Address  netip.Addr
	Hostname string
	// Rewritten: packets reach the node with another destination, so a node
	// must not catch traffic to the address itself (Service ipMode Proxy).
	Rewritten bool
}
