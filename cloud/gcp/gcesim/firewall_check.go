package gcesim

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// complete validates a rule as a whole and fills in what the platform does.
// The rules are those of the firewalls reference and of the VPC firewall
// rules page.
func (o *firewall) complete() *APIError {
	if o.Direction != "INGRESS" && o.Direction != "EGRESS" {
		return invalidField("resource.direction", o.Direction, "Must be INGRESS or EGRESS.")
	}
	if *o.Priority > 65535 {
		return invalidField("resource.priority", fmt.Sprint(*o.Priority), "Must be between 0 and 65535.")
	}
	for _, check := range []func() *APIError{o.checkActions, o.checkMarks, o.checkRanges} {
		if refusal := check(); refusal != nil {
			return refusal
		}
	}
	switch {
	case o.Direction == "EGRESS" && len(o.DestinationRanges) == 0:
		o.DestinationRanges = []string{"0.0.0.0/0"}
	case o.Direction == "INGRESS" && len(o.SourceRanges)+len(o.SourceTags)+len(o.SourceServiceAccounts) == 0:
		o.SourceRanges = []string{anywhere(o.DestinationRanges)}
	}
	return nil
}

// anywhere is every address of the family that the other side has.
func anywhere(others []string) string {
	if len(others) > 0 && strings.Contains(others[0], ":") {
		return "::/0"
	}
	return "0.0.0.0/0"
}

// checkActions wants allowed or denied, and not both.
func (o *firewall) checkActions() *APIError {
	if len(o.Allowed) > 0 && len(o.Denied) > 0 {
		return invalidField("resource", "", "Only one of allowed and denied can be specified.")
	}
	if len(o.Allowed)+len(o.Denied) == 0 {
		return invalidField("resource.allowed", "", "One of allowed and denied must be specified.")
	}
	for at, list := range map[string][]firewallAction{"allowed": o.Allowed, "denied": o.Denied} {
		for i := range list {
			if refusal := list[i].check(fmt.Sprintf("resource.%s[%d]", at, i)); refusal != nil {
				return refusal
			}
		}
	}
	return nil
}

var protocolNames = []string{"all", "tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip"}

func (a *firewallAction) check(field string) *APIError {
	a.IPProtocol = strings.ToLower(a.IPProtocol)
	if n, err := strconv.Atoi(a.IPProtocol); (err != nil || n < 0 || n > 255) && !slices.Contains(protocolNames, a.IPProtocol) {
		return invalidField(field+".IPProtocol", a.IPProtocol, "Must be one of %v or an IP protocol number.", protocolNames)
	}
	if len(a.Ports) > 0 && !slices.Contains([]string{"tcp", "udp", "sctp", "6", "17", "132"}, a.IPProtocol) {
		return invalidField(field+".ports", strings.Join(a.Ports, ","), "Ports may only be specified for tcp, udp and sctp.")
	}
	for _, text := range a.Ports {
		low, high, isRange := strings.Cut(text, "-")
		if !isRange {
			high = low
		}
		from, err := strconv.ParseUint(low, 10, 16)
		to, err2 := strconv.ParseUint(high, 10, 16)
		if err != nil || err2 != nil || from > to {
			return invalidField(field+".ports", text, "Ports may only be specified as numbers between 0 and 65535 or ranges of them.")
		}
	}
	return nil
}

// checkMarks: tags and service accounts do not mix in one rule, and traffic
// that goes out has no marks of its source.
func (o *firewall) checkMarks() *APIError {
	tags, accounts := len(o.SourceTags)+len(o.TargetTags), len(o.SourceServiceAccounts)+len(o.TargetServiceAccounts)
	if tags > 0 && accounts > 0 {
		return invalidField("resource", "", "Service accounts and tags cannot be specified in the same rule.")
	}
	if o.Direction == "EGRESS" && len(o.SourceTags)+len(o.SourceServiceAccounts) > 0 {
		return invalidField("resource.sourceTags", "", "Source tags and service accounts cannot be specified for EGRESS.")
	}
	return nil
}

// checkRanges: one family in a rule, and a bounded number.
func (o *firewall) checkRanges() *APIError {
	families := map[bool]bool{}
	for field, list := range map[string][]string{"sourceRanges": o.SourceRanges, "destinationRanges": o.DestinationRanges} {
		if len(list) > maxFirewallRanges {
			return invalidField("resource."+field, fmt.Sprint(len(list)), "A firewall rule can have at most %d ranges.", maxFirewallRanges)
		}
		for i, text := range list {
			p, err := netip.ParsePrefix(text)
			if err != nil || p != p.Masked() {
				return invalidField(fmt.Sprintf("resource.%s[%d]", field, i), text, "Must be a valid CIDR address range.")
			}
			families[p.Addr().Is4()] = true
		}
	}
	if len(families) > 1 {
		return invalidField("resource.sourceRanges", "", "A firewall rule cannot have both IPv4 and IPv6 ranges.")
	}
	return nil
}
