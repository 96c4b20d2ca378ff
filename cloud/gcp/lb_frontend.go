package gcp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

const maxFirewallRanges = 5000

// frontend adds an address, the firewall rule for clients, and the rules.
func (t *translation) frontend(f lb.Frontend, backends map[lb.Protocol]lb.Ref) error {
	address, ip, tier, err := t.address(f)
	if err != nil {
		return err
	}
	at := ip.String()
	if !ip.IsValid() {
		at = address.String() // known when it is there
	}
	uses := []lb.Ref{address}
	if sources := t.sources(f.Family); len(sources) > 0 {
		if len(sources) > maxFirewallRanges {
			return t.refuse(cloud.LimitExceeded, fmt.Errorf("%d source ranges, a firewall rule takes %d", len(sources), maxFirewallRanges), "merge them")
		}
		destination := at
		if ip.IsValid() {
			destination = hostPrefix(ip)
		}
		uses = append(uses, t.firewall(t.Owner, clientRole(f.Family), sources, []string{destination}, t.allowed()))
	}
	for _, r := range t.rules(f.Family) {
		backend := backends[r.protocol]
		fields := lb.Fields{
			"IPAddress": {at}, "IPProtocol": {string(r.protocol)}, "ipVersion": {strings.ToUpper(string(f.Family))}, "loadBalancingScheme": {t.scheme()},
			"backendService": {backend.Name}, "allPorts": {fmt.Sprint(len(r.ports) == 0)}, "ports": r.ports, "networkTier": {tier},
		}
		if t.Scheme == lb.Internal {
			fields["network"] = []string{t.networkPath()}
			fields["allowGlobalAccess"] = []string{fmt.Sprint(t.Attributes[lb.AttributeGlobalAccess] == "true")}
		}
		if sub := t.subnetOf(f.Family); sub != "" {
			fields["subnetwork"] = []string{sub}
		}
		rule := t.add(kindRule, t.ruleName(f.Family, r.protocol, r.slot), t.Owner, fields, append([]lb.Ref{backend}, uses...)...)
		rule.Claims = r.claims(f.Family)
	}
	return nil
}

func clientRole(f lb.Family) string { return "w" + digit(f) }

// allowed is what clients may send: "tcp:443".
func (t *translation) allowed() (out []string) {
	for _, l := range t.Listeners {
		out = append(out, fmt.Sprintf("%s:%d", strings.ToLower(string(l.Protocol)), l.Port))
	}
	slices.Sort(out)
	return out
}

// subnetOf is the subnetwork of a rule and its address, as a path: those that
// are not external IPv4 are taken from one.
func (t *translation) subnetOf(f lb.Family) string {
	if t.Scheme == lb.External && f == lb.IPv4 {
		return ""
	}
	return t.subnetRef(t.frontendSubnet()).String()
}

func (t *translation) frontendSubnet() string {
	for _, name := range append([]string{t.Attributes[lb.AttributeSubnets]}, t.Subnetworks...) {
		if name != "" {
			return name
		}
	}
	return ""
}

// address is the reserved address of a frontend: ours, so that no change of
// the rules loses it, or somebody's that is asked for. The value is not valid
// while the cloud has not chosen one.
func (t *translation) address(f lb.Frontend) (ref lb.Ref, ip netip.Addr, tier string, err error) {
	tier = "PREMIUM"
	if t.Attributes[lb.AttributeNetworkTier] != "" {
		tier = strings.ToUpper(t.Attributes[lb.AttributeNetworkTier])
	}
	if theirs, ok := t.theirs(f); ok {
		return t.takeTheirs(f, theirs, tier)
	}
	if f.Reserved != "" {
		return ref, ip, tier, t.refuse(cloud.NotFound, fmt.Errorf("there is no address %s in region %s", f.Reserved, t.Region), "reserve it, or name another")
	}
	if f.Address.IsValid() && t.Scheme == lb.External {
		return ref, ip, tier, t.refuse(cloud.NotFound, fmt.Errorf("address %s is not reserved in region %s", f.Address, t.Region), "reserve it first: nobody can choose an external address")
	}
	name := t.Owner.RoleName("a" + digit(f.Family) + strings.ToLower(t.scheme()[:1]+tier[:1]))
	ref = lb.Ref{Kind: kindAddress, Name: name}
	fields := lb.Fields{"addressType": {t.scheme()}, "ipVersion": {strings.ToUpper(string(f.Family))}}
	if sub := t.subnetOf(f.Family); sub != "" {
		fields["subnetwork"] = []string{sub}
	}
	switch {
	case t.Scheme == lb.External && f.Family == lb.IPv6:
		fields["ipv6EndpointType"] = []string{"NETLB"}
	case t.Scheme == lb.External:
		fields["networkTier"] = []string{tier}
	}
	ip = f.Address
	if now, there := t.got[ref]; there {
		if !ip.IsValid() {
			ip, _ = netip.ParseAddr(now.Address)
		}
	} else {
		promoted := t.ephemeral(f)
		if !ip.IsValid() {
			ip = promoted
		}
		if t.Scheme == lb.Internal && f.Family == lb.IPv4 && ip != promoted || t.Scheme == lb.Internal && f.Family == lb.IPv4 && !promoted.IsValid() {
			fields["purpose"] = []string{sharedPurpose}
		}
	}
	if ip.IsValid() {
		fields["address"] = []string{ip.String()}
	}
	t.add(kindAddress, name, t.Owner, fields)
	return ref, ip, tier, nil
}

