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
	p, err := t.address(f)
	if err != nil {
		return err
	}
	subnet := t.subnetOf(f.Family)
	if theirs := t.got[p.ref]; subnet != "" && theirs.Foreign() && theirs.Fields.One("subnetwork") != "" {
		subnet = theirs.Fields.One("subnetwork") // the address says which
	}
	rules := t.rules(f.Family, p)
	if p.alone && len(rules) > 1 {
		return t.refuse(cloud.Invalid, fmt.Errorf("address %s (%s) takes one forwarding rule, of at most %d ports of one protocol: it is not reserved as %s; the Service needs %d rules",
			p.ref.Name, p.ip, maxPortsOfRule, sharedPurpose, len(rules)), "reserve an address with --purpose="+sharedPurpose+" and name that, or have fewer ports")
	}
	uses := []lb.Ref{p.ref}
	if sources := t.sources(f.Family); len(sources) > 0 {
		if len(sources) > maxFirewallRanges {
			return t.refuse(cloud.LimitExceeded, fmt.Errorf("%d source ranges, a firewall rule takes %d", len(sources), maxFirewallRanges), "merge them")
		}
		uses = append(uses, t.firewall(t.Owner, clientRole(f.Family), sources, t.destinations(f.Family, p), t.allowed()))
	}
	for _, r := range rules {
		backend := backends[r.protocol]
		fields := lb.Fields{
			"IPAddress": {p.at()}, "IPProtocol": {string(r.protocol)}, "ipVersion": {strings.ToUpper(string(f.Family))}, "loadBalancingScheme": {t.scheme()},
			"backendService": {backend.Name}, "allPorts": {fmt.Sprint(len(r.ports) == 0)}, "ports": r.ports, "networkTier": {p.tier},
		}
		if t.Scheme == lb.Internal {
			fields["network"] = []string{t.networkPath()}
			fields["allowGlobalAccess"] = []string{fmt.Sprint(t.Attributes[lb.AttributeGlobalAccess] == "true")}
		}
		if subnet != "" {
			fields["subnetwork"] = []string{subnet}
		}
		rule := t.add(lb.Ref{Kind: kindRule, Name: t.ruleName(f.Family, r.protocol, r.slot)}, t.Owner, fields, append([]lb.Ref{backend}, uses...)...)
		rule.Claims, rule.Serves = r.claims(p.at()), r.serves(f.Family)
	}
	return nil
}

