// Package invariants checks what must always hold, by reading what the API
// server and the simulated cloud show, on any cloud. Stories and the demo share
// it.
package invariants

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/hashicorp/go-multierror"
	corev1 "k8s.io/api/core/v1"
)

// Unique is nil when no two Nodes publish overlapping ranges and no two
// instances carry overlapping ones (I1).
func Unique(nodes []corev1.Node, machines []Machine) error {
	var bad *multierror.Error
	var published, carried []held
	for _, n := range nodes {
		for _, cidr := range n.Spec.PodCIDRs {
			p, err := netip.ParsePrefix(cidr)
			if err != nil {
				bad = multierror.Append(bad, fmt.Errorf("I1: node %s publishes %q: %w", n.Name, cidr, err))
				continue
			}
			published = append(published, held{p, "node " + n.Name})
		}
	}
	for _, m := range machines {
		for _, p := range m.Carried {
			carried = append(carried, held{p.Prefix, "instance " + m.Name})
		}
	}
	for _, all := range [][]held{published, carried} {
		for _, pair := range overlaps(all) {
			bad = multierror.Append(bad, fmt.Errorf("I1: %s holds %s, which overlaps %s of %s", pair[0].by, pair[0].prefix, pair[1].prefix, pair[1].by))
		}
	}
	return bad.ErrorOrNil()
}

type held struct {
	prefix netip.Prefix
	by     string
}

// overlaps sorts the prefixes, so that one that overlaps any earlier one
// overlaps the last that no other holds.
func overlaps(all []held) (out [][2]held) {
	slices.SortFunc(all, func(a, b held) int { return a.prefix.Compare(b.prefix) })
	var last held
	for _, h := range all {
		if last.by != "" && last.prefix.Overlaps(h.prefix) {
			out = append(out, [2]held{h, last})
			continue
		}
		last = h
	}
	return out
}

// Published is nil when every Node has exactly one IPv4 range, and at most
// one IPv6 range with it, its instance carries the one and owns the other, and
// the Node says that its network is available (I2).
func Published(nodes []corev1.Node, machines []Machine) error {
	byID := map[string]Machine{}
	for _, m := range machines {
		byID[m.ProviderID] = m
	}
	var bad *multierror.Error
	for _, n := range nodes {
		if err := published(n, byID[instanceOf(n)]); err != nil {
			bad = multierror.Append(bad, fmt.Errorf("I2: node %s %w", n.Name, err))
		}
	}
	return bad.ErrorOrNil()
}

func published(n corev1.Node, m Machine) error {
	if len(n.Spec.PodCIDRs) == 0 || n.Spec.PodCIDR != n.Spec.PodCIDRs[0] {
		return fmt.Errorf("has podCIDRs %q and podCIDR %q; %s", n.Spec.PodCIDRs, n.Spec.PodCIDR, network(n))
	}
	fours := 0
	for _, text := range n.Spec.PodCIDRs {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return err
		}
		if p.Addr().Is4() {
			fours++
		}
		if carried := append(m.Prefixes(), m.Own...); !slices.Contains(carried, p) {
			return fmt.Errorf("publishes %s, its instance carries %v", p, carried)
		}
	}
	if fours != 1 {
		return fmt.Errorf("has podCIDRs %q, not exactly one of IPv4; %s", n.Spec.PodCIDRs, network(n))
	}
	if c := Condition(n); c == nil || c.Status != corev1.ConditionFalse {
		return fmt.Errorf("does not say that its network is available; %s", network(n))
	}
	return nil
}

// Condition is NetworkUnavailable of a Node; nil where it says none.
func Condition(n corev1.Node) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type == corev1.NodeNetworkUnavailable {
			return &n.Status.Conditions[i]
		}
	}
	return nil
}

func network(n corev1.Node) string {
	c := Condition(n)
	if c == nil {
		return "it has no condition NetworkUnavailable"
	}
	return fmt.Sprintf("NetworkUnavailable is %s, %s: %s", c.Status, c.Reason, c.Message)
}

// NoStrays is nil when no instance carries a range of ours that no Node of
// its publishes (I5).
func NoStrays(nodes []corev1.Node, machines []Machine) error {
	publishes := map[string][]string{}
	for _, n := range nodes {
		publishes[instanceOf(n)] = append(publishes[instanceOf(n)], n.Spec.PodCIDRs...)
	}
	var bad *multierror.Error
	for _, m := range machines {
		for _, p := range m.Carried {
			if p.Ours && !slices.Contains(publishes[m.ProviderID], p.Prefix.String()) {
				bad = multierror.Append(bad, fmt.Errorf("I5: instance %s carries %s of range %s, and no Node of it publishes that", m.Name, p.Prefix, p.Range))
			}
		}
	}
	return bad.ErrorOrNil()
}

// NothingLeft is nil when the cloud has no range, subnet or firewall rule of
// ours (I5); it refuses to remove a range that an instance still draws from.
func NothingLeft(subnets []Subnet, rules ...Rule) error {
	var bad *multierror.Error
	for _, r := range rules {
		if r.Ours {
			bad = multierror.Append(bad, fmt.Errorf("I5: network %s still has firewall rule %s", r.Network, r.Name))
		}
	}
	for _, s := range subnets {
		if s.Ours {
			bad = multierror.Append(bad, fmt.Errorf("I5: subnet %s (%s) is still there", s.Name, s.Primary))
		}
		for _, r := range s.Ranges {
			if r.Ours {
				bad = multierror.Append(bad, fmt.Errorf("I5: subnet %s still has range %s (%s)", s.Name, r.Name, r.Prefix))
			}
		}
	}
	return bad.ErrorOrNil()
}