// ephemeral is the address that a rule of the balancer has and nobody
// reserved: it is kept.
func (t *translation) ephemeral(f lb.Frontend) (ip netip.Addr) {
	for _, r := range t.got.Sorted() {
		if r.Kind != kindRule || r.Owner != t.Owner || r.Fields.One("loadBalancingScheme") != t.scheme() {
			continue
		}
		a, err := netip.ParseAddr(r.Fields.One("IPAddress"))
		reserved := slices.ContainsFunc(r.Uses, func(u lb.Ref) bool { return u.Kind == kindAddress })
		if err == nil && lb.FamilyOf(a) == f.Family && !reserved {
			return a
		}
	}
	return ip
}

// theirs is the address that somebody reserved and the frontend asks for.
func (t *translation) theirs(f lb.Frontend) (lb.Resource, bool) {
	for _, r := range t.got.Sorted() {
		if r.Kind != kindAddress || r.Owner == t.Owner {
			continue
		}
		if f.Reserved != "" && r.Name == f.Reserved || f.Reserved == "" && f.Address.IsValid() && r.Address == f.Address.String() {
			return r, true
		}
	}
	return lb.Resource{}, false
}

func (t *translation) takeTheirs(f lb.Frontend, r lb.Resource, tier string) (lb.Ref, netip.Addr, string, error) {
	ip, err := netip.ParseAddr(r.Address)
	wrong := ""
	if !r.Foreign() {
		return r.Ref, ip, tier, t.refuse(cloud.Conflict, fmt.Errorf("address %s belongs to %s %s/%s", r.Address, r.Owner.Kind, r.Owner.Namespace, r.Owner.Name),
			"reserve an address yourself and name it in both, or name another")
	}
	switch {
	case err != nil:
		wrong = "has no value yet"
	case lb.FamilyOf(ip) != f.Family:
		wrong = "is not " + string(f.Family)
	case r.Fields.One("addressType") != t.scheme():
		wrong = "is " + strings.ToLower(r.Fields.One("addressType"))
	case f.Address.IsValid() && f.Address != ip:
		wrong = "is not " + f.Address.String()
	case t.Attributes[lb.AttributeNetworkTier] != "" && r.Fields.One("networkTier") != tier:
		wrong = "is of tier " + r.Fields.One("networkTier")
	}
	if wrong != "" {
		return r.Ref, ip, tier, t.refuse(cloud.Invalid, fmt.Errorf("address %s (%s) %s", r.Name, r.Address, wrong), "name another address, or none")
	}
	if r.Fields.One("networkTier") != "" {
		tier = r.Fields.One("networkTier")
	}
	return r.Ref, ip, tier, nil
}

// Ingresses is the address of each frontend whose rules are all there.
func (v balancers) Ingresses(b lb.LoadBalancer, got lb.State) (out []lb.Ingress) {
	t := &translation{balancers: v, LoadBalancer: b, got: got}
	for _, f := range b.Frontends {
		var ip netip.Addr
		whole := true
		for _, r := range t.rules(f.Family) {
			now, there := got[lb.Ref{Kind: kindRule, Name: t.ruleName(f.Family, r.protocol, r.slot)}]
			a, err := netip.ParseAddr(now.Fields.One("IPAddress"))
			whole = whole && there && err == nil && now.Owner == b.Owner
			ip = a
		}
		if whole && ip.IsValid() {
			out = append(out, lb.Ingress{Address: ip})
		}
	}
	return out
}
