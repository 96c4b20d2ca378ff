package gcesim

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Forwarding rules, as the reference of forwardingRules and the forwarding
// rules overview have them.
var forwardingRules = &lbKind[forwardingRule, *forwardingRule]{
	kind: "forwardingRule", collection: "forwardingRules", quota: QuotaForwardingRules,
	// What a patch may change is the network tier and global access.
	fixed: []string{"IPAddress", "IPProtocol", "ipVersion", "ports", "portRange", "allPorts", "loadBalancingScheme", "backendService",
		"target", "network", "subnetwork", "serviceLabel", "sourceIpRanges", "description"},
	shelf: func(s *Sim) *lbShelf[*forwardingRule] { return s.lb.rules },
	complete: func(s *Sim, at spot, r, was *forwardingRule) *APIError {
		if was != nil && managed(was.LoadBalancingScheme) && was.AllowGlobalAccess != r.AllowGlobalAccess {
			return invalidField("resource.allowGlobalAccess", fmt.Sprint(r.AllowGlobalAccess), "The field cannot be modified with loadBalancingScheme %s.", was.LoadBalancingScheme)
		}
		if was != nil {
			return r.checkAccess()
		}
		return s.completeRule(at, r)
	},
	enter: func(s *Sim, at spot, r *forwardingRule) (func(), *APIError) { return s.giveRuleAddress(at, r) },
	leave: func(s *Sim, at spot, r *forwardingRule) { s.dropVIP(r.Network, pathOf(r.SelfLink), r.ip()) },
}

// mixes says which protocols a rule may have for a backend service's: the
// table of the forwarding rules overview.
var mixes = map[string][]string{"TCP": {"TCP", "UNSPECIFIED"}, "UDP": {"UDP", "UNSPECIFIED"}, "L3_DEFAULT": {"UNSPECIFIED"}}

const (
	maxRulePorts   = 5  // ports of a passthrough rule
	maxRulesOfVIP  = 10 // internal rules that share an address
	maxSourceRange = 64
)

func (o *forwardingRule) checkAccess() *APIError {
	if o.AllowGlobalAccess && !o.internal() {
		return invalidField("resource.allowGlobalAccess", "true", "Global access is for internal load balancers.")
	}
	if o.internal() && validTier(o.NetworkTier) { // whatever is asked
		o.NetworkTier = "PREMIUM"
	}
	if !validTier(o.NetworkTier) {
		return invalidField("resource.networkTier", o.NetworkTier, "Must be PREMIUM or STANDARD.")
	}
	return nil
}

func validTier(tier string) bool { return tier == "PREMIUM" || tier == "STANDARD" }

func (s *Sim) completeRule(at spot, r *forwardingRule) *APIError {
	r.IPProtocol, r.NetworkTier, r.IPVersion = orDefault(r.IPProtocol, "TCP"), orDefault(r.NetworkTier, "PREMIUM"), orDefault(r.IPVersion, "IPV4")
	if refusal := r.checkAccess(); refusal != nil {
		return refusal
	}
	if managed(r.LoadBalancingScheme) {
		return s.completeProxied(at, r)
	}
	if r.Target != "" {
		return invalidField("resource.target", r.Target, "A passthrough load balancer has a backend service in place of a target.")
	}
	if refusal := r.checkPorts(); refusal != nil {
		return refusal
	}
	b, ref, refusal := refer(s, s.lb.backends, at, "resource.backendService", r.BackendService, "backendServices")
	if refusal != nil {
		return refusal
	}
	r.BackendService = b.SelfLink
	if ref.in != at.in {
		return invalidField("resource.backendService", r.BackendService, "The backend service must be in the same region.")
	}
	if refusal := r.fitsBackend(b); refusal != nil {
		return refusal
	}
	return s.subnetOfRule(at, r, b)
}

func (o *forwardingRule) fitsBackend(b *backendService) *APIError {
	switch {
	case b.LoadBalancingScheme != o.LoadBalancingScheme:
		return invalidField("resource.loadBalancingScheme", o.LoadBalancingScheme, "The backend service has scheme %s.", b.LoadBalancingScheme)
	case !slices.Contains(mixes[o.IPProtocol], b.Protocol):
		return invalidField("resource.IPProtocol", o.IPProtocol, "The protocol of the backend service is %s.", b.Protocol)
	case len(o.SourceIPRanges) > 0 && o.LoadBalancingScheme != "EXTERNAL":
		return invalidField("resource.sourceIpRanges", "", "Source IP ranges are for external load balancers.")
	case len(o.SourceIPRanges) > maxSourceRange:
		return invalidField("resource.sourceIpRanges", fmt.Sprint(len(o.SourceIPRanges)), "At most %d source IP ranges.", maxSourceRange)
	case o.IPVersion != "IPV4" && o.IPVersion != "IPV6":
		return invalidField("resource.ipVersion", o.IPVersion, "Must be IPV4 or IPV6.")
	case o.IPVersion == "IPV6" && o.NetworkTier != "PREMIUM":
		return invalidField("resource.networkTier", o.NetworkTier, "IPv6 needs the premium tier.")
	}
	return nil
}

