package firewall

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Traffic is what has to come through: from every one of the sources to every
// one of the destinations, all of one family.
type Traffic struct{ Sources, Destinations []netip.Prefix }

// Verdict is what the rules make of some traffic.
type Verdict struct {
	// Missing are the sources that no rule lets in, by protocol.
	Missing map[string][]netip.Prefix
	// Denies are rules that keep a part of it out.
	Denies []cloud.FirewallRule
	// Exceptions are rules that keep single ports out. Somebody wants that:
	// they are worth a word, and no trouble.
	Exceptions []cloud.FirewallRule
}

// Open reports that all the traffic comes through.
func (v Verdict) Open() bool { return len(v.Missing) == 0 && len(v.Denies) == 0 }

// protocol is one that pods speak, under the names that rules have for it.
type protocol struct {
	name  string
	names []string
}

// protocols are those that have to come through. A rule for anything else
// neither helps nor harms.
func protocols(f prefix.Family) []protocol {
	icmp := protocol{"icmp", []string{"all", "icmp", "1"}}
	if f == prefix.IPv6 {
		icmp = protocol{"ipv6-icmp", []string{"all", "ipv6-icmp", "icmpv6", "58"}}
	}
	return []protocol{{"tcp", []string{"all", "tcp", "6"}}, {"udp", []string{"all", "udp", "17"}}, icmp}
}

// Judge says what the rules, in the order in which they decide, make of the
// traffic. It is pure.
func Judge(rules []cloud.FirewallRule, t Traffic) Verdict {
	v := Verdict{Missing: map[string][]netip.Prefix{}}
	if len(t.Sources) == 0 {
		return v
	}
	for _, p := range protocols(prefix.FamilyOf(t.Sources[0])) {
		if rest := v.follow(rules, t, p); len(rest) > 0 {
			v.Missing[p.name] = rest
		}
	}
	return v
}

// follow takes out of the sources what each rule decides about, and gives
// those about which none does.
func (v *Verdict) follow(rules []cloud.FirewallRule, t Traffic, p protocol) []netip.Prefix {
	rest := prefix.Normalise(t.Sources)
	for _, r := range rules {
		whole, some := p.in(r)
		if !some || !overlap(r.Sources, rest) {
			continue
		}
		if r.Deny {
			if len(r.Destinations) > 0 && !overlap(r.Destinations, t.Destinations) {
				continue
			}
			if !whole {
				v.Exceptions = add(v.Exceptions, r)
				continue
			}
			v.Denies = add(v.Denies, r)
		} else if !whole || len(r.Targets) > 0 || len(r.Destinations) > 0 && len(prefix.Subtract(t.Destinations, r.Destinations)) > 0 {
			continue // it lets in a part at most, or to some machines only
		}
		rest = prefix.Subtract(rest, r.Sources)
	}
	return rest
}

// in reports whether a rule is about the protocol, and about all of its ports.
func (p protocol) in(r cloud.FirewallRule) (whole, some bool) {
	for _, has := range r.Protocols {
		if slices.Contains(p.names, has.Name) {
			some = true
			whole = whole || len(has.Ports) == 0 || slices.Contains(has.Ports, "0-65535") || slices.Contains(has.Ports, "1-65535")
		}
	}
	return whole, some
}

func overlap(a, b []netip.Prefix) bool {
	return slices.ContainsFunc(a, func(p netip.Prefix) bool { return slices.ContainsFunc(b, p.Overlaps) })
}

func add(list []cloud.FirewallRule, r cloud.FirewallRule) []cloud.FirewallRule {
	if slices.ContainsFunc(list, func(o cloud.FirewallRule) bool { return o.Name == r.Name }) {
		return list
	}
	return append(list, r)
}

// String says what is wrong.
func (v Verdict) String() string {
	var parts []string
	for _, r := range v.Denies {
		where := ""
		if len(r.Targets) > 0 {
			where = " at machines with " + strings.Join(r.Targets, ", ")
		}
		parts = append(parts, fmt.Sprintf("rule %s (priority %d) denies traffic from pods%s", r.Name, r.Priority, where))
	}
	for _, name := range []string{"tcp", "udp", "icmp", "ipv6-icmp"} {
		if rest := v.Missing[name]; len(rest) > 0 {
			parts = append(parts, "no rule admits "+name+" from "+join(rest))
		}
	}
	return strings.Join(parts, "; ")
}

func join(list []netip.Prefix) string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	return strings.Join(out, ",")
}
