package gcesim

import (
	"net/netip"
	"strings"
)

// The addresses of forwarding rules. An internal one is taken in its
// subnetwork, as a VM's; an external one out of a space of nobody's.

// balancing is what a Sim knows of load balancing.
type balancing struct {
	checks   *lbShelf[*healthCheck]
	backends *lbShelf[*backendService]
	rules    *lbShelf[*forwardingRule]
	proxies  *lbShelf[*targetProxy]
	negs     *lbShelf[*endpointGroup]
	groups   *lbShelf[*instanceGroup]
	// external is who holds an external IPv4 address: the path of an address
	// or, where it is ephemeral, of a rule.
	external map[netip.Prefix]string
	lastVIP  uint32
	failing  map[string]bool // VMs that answer no health check, by path
}

func newBalancing(keep int) balancing {
	return balancing{
		checks: newShelf[*healthCheck](keep), backends: newShelf[*backendService](keep), rules: newShelf[*forwardingRule](keep),
		proxies: newShelf[*targetProxy](keep), negs: newShelf[*endpointGroup](keep), groups: newShelf[*instanceGroup](keep), external: map[netip.Prefix]string{}, failing: map[string]bool{},
	}
}

// externalVIPs is benchmarking space (RFC 2544): nobody's.
var externalVIPs = mustPrefix("198.18.0.0/15")

func (s *Sim) newExternalIP(by string) netip.Prefix {
	s.lb.lastVIP++
	a := externalVIPs.Addr().As4()
	n := uint32(a[0])<<24 | uint32(a[1])<<16 + s.lb.lastVIP
	p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), 32)
	s.lb.external[p] = by
	return p
}

// giveRuleAddress resolves the rule's address, or chooses one, and checks who
// else has it.
func (s *Sim) giveRuleAddress(at spot, r *forwardingRule) (undo func(), refusal *APIError) {
	path, nothing := pathOf(r.SelfLink), func() {}
	held, refusal := s.namedAddress(at, r)
	if refusal != nil {
		return nil, refusal
	}
	var ip netip.Prefix
	if held != nil {
		if refusal := held.fits(r); refusal != nil {
			return nil, refusal
		}
		ip = vipOf(held.Address)
	} else if ip = vipOf(r.IPAddress); r.IPAddress != "" && !ip.IsValid() {
		return nil, invalidField("resource.IPAddress", r.IPAddress, "Must be an IP address or the URL of an address.")
	}
	if ip.IsValid() {
		if refusal := s.sharesVIP(r, ip, held); refusal != nil {
			return nil, refusal
		}
	}
	if held != nil {
		r.setIP(ip)
		return nothing, nil
	}
	ip, refusal = s.takeVIP(r, path, ip)
	if refusal != nil {
		return nil, refusal
	}
	r.setIP(ip)
	return func() { s.dropVIP(r.Network, path, ip) }, nil
}

func (o *forwardingRule) setIP(p netip.Prefix) {
	if o.IPAddress = p.Addr().String(); p.Addr().Is6() {
		o.IPAddress = p.String()
	}
}

// isAt reports whether the rule has the address of another that is to be.
func (o *forwardingRule) isAt(ip netip.Prefix, r *forwardingRule) bool {
	return o.ip() == ip && o.addressType() == r.addressType() && (!o.internal() || o.Network == r.Network)
}

// sharesVIP checks the other rules of the address.
func (s *Sim) sharesVIP(r *forwardingRule, ip netip.Prefix, held *address) (refusal *APIError) {
	others := 0
	s.lb.rules.every(func(o *forwardingRule) {
		if !o.isAt(ip, r) {
			return
		}
		others++
		if o.meets(r) || o.LoadBalancingScheme != r.LoadBalancingScheme {
			refusal = invalid("Invalid value for field 'resource.portRange': '%s'. Forwarding rule's port range is conflicting with forwarding rule '%s'.",
				strings.Join(r.Ports, ","), pathOf(o.SelfLink))
		}
	})
	switch {
	case others == 0 || refusal != nil:
		return refusal
	case !r.internal() && held == nil:
		return invalid("Invalid value for field 'resource.IPAddress': '%s'. Specified IP address is in-use and would result in a conflict.", ip.Addr())
	case r.internal() && (held == nil || ip.Addr().Is4() && held.Purpose != purposeSharedVIP):
		return refuse(409, "IP_IN_USE_BY_ANOTHER_RESOURCE", "IP '%s' is already being used by another resource.", ip.Addr())
	case r.internal() && others >= maxRulesOfVIP:
		return invalidField("resource.IPAddress", ip.Addr().String(), "At most %d internal forwarding rules can share an IP address.", maxRulesOfVIP)
	}
	return nil
}

const purposeSharedVIP = "SHARED_LOADBALANCER_VIP"

// takeVIP takes an ephemeral address, the one asked for or any.
func (s *Sim) takeVIP(r *forwardingRule, by string, ip netip.Prefix) (netip.Prefix, *APIError) {
	if !r.internal() && r.IPVersion == "IPV4" {
		if ip.IsValid() {
			return ip, invalidField("resource.IPAddress", r.IPAddress, "The specified external IP address is not reserved in the project.")
		}
		return s.newExternalIP(by), nil
	}
	return s.takeInSubnet(r.Subnetwork, by, r.IPVersion, r.IPAddress)
}

// takeInSubnet takes an address, or a /96, of a subnetwork.
func (s *Sim) takeInSubnet(link, by, version, text string) (netip.Prefix, *APIError) {
	ref, _ := parseRef(link, "", "subnetworks")
	sub, ok := s.subnetworks.get(ref.project, ref.in, ref.name)
	if !ok {
		return netip.Prefix{}, notFound(ref.path("subnetworks"))
	}
	sp := s.spaceOf(sub.networkPath())
	var ip netip.Prefix
	var failure *OperationError
	var refusal *APIError
	if version == "IPV6" {
		of, ok := sub.ipv6()
		if !ok {
			return ip, invalidField("resource.subnetwork", link, "The subnetwork has no IPv6 range.")
		}
		if text != "" && !of.Contains(vipOf(text).Addr()) {
			return ip, invalidField("resource.IPAddress", text, "Requested IPv6 address is outside the network/subnetwork range.")
		}
		if text != "" {
			text = vipOf(text).Addr().String()
		}
		ip, failure = s.takeInterfaceRange(sp, of, text, by)
	} else {
		ip, failure, refusal = s.primaryIP("resource.IPAddress", sp, sub, by, text)
	}
	if failure != nil && failure.Code == "IP_IN_USE_BY_ANOTHER_RESOURCE" {
		return ip, refuse(409, failure.Code, "%s", failure.Message)
	}
	if failure != nil {
		return ip, refuse(400, "invalid", "%s", failure.Message)
	}
	return ip, refusal
}

// dropVIP frees an address, if it was by's alone.
func (s *Sim) dropVIP(network, by string, ip netip.Prefix) {
	if s.lb.external[ip] == by {
		delete(s.lb.external, ip)
		return
	}
	for path, sp := range s.space {
		if network != "" && selfLinkBase+path != network {
			continue
		}
		if h, ok := sp.used.get(ip); ok && h.by == by {
			s.release(sp, ip)
		}
	}
}
