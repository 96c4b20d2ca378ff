package resolve

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Endpoint is one address and port behind a Service's port.
type Endpoint struct {
	netip.AddrPort
	// Ready endpoints get connections; Serving ones answer. Those that are
	// Terminating are to get no new connections.
	Ready, Serving, Terminating bool
}

// Wanted reports whether groups are to hold the endpoint. One that terminates
// leaves at once: whatever time it has left is for its connections to drain.
func (e Endpoint) Wanted() bool { return e.Ready && !e.Terminating }

// better reports whether an endpoint that is in two slices, as happens while
// they are rewritten, is as e says rather than as other says.
func (e Endpoint) better(other Endpoint) bool {
	switch {
	case e.Wanted() != other.Wanted():
		return e.Wanted()
	case e.Ready != other.Ready:
		return e.Ready
	case e.Serving != other.Serving:
		return e.Serving
	}
	return !e.Terminating && other.Terminating
}

// Merge is the endpoints of one port in all slices of a Service, in order, each
// once. A port is known by its name and protocol; its number may differ from
// slice to slice. Only the first address of an endpoint counts, as the API says
// (discovery/v1, Endpoint.addresses).
func Merge(list []*discoveryv1.EndpointSlice, name string, protocol corev1.Protocol, family v1alpha1.Family) []Endpoint {
	best := map[netip.AddrPort]Endpoint{}
	for _, s := range list {
		if s.AddressType != addressType(family) {
			continue
		}
		for _, p := range s.Ports {
			number := ptr.Deref(p.Port, 0)
			if ptr.Deref(p.Name, "") != name || protocolOf(ptr.Deref(p.Protocol, "")) != protocolOf(protocol) || number < 1 || number > 65535 {
				continue
			}
			for i := range s.Endpoints {
				e, ok := endpointOf(&s.Endpoints[i], uint16(number))
				if had, twice := best[e.AddrPort]; ok && (!twice || e.better(had)) {
					best[e.AddrPort] = e
				}
			}
		}
	}
	out := make([]Endpoint, 0, len(best))
	for _, e := range best {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Endpoint) int { return a.AddrPort.Compare(b.AddrPort) })
	return out
}

// Lag reports whether slices have endpoints, and none of them the port: it is
// called by another name in the Service by now, and the slices are written after
// the Service.
func Lag(list []*discoveryv1.EndpointSlice, name string, protocol corev1.Protocol, family v1alpha1.Family) bool {
	some := false
	for _, s := range list {
		if s.AddressType != addressType(family) {
			continue
		}
		some = some || len(s.Endpoints) > 0
		if slices.ContainsFunc(s.Ports, func(p discoveryv1.EndpointPort) bool {
			return ptr.Deref(p.Name, "") == name && protocolOf(ptr.Deref(p.Protocol, "")) == protocolOf(protocol)
		}) {
			return false
		}
	}
	return some
}

func addressType(f v1alpha1.Family) discoveryv1.AddressType {
	if f == v1alpha1.IPv6 {
		return discoveryv1.AddressTypeIPv6
	}
	return discoveryv1.AddressTypeIPv4
}

// endpointOf reads an endpoint; conditions that are not set have the meaning
// that discovery/v1 gives them.
func endpointOf(e *discoveryv1.Endpoint, port uint16) (Endpoint, bool) {
	if len(e.Addresses) == 0 {
		return Endpoint{}, false
	}
	a, err := netip.ParseAddr(e.Addresses[0])
	if err != nil || a.Zone() != "" {
		return Endpoint{}, false
	}
	return Endpoint{
		AddrPort: netip.AddrPortFrom(a.Unmap(), port),
		Ready:    ptr.Deref(e.Conditions.Ready, true), Serving: ptr.Deref(e.Conditions.Serving, true), Terminating: ptr.Deref(e.Conditions.Terminating, false),
	}, true
}