// destinations are the address, and those that rules of the balancer still have:
// what serves there serves on until it goes.
func (t *translation) destinations(f lb.Family, p vip) []string {
	out := []string{p.at()}
	if p.ip.IsValid() {
		out[0] = hostPrefix(p.ip)
	}
	for _, r := range t.got.Sorted() {
		a, err := netip.ParseAddr(r.Fields.One("IPAddress"))
		if r.Kind == kindRule && r.Owner == t.Owner && err == nil && lb.FamilyOf(a) == f && !slices.Contains(out, hostPrefix(a)) {
			out = append(out, hostPrefix(a))
		}
	}
	return out
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

// vip is a frontend's address: the resource, its value where the cloud has
// chosen one, and its tier.
type vip struct {
	ref  lb.Ref
	ip   netip.Addr
	tier string
	// alone: only one rule can have it.
	alone bool
}

// at is how rules and their claims call it.
func (p vip) at() string {
	if p.ip.IsValid() {
		return p.ip.String()
	}
	return p.ref.String() // known when it is there
}

// address is the reserved address of a frontend: ours, so that no change of
// the rules loses it, or somebody's that is asked for.
func (t *translation) address(f lb.Frontend) (vip, error) {
	p := vip{tier: t.tier(f.Family)}
	if theirs, ok := t.theirs(f); ok {
		return t.takeTheirs(f, theirs, p)
	}
	if f.Reserved != "" {
		return p, t.refuse(cloud.NotFound, fmt.Errorf("there is no address %s in region %s", f.Reserved, t.Region), "reserve it, or name another")
	}
	if f.Address.IsValid() && t.Scheme == lb.External {
		return p, t.refuse(cloud.NotFound, fmt.Errorf("address %s is not reserved in region %s", f.Address, t.Region), "reserve it first: nobody can choose an external address")
	}
	fields := t.addressFields(f, p.tier)
	p.ip = f.Address
	p.ref = lb.Ref{Kind: kindAddress, Name: t.addressName(f, p, fields)}
	sharing := t.Scheme == lb.Internal && f.Family == lb.IPv4 // has to be said of it
	if now, there := t.got[p.ref]; there {
		if !p.ip.IsValid() {
			p.ip, _ = netip.ParseAddr(now.Address)
		}
		p.alone = sharing && now.Fields.One("purpose") != sharedPurpose
	} else {
		promoted := t.ephemeral(f)
		if !p.ip.IsValid() {
			p.ip = promoted
		}
		if p.alone = sharing && promoted.IsValid() && p.ip == promoted; sharing && !p.alone {
			fields["purpose"] = []string{sharedPurpose}
		}
	}
	if p.ip.IsValid() {
		fields["address"] = []string{p.ip.String()}
	}
	t.add(p.ref, t.Owner, fields)
	return p, nil
}

// addressFields are what a frontend's own address is to have, before it has a
// value that nobody asked for.
func (t *translation) addressFields(f lb.Frontend, tier string) lb.Fields {
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
	if f.Address.IsValid() {
		fields["address"] = []string{f.Address.String()}
	}
	return fields
}

// addressName is the name of the owner's address that is as asked for, or of
// one to be made: beside one that is not, which serves until the other does.
func (t *translation) addressName(f lb.Frontend, p vip, fields lb.Fields) string {
	role := "a" + digit(f.Family) + strings.ToLower(t.scheme()[:1]+p.tier[:1])
	name := t.Owner.RoleName(role)
	begins := strings.TrimSuffix(name, role) + role
	if !t.tiered(f.Family) { // an earlier release took the annotation's word for its tier
		begins = begins[:len(begins)-1]
	}
	for _, r := range t.got.Sorted() {
		if r.Kind == kindAddress && r.Owner == t.Owner && strings.HasPrefix(r.Name, begins) && fits(r, fields) {
			return r.Name
		}
	}
	if now, there := t.got[lb.Ref{Kind: kindAddress, Name: name}]; !there || now.Owner != t.Owner {
		return name
	}
	return t.Owner.RoleName(role + shortHash(f.Address.String(), t.subnetOf(f.Family)))
}

// fits reports whether a resource has each of the fields.
func fits(r lb.Resource, fields lb.Fields) bool {
	for name := range fields {
		if r.Fields.One(name) != fields.One(name) {
			return false
		}
	}
	return true
}

const premiumTier, standardTier = "PREMIUM", "STANDARD"

// tiered reports whether the cloud lets anybody choose the network tier: of what
// is internal, and of IPv6, it says Premium whatever is asked.
func (t *translation) tiered(f lb.Family) bool { return t.Scheme == lb.External && f == lb.IPv4 }

func (t *translation) tier(f lb.Family) string {
	if t.tiered(f) && strings.EqualFold(t.Attributes[lb.AttributeNetworkTier], standardTier) {
		return standardTier
	}
	return premiumTier
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

func (t *translation) takeTheirs(f lb.Frontend, r lb.Resource, p vip) (vip, error) {
	p.ref = r.Ref
	p.ip, _ = netip.ParseAddr(r.Address)
	if !r.Foreign() {
		return p, t.refuse(cloud.Conflict, fmt.Errorf("address %s belongs to %s %s/%s", r.Address, r.Owner.Kind, r.Owner.Namespace, r.Owner.Name),
			"reserve an address yourself and name it in both, or name another")
	}
	if wrong := t.misfit(f, r, p); wrong != "" {
		return p, t.refuse(cloud.Invalid, fmt.Errorf("address %s (%s) %s", r.Name, r.Address, wrong), "name another address, or none")
	}
	if t.tiered(f.Family) && r.Fields.One("networkTier") != "" {
		p.tier = r.Fields.One("networkTier")
	}
	p.alone = t.Scheme == lb.Internal && f.Family == lb.IPv4 && r.Fields.One("purpose") != sharedPurpose
	return p, nil
}

// misfit says what keeps an address from being the frontend's, if anything does.
func (t *translation) misfit(f lb.Frontend, r lb.Resource, p vip) string {
	switch {
	case !p.ip.IsValid():
		return "has no value yet"
	case lb.FamilyOf(p.ip) != f.Family:
		return "is not " + string(f.Family)
	case r.Fields.One("addressType") != t.scheme():
		return "is " + strings.ToLower(r.Fields.One("addressType"))
	case f.Address.IsValid() && f.Address != p.ip:
		return "is not " + f.Address.String()
	case t.tiered(f.Family) && t.Attributes[lb.AttributeNetworkTier] != "" && r.Fields.One("networkTier") != p.tier:
		return "is of tier " + r.Fields.One("networkTier")
	case t.Attributes[lb.AttributeSubnets] != "" && t.subnetOf(f.Family) != "" && r.Fields.One("subnetwork") != t.subnetOf(f.Family):
		return "is in subnetwork " + base(r.Fields.One("subnetwork"))
	}
	return ""
}

// Ingresses is the address of each frontend whose rules are all there.
func (v balancers) Ingresses(b lb.LoadBalancer, got lb.State) (out []lb.Ingress) {
	t := &translation{balancers: v, LoadBalancer: b, got: got}
	for _, f := range b.Frontends {
		p, err := t.address(f)
		whole := err == nil && p.ip.IsValid()
		for _, r := range t.rules(f.Family, p) {
			now, there := got[lb.Ref{Kind: kindRule, Name: t.ruleName(f.Family, r.protocol, r.slot)}]
			whole = whole && there && now.Owner == b.Owner && now.Fields.One("IPAddress") == p.at()
		}
		if whole {
			out = append(out, lb.Ingress{Address: p.ip})
		}
	}
	return out
}