func (o *forwardingRule) checkPorts() *APIError {
	said := 0
	for _, is := range []bool{len(o.Ports) > 0, o.PortRange != "", o.AllPorts} {
		if is {
			said++
		}
	}
	switch {
	case said != 1:
		return invalidField("resource.ports", strings.Join(o.Ports, ","), "Exactly one of ports, portRange and allPorts must be specified.")
	case o.IPProtocol == "L3_DEFAULT" && !o.AllPorts:
		return invalidField("resource.allPorts", "false", "Protocol L3_DEFAULT needs allPorts.")
	case len(o.Ports) > maxRulePorts:
		return invalidField("resource.ports", strings.Join(o.Ports, ","), "At most %d ports can be specified.", maxRulePorts)
	case o.PortRange != "" && o.LoadBalancingScheme != "EXTERNAL":
		return invalidField("resource.portRange", o.PortRange, "A port range is for external load balancers.")
	}
	return o.completePorts()
}

// completePorts writes a port range out and the ports in order.
func (o *forwardingRule) completePorts() *APIError {
	if o.PortRange != "" && !strings.Contains(o.PortRange, "-") {
		o.PortRange += "-" + o.PortRange
	}
	for _, text := range append(strings.Split(o.PortRange, "-"), o.Ports...) {
		if n, err := strconv.Atoi(text); text != "" && (err != nil || n < 1 || n > 65535) {
			return invalidField("resource.ports", text, "Must be between 1 and 65535.")
		}
	}
	slices.Sort(o.Ports)
	if len(slices.Compact(slices.Clone(o.Ports))) != len(o.Ports) {
		return invalidField("resource.ports", strings.Join(o.Ports, ","), "Ports must be unique.")
	}
	return nil
}

// subnetOfRule: an internal rule has a subnetwork, and so has an external one
// with IPv6, whose addresses come out of it.
func (s *Sim) subnetOfRule(at spot, r *forwardingRule, b *backendService) *APIError {
	internal := r.internal()
	if !internal && r.IPVersion == "IPV4" {
		if r.Subnetwork != "" || r.Network != "" {
			return invalidField("resource.subnetwork", r.Subnetwork, "Network and subnetwork cannot be specified for loadBalancingScheme EXTERNAL with IPv4.")
		}
		return nil
	}
	ref, ok := parseRef(r.Subnetwork, at.project, "subnetworks")
	if !ok {
		return invalidField("resource.subnetwork", r.Subnetwork, "A subnetwork is required.")
	}
	sub, ok := s.subnetworks.get(ref.project, ref.in, ref.name)
	if !ok {
		return notFound(ref.path("subnetworks"))
	}
	if r.Network != "" {
		n, refusal := s.findNetwork(r.Network, at.project)
		if refusal != nil {
			return refusal
		}
		r.Network = n.SelfLink
	}
	if ref.in != at.in {
		return invalidField("resource.subnetwork", r.Subnetwork, "The subnetwork is in another region.")
	}
	if refusal := r.fitsSubnet(sub, b); refusal != nil {
		return refusal
	}
	r.Subnetwork = sub.SelfLink
	if internal {
		r.Network = sub.Network
	}
	return nil
}

// fitsSubnet: the rule, its backend service and the subnetwork are of one
// network and address family.
func (o *forwardingRule) fitsSubnet(sub *subnetwork, b *backendService) *APIError {
	switch {
	case sub.proxyOnly():
		return invalidField("resource.subnetwork", o.Subnetwork, "Subnetwork must have purpose=PRIVATE.")
	case o.Network != "" && o.Network != sub.Network:
		return invalidField("resource.network", o.Network, "The subnetwork is not in this network.")
	case b.Network != "" && b.Network != sub.Network:
		return invalidField("resource.subnetwork", o.Subnetwork, "The backend service is in another network.")
	case o.IPVersion == "IPV6" && sub.IPv6AccessType != o.LoadBalancingScheme:
		return invalidField("resource.subnetwork", o.Subnetwork, "The subnetwork has no %s IPv6 range.", strings.ToLower(o.LoadBalancingScheme))
	}
	return nil
}

func (o *forwardingRule) ip() netip.Prefix { return vipOf(o.IPAddress) }

// vipOf reads an address, or an IPv6 range of a load balancer.
func vipOf(text string) netip.Prefix {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}
	}
	if a.Is6() {
		return netip.PrefixFrom(a, bitsOfInterface)
	}
	return netip.PrefixFrom(a, 32)
}

// meets reports whether both take the same traffic of one address.
func (o *forwardingRule) meets(p *forwardingRule) bool {
	if o.IPProtocol != p.IPProtocol {
		return false
	}
	for _, a := range o.spans() {
		for _, b := range p.spans() {
			if a[0] <= b[1] && b[0] <= a[1] {
				return true
			}
		}
	}
	return false
}

func (o *forwardingRule) spans() (out [][2]int) {
	switch {
	case o.AllPorts:
		return [][2]int{{0, 65535}}
	case o.PortRange != "":
		low, high, _ := strings.Cut(o.PortRange, "-")
		a, _ := strconv.Atoi(low)
		b, _ := strconv.Atoi(high)
		return [][2]int{{a, b}}
	}
	for _, text := range o.Ports {
		n, _ := strconv.Atoi(text)
		out = append(out, [2]int{n, n})
	}
	return out
}
