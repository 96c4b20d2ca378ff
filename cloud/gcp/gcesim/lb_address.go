package gcesim

import (
	"net/netip"
	"strings"
)

// namedAddress is the reserved address that the rule means, by name or by its
// value.
func (s *Sim) namedAddress(at spot, r *forwardingRule) (*address, *APIError) {
	text := r.IPAddress
	if ip := vipOf(text); ip.IsValid() {
		return s.addressAt(at, r.Network, ip), nil
	}
	if text == "" {
		return nil, nil
	}
	ref, ok := parseRef(text, at.project, "addresses")
	if !ok {
		return nil, invalidField("resource.IPAddress", text, "Must be an IP address or the URL of an address.")
	}
	if s.isBusy(ref.path("addresses")) {
		return nil, notReady(ref.path("addresses"))
	}
	a, ok := s.addresses.get(ref.project, ref.in, ref.name)
	if !ok {
		return nil, notFound(ref.path("addresses"))
	}
	if ref.in != at.in {
		return nil, invalidField("resource.IPAddress", text, "The address is not in region %s.", at.in.name)
	}
	return a, nil
}

// addressAt is the reserved address of the region with this value.
func (s *Sim) addressAt(at spot, network string, ip netip.Prefix) (found *address) {
	s.addresses.all(func(in shelfKey, a *address) {
		if in.scope == at.in && vipOf(a.Address) == ip && (a.Network == "" || network == "" || a.Network == network) {
			found = a
		}
	})
	return found
}

// fits: an address and a rule are of one type, family and tier.
func (o *address) fits(r *forwardingRule) *APIError {
	version := "IPV4"
	if vipOf(o.Address).Addr().Is6() {
		version = "IPV6"
	}
	switch {
	case o.AddressType != r.addressType():
		return invalidField("resource.IPAddress", o.Address, "The address is of type %s, the forwarding rule of scheme %s.", o.AddressType, r.LoadBalancingScheme)
	case version != r.IPVersion:
		return invalidField("resource.IPAddress", o.Address, "The IP version of the forwarding rule is %s.", r.IPVersion)
	case o.AddressType == "EXTERNAL" && orDefault(o.NetworkTier, "PREMIUM") != r.NetworkTier:
		return invalidField("resource.networkTier", r.NetworkTier, "The network tier of the specified IP address is %s.", orDefault(o.NetworkTier, "PREMIUM"))
	case o.AddressType == "INTERNAL" && o.Subnetwork != r.Subnetwork:
		return invalidField("resource.IPAddress", o.Address, "Requested internal IP address is outside the network/subnetwork range.")
	}
	return nil
}

// adoptVIP makes a reserved address the holder of one that a rule has.
func (s *Sim) adoptVIP(path string, a *address, ip netip.Prefix) (undo func(), refusal *APIError) {
	was, sp := "", (*space)(nil)
	if a.AddressType == "EXTERNAL" && ip.Addr().Is4() {
		was = s.lb.external[ip]
	} else {
		sp = s.spaceOf(pathOf(a.Network))
		if h, ok := sp.used.get(ip); ok {
			was = h.by
		}
	}
	set := func(by string) {
		if sp == nil {
			s.lb.external[ip] = by
		} else if h, ok := sp.used.get(ip); ok {
			h.by = by
		}
	}
	switch {
	case strings.Contains(was, "/addresses/"):
		return nil, invalidField("resource.address", a.Address, "Specified IP address is already reserved.")
	case !strings.Contains(was, "/forwardingRules/"):
		return nil, invalidField("resource.address", a.Address, "Specified IP address is not in use and cannot be chosen.")
	case a.Purpose == purposeSharedVIP:
		return nil, invalidField("resource.purpose", a.Purpose, "An address in use cannot be reserved with purpose %s.", a.Purpose)
	}
	set(path)
	return func() { set(was) }, nil
}

// rulesOf are the rules that use an address, by their URLs.
func (s *Sim) rulesOf(a *address) (out []string) {
	ip := vipOf(a.Address)
	s.lb.rules.every(func(r *forwardingRule) {
		if r.ip() == ip && r.addressType() == a.AddressType && (a.Network == "" || r.Network == "" || a.Network == r.Network) {
			out = append(out, r.SelfLink)
		}
	})
	return out
}

// dressAddress adds who uses it.
func (s *Sim) dressAddress(a *address) *address {
	out := *a
	if a.Region != "" {
		out.Network = "" // it is the subnetwork's
	}
	if out.Users = s.rulesOf(a); len(out.Users) > 0 {
		out.Status = "IN_USE"
	}
	return &out
}

// checkRegional wants known words.
func (o *address) checkRegional() *APIError {
	switch {
	case o.IPVersion != "" && o.IPVersion != "IPV4" && o.IPVersion != "IPV6":
		return invalidField("resource.ipVersion", o.IPVersion, "Must be IPV4 or IPV6.")
	case o.NetworkTier != "" && o.NetworkTier != "PREMIUM" && o.NetworkTier != "STANDARD":
		return invalidField("resource.networkTier", o.NetworkTier, "Must be PREMIUM or STANDARD.")
	case o.AddressType == "INTERNAL":
		return o.checkInternal()
	}
	return o.checkExternal()
}

func (o *address) checkInternal() *APIError {
	switch {
	case o.Purpose != "" && o.Purpose != "GCE_ENDPOINT" && o.Purpose != purposeSharedVIP:
		return invalidField("resource.purpose", o.Purpose, "This simulator knows GCE_ENDPOINT and %s.", purposeSharedVIP)
	case o.IPVersion == "IPV6" && o.Purpose == purposeSharedVIP:
		return invalidField("resource.purpose", o.Purpose, "Purpose %s is for IPv4 addresses.", o.Purpose)
	}
	return nil
}

func (o *address) checkExternal() *APIError {
	six := o.IPVersion == "IPV6"
	switch {
	case six && o.NetworkTier == "STANDARD":
		return invalidField("resource.networkTier", o.NetworkTier, "IPv6 needs the premium tier.")
	case o.Purpose != "":
		return invalidField("resource.purpose", o.Purpose, "Purpose is for internal addresses.")
	case six && o.IPv6EndpointType != "NETLB" && o.IPv6EndpointType != "VM":
		return invalidField("resource.ipv6EndpointType", o.IPv6EndpointType, "Must be NETLB or VM.")
	case !six && o.Subnetwork != "":
		return invalidField("resource.subnetwork", o.Subnetwork, "Subnetwork cannot be specified for an external IPv4 address.")
	}
	return nil
}
