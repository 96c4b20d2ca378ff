package build

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

func (m *maker) affinity() {
	if m.service.Spec.SessionAffinity != corev1.ServiceAffinityClientIP {
		return
	}
	m.to.Affinity.ClientIP = true
	if c := m.service.Spec.SessionAffinityConfig; c != nil && c.ClientIP != nil && c.ClientIP.TimeoutSeconds != nil {
		m.to.Affinity.Timeout = time.Duration(*c.ClientIP.TimeoutSeconds) * time.Second
	}
}

// frontends are one for each of the Service's families, with the addresses
// that it asks for: those with a value go to their family, names to the
// families in the Service's order.
func (m *maker) frontends() {
	if m.families == nil {
		for _, f := range m.service.Spec.IPFamilies {
			m.families = append(m.families, lb.Family(f))
		}
	}
	if len(m.families) == 0 {
		m.families = []lb.Family{lb.IPv4}
	}
	for _, f := range m.families {
		m.Balancer.Frontends = append(m.Balancer.Frontends, lb.Frontend{Family: f})
	}
	if ip := m.service.Spec.LoadBalancerIP; ip != "" && len(m.addresses) == 0 {
		m.addresses = []string{ip}
	}
	for _, text := range m.addresses {
		m.place(text)
	}
	if m.reserved4 == "" {
		return
	}
	at := m.frontend(lb.IPv4)
	switch {
	case at < 0:
		m.refuse(v1alpha1.ReasonInvalidAddress, "Elastic IPs are IPv4, and the Service has no IPv4")
	case m.Balancer.Scheme == lb.Internal:
		m.refuse(v1alpha1.ReasonInvalidAddress, "Elastic IPs are for external balancers, and this one is internal")
	default:
		m.Balancer.Frontends[at].Reserved = m.reserved4
	}
}

func (m *maker) frontend(f lb.Family) int {
	return slices.IndexFunc(m.Balancer.Frontends, func(x lb.Frontend) bool { return x.Family == f })
}

// place gives an address, or the name of one, to a frontend.
func (m *maker) place(text string) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		at := m.frontend(lb.FamilyOf(a))
		switch {
		case at < 0:
			m.refuse(v1alpha1.ReasonInvalidAddress, "address %s is %s, and the Service has none of that family", a, lb.FamilyOf(a))
		case m.Balancer.Frontends[at].Address.IsValid() || m.Balancer.Frontends[at].Reserved != "":
			m.refuse(v1alpha1.ReasonInvalidAddress, "more than one %s address is asked for", lb.FamilyOf(a))
		default:
			m.Balancer.Frontends[at].Address = a
		}
		return
	}
	at := slices.IndexFunc(m.Balancer.Frontends, func(x lb.Frontend) bool { return !x.Address.IsValid() && x.Reserved == "" })
	if at < 0 {
		m.refuse(v1alpha1.ReasonInvalidAddress, "reserved address %q is one more than the Service has families", text)
		return
	}
	m.Balancer.Frontends[at].Reserved = text
}

// everyone is who may connect where a Service names nobody.
var everyone = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}

// sources are who may connect: of the field, or else of the annotation, or
// else everyone; of the families that the balancer has.
func (m *maker) sources() {
	where, texts := "loadBalancerSourceRanges", m.service.Spec.LoadBalancerSourceRanges
	if len(texts) == 0 {
		where, texts = "the annotation of source ranges", m.sourceText
	}
	all := everyone
	if len(texts) > 0 {
		all = nil
	}
	for _, text := range texts {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil || p.Addr().Is4In6() {
			m.refuse(v1alpha1.ReasonInvalidSourceRange, "%s: %q is no CIDR such as 192.0.2.0/24", where, text)
			continue
		}
		all = append(all, p.Masked())
	}
	for _, p := range prefix.Normalise(all) {
		if m.frontend(lb.FamilyOf(p.Addr())) >= 0 {
			m.Balancer.AllowedSources = append(m.Balancer.AllowedSources, p)
		}
	}
	if len(m.Refusals) > 0 {
		return
	}
	for _, f := range m.Balancer.Frontends {
		if !slices.ContainsFunc(m.Balancer.AllowedSources, func(p netip.Prefix) bool { return lb.FamilyOf(p.Addr()) == f.Family }) {
			m.note(v1alpha1.ReasonNoClientsAllowed, "%s names no range of %s, so nobody can reach the %s address", where, f.Family, f.Family)
		}
	}
}
