package gcp

import (
	"fmt"
	"maps"
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
	// maxSlots bounds the numbers in rules' names: those of an address that
	// comes stand beside those of one that goes.
	maxSlots = 3 * maxRules
)

// ruleShape is the ports of one forwarding rule; every one where there are
// none.
type ruleShape struct {
	protocol lb.Protocol
	slot     int
	ports    []string
}

// claims are the slot and the ports of an address, or every slot.
func (r ruleShape) claims(at string) (out []string) {
	claim := func(what string) { out = append(out, at+"/"+string(r.protocol)+what) }
	if len(r.ports) == 0 {
		for n := range maxSlots {
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

// serves are the points at which clients come in; every port where it has none
// of its own.
func (r ruleShape) serves(f lb.Family) (out []string) {
	for _, p := range r.ports {
		out = append(out, string(f)+"/"+string(r.protocol)+"/"+p)
	}
	if len(out) == 0 {
		return []string{string(f) + "/" + string(r.protocol) + "/*"}
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

// rules deals the ports of a frontend out to forwarding rules of its address.
// The ports of a rule cannot be changed, and no two of one address can have the
// same: so rules stay as they are where all their ports are wanted, and new
// ports get rules beside them. Only a rule that loses some of its ports is made
// anew. Rules of another address stay beside until these serve.
func (t *translation) rules(f lb.Family, p vip) (out []ruleShape) {
	has, taken := t.rulesNow(f, p.at())
	for _, protocol := range protocols {
		mine := slices.DeleteFunc(slices.Clone(has), func(r ruleShape) bool { return r.protocol != protocol })
		dealt, fits := deal(protocol, sortedPorts(t.Listeners, protocol), mine, taken[protocol])
		if !fits {
			return t.dealtAnew(taken)
		}
		out = append(out, dealt...)
	}
	most := len(out) // while those that go are there still
	for _, r := range has {
		if !slices.ContainsFunc(out, func(o ruleShape) bool { return o.protocol == r.protocol && o.slot == r.slot }) {
			most++
		}
	}
	if most > maxRules || p.alone {
		return t.dealtAnew(taken)
	}
	return out
}

var protocols = []lb.Protocol{lb.TCP, lb.UDP}

// slots are numbers in rules' names that rules of another address have.
type slots map[int]bool

func (s slots) next(slot int) int {
	for s[slot] {
		slot++
	}
	return slot
}

// dealtAnew is without regard to what the address has.
func (t *translation) dealtAnew(taken map[lb.Protocol]slots) (out []ruleShape) {
	fits := true
	for _, protocol := range protocols {
		dealt, ok := deal(protocol, sortedPorts(t.Listeners, protocol), nil, taken[protocol])
		out, fits = append(out, dealt...), fits && ok
	}
	if fits && len(out) <= maxRules {
		return out
	}
	out = nil // of all ports
	for _, protocol := range protocols {
		if len(sortedPorts(t.Listeners, protocol)) > 0 {
			out = append(out, ruleShape{protocol: protocol, slot: taken[protocol].next(0)})
		}
	}
	return out
}

// deal puts each port into one rule: where it is, as far as that rule's others
// are wanted too; then beside those that a rule made anew keeps; then into
// slots that no rule has. It fails when there are no more of those.
func deal(p lb.Protocol, ports []uint16, has []ruleShape, taken slots) (out []ruleShape, fits bool) {
	left := map[string]bool{}
	for _, n := range ports {
		left[strconv.Itoa(int(n))] = true
	}
	slots := slots{}
	maps.Copy(slots, taken)
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
	slot, last := 0, maxRules+len(taken)
	for chunk := range slices.Chunk(fresh, maxPortsOfRule) {
		slot = slots.next(slot)
		out = append(out, ruleShape{p, slot, chunk})
		slot++
	}
	return out, slot <= min(last, maxSlots)
}

// rulesNow are the owner's rules of some ports at an address, in the order of
// their slots, and the slots of those at others.
func (t *translation) rulesNow(f lb.Family, at string) (has []ruleShape, taken map[lb.Protocol]slots) {
	taken = map[lb.Protocol]slots{}
	for _, protocol := range protocols {
		taken[protocol] = slots{}
		for slot := range maxSlots {
			r, there := t.got[lb.Ref{Kind: kindRule, Name: t.ruleName(f, protocol, slot)}]
			switch {
			case !there || r.Owner != t.Owner:
			case r.Fields.One("IPAddress") != at:
				taken[protocol][slot] = true
			case r.Fields.One("allPorts") != "true":
				has = append(has, ruleShape{protocol, slot, r.Fields["ports"]})
			}
		}
	}
	return has, taken
}

const sharedPurpose = "SHARED_LOADBALANCER_VIP"
