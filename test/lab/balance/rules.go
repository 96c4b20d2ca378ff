package balance

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// seed makes the hash the same after every change of the rules, so that only
// connections whose members changed go elsewhere.
const seed = "0x5eed"

// Mark says which mark leads to a machine; ok is false for one without a NIC.
type Mark func(machine string) (mark int, ok bool)

// Choose are the lines of a chain at prerouting, priority mangle, that give
// each new connection of a passthrough balancer the mark of its member.
// Connections that have one keep it, whatever becomes of the member's health.
func Choose(balancers []Balancer, h Health, mark Mark) (lines []string) {
	for _, b := range balancers {
		if !b.Passthrough() {
			continue
		}
		for _, f := range b.Fronts {
			var marks []string
			for _, m := range b.Eligible(f, h) {
				if n, ok := mark(m.Machine); ok {
					marks = append(marks, fmt.Sprintf("%d : %d", len(marks), n))
				}
			}
			to := fmt.Sprintf("ip daddr %s%s%s", f.Addr, b.matching(), fromSet(f.Clients))
			if len(marks) > 0 {
				lines = append(lines, fmt.Sprintf("%s ct state new ct mark set %s mod %d seed %s map { %s }", to, b.hash(), len(marks), seed, strings.Join(marks, ", ")))
			}
			lines = append(lines, to+" meta mark set ct mark")
		}
	}
	return lines
}

// Translate are the lines of two nat chains, at prerouting and postrouting, for
// the balancers that translate. via is the mark of a connection that came
// through a front.
func Translate(balancers []Balancer, h Health, via func(balancer, front int) int) (to, from []string) {
	for i, b := range balancers {
		if !b.Translate {
			continue
		}
		for k, f := range b.Fronts {
			var members []string
			for _, m := range b.Eligible(f, h) {
				members = append(members, fmt.Sprintf("%d : %s . %d", len(members), m.Addr, m.Port))
			}
			if len(members) == 0 {
				continue
			}
			at := []string{f.Addr.String()}
			if f.Public.IsValid() {
				at = append(at, f.Public.String())
			}
			to = append(to, fmt.Sprintf("ip daddr { %s }%s%s ct mark set %d dnat ip to %s mod %d seed %s map { %s }",
				strings.Join(at, ", "), b.matching(), fromSet(f.Clients), via(i, k), b.hash(), len(members), seed, strings.Join(members, ", ")))
			if !b.Preserve {
				from = append(from, fmt.Sprintf("ct mark %d snat ip to %s", via(i, k), f.Addr))
			}
		}
	}
	return to, from
}

// hash is what members are chosen by: the connection, or the client alone.
func (b Balancer) hash() string {
	if b.ByClient || b.Protocol == "" {
		return "jhash ip saddr . ip daddr"
	}
	return "jhash ip saddr . ip daddr . th sport . th dport"
}

func (b Balancer) matching() string { return Matching(b.Protocol, b.Ports) }

// Matching is the part of a rule that wants a protocol and ports.
func Matching(protocol string, ports []Ports) string {
	if protocol == "" {
		return ""
	}
	out := " meta l4proto " + protocol
	if len(ports) == 0 {
		return out
	}
	var texts []string
	for _, p := range ports {
		text := fmt.Sprint(p.From)
		if p.To != p.From {
			text = fmt.Sprintf("%d-%d", p.From, p.To)
		}
		texts = append(texts, text)
	}
	return fmt.Sprintf("%s th dport { %s }", out, strings.Join(texts, ", "))
}

func fromSet(clients []netip.Prefix) string {
	if clients == nil {
		return ""
	}
	return " ip saddr " + Set(clients)
}

// Set writes prefixes as a set of nft, which takes no overlaps.
func Set(all []netip.Prefix) string {
	all = slices.SortedFunc(slices.Values(all), netip.Prefix.Compare)
	var texts []string
	for i, p := range all {
		if !slices.ContainsFunc(all[:i], p.Overlaps) { // by one before it, which is no longer
			texts = append(texts, p.String())
		}
	}
	return "{ " + strings.Join(texts, ", ") + " }"
}
