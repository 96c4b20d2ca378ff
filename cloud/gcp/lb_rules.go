package gcp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

const (
	maxPortsOfRule = 5
	// maxRules is how many forwarding rules share an internal address. With
	// more ports than fit, one rule for each protocol takes all ports, and the
	// firewall alone says which are open.
	maxRules = 10
)

// ruleShape is the ports of one forwarding rule; every one where there are
// none.
type ruleShape struct {
	protocol lb.Protocol
	slot     int
	ports    []string
}

// claims are the slot and the ports, or every slot.
func (r ruleShape) claims(f lb.Family) (out []string) {
	claim := func(what string) { out = append(out, string(f)+"/"+string(r.protocol)+what) }
	if len(r.ports) == 0 {
		for n := range maxRules {
			claim(fmt.Sprintf(" slot %d", n))
		}
		return out
	}
	claim(fmt.Sprintf(" slot %d", r.slot))
	for _, p := range r.ports {
		claim("/" + p)
	}
	return out
}

func (t *translation) ruleName(f lb.Family, p lb.Protocol, slot int) string {
	return t.Owner.RoleName("f" + digit(f) + strings.ToLower(string(p[:1])) + strconv.Itoa(slot))
}

// parseRuleRole reads the role in a rule's name.
func parseRuleRole(role string) (f lb.Family, p lb.Protocol, slot int, ok bool) {
	if len(role) < 4 || role[0] != 'f' {
		return "", "", 0, false
	}
	p = lb.TCP
	if role[2] == 'u' {
		p = lb.UDP
	}
	slot, err := strconv.Atoi(role[3:])
	return lb.Family("IPv" + role[1:2]), p, slot, err == nil
}

// rules deals the ports out to the forwarding rules of a family. The ports of
// a rule cannot be changed, and no two of one address can have the same: so
// rules stay as they are where all their ports are wanted, and new ports get
// rules beside them. Only a rule that loses some of its ports is made anew.
func (t *translation) rules(f lb.Family) (out []ruleShape) {
	has := t.rulesNow(f)
	for _, protocol := range []lb.Protocol{lb.TCP, lb.UDP} {
		mine := slices.DeleteFunc(slices.Clone(has), func(r ruleShape) bool { return r.protocol != protocol })
		dealt, fits := deal(protocol, sortedPorts(t.Listeners, protocol), mine)
		if !fits {
			return t.dealtAnew()
		}
		out = append(out, dealt...)
	}
	most := len(out) // while those that go are there still
	for _, r := range has {
		if !slices.ContainsFunc(out, func(o ruleShape) bool { return o.protocol == r.protocol && o.slot == r.slot }) {
			most++
		}
	}
	if most > maxRules || !t.shares(f) {
		return t.dealtAnew()
	}
	return out
}

// dealtAnew is without regard to what is there.
func (t *translation) dealtAnew() (out []ruleShape) {
	fits := true
	for _, protocol := range []lb.Protocol{lb.TCP, lb.UDP} {
		dealt, ok := deal(protocol, sortedPorts(t.Listeners, protocol), nil)
		out, fits = append(out, dealt...), fits && ok
	}
	if fits && len(out) <= maxRules {
		return out
	}
	out = nil // of all ports
	for _, protocol := range []lb.Protocol{lb.TCP, lb.UDP} {
		if len(sortedPorts(t.Listeners, protocol)) > 0 {
			out = append(out, ruleShape{protocol: protocol})
		}
	}
	return out
}

// deal puts each port into one rule: where it is, as far as that rule's others
// are wanted too; then beside those that a rule made anew keeps; then into
// slots that no rule has. It fails when there are no more of those.
func deal(p lb.Protocol, ports []uint16, has []ruleShape) (out []ruleShape, fits bool) {
	left := map[string]bool{}
	for _, n := range ports {
		left[strconv.Itoa(int(n))] = true
	}
	slots := map[int]bool{}
	var anew []int // in out
	for _, r := range has {
		slots[r.slot] = true
		var keep []string
		for _, port := range r.ports {
			if left[port] {
				keep = append(keep, port)
				delete(left, port)
			}
		}
		if len(keep) == 0 {
			continue
		}
		if len(keep) < len(r.ports) {
			anew = append(anew, len(out))
		}
		out = append(out, ruleShape{p, r.slot, keep})
	}
	var fresh []string
	for _, n := range ports {
		if port := strconv.Itoa(int(n)); left[port] {
			fresh = append(fresh, port)
		}
	}
	for _, at := range anew {
		n := min(len(fresh), maxPortsOfRule-len(out[at].ports))
		out[at].ports, fresh = append(out[at].ports, fresh[:n]...), fresh[n:]
	}
	slot := 0
	for chunk := range slices.Chunk(fresh, maxPortsOfRule) {
		for slots[slot] {
			slot++
		}
		out = append(out, ruleShape{p, slot, chunk})
		slot++
	}
	return out, slot <= maxRules
}

// rulesNow are the owner's rules of some ports, in the order of their slots.
func (t *translation) rulesNow(f lb.Family) (out []ruleShape) {
	t.eachRule(f, func(p lb.Protocol, slot int, r lb.Resource) {
		if r.Fields.One("allPorts") != "true" {
			out = append(out, ruleShape{p, slot, r.Fields["ports"]})
		}
	})
	return out
}

func (t *translation) eachRule(f lb.Family, take func(p lb.Protocol, slot int, r lb.Resource)) {
	for _, protocol := range []lb.Protocol{lb.TCP, lb.UDP} {
		for slot := range maxRules {
			if r, there := t.got[lb.Ref{Kind: kindRule, Name: t.ruleName(f, protocol, slot)}]; there && r.Owner == t.Owner {
				take(protocol, slot, r)
			}
		}
	}
}

// shares tells whether another rule can have the address that the owner's
// rules have: an internal IPv4 one has to have been reserved for it.
func (t *translation) shares(f lb.Family) bool {
	alone := false
	t.eachRule(f, func(_ lb.Protocol, _ int, r lb.Resource) {
		alone = alone || !slices.ContainsFunc(r.Uses, func(u lb.Ref) bool {
			return u.Kind == kindAddress && t.got[u].Fields.One("purpose") == sharedPurpose
		})
	})
	return !alone || t.Scheme == lb.External || f == lb.IPv6
}

const sharedPurpose = "SHARED_LOADBALANCER_VIP"
