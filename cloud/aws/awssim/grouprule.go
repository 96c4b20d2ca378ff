package awssim

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// groupRule is one inbound rule, from a CIDR or from a group.
type groupRule struct {
	ID          string
	Protocol    string // tcp, udp, icmp, icmpv6, a number, or -1
	From, To    int
	CIDR        netip.Prefix
	Group       string
	Description string
}

const anyProtocol = "-1"

// same reports whether two rules are one to EC2, which does not compare their
// descriptions.
func (r groupRule) same(o groupRule) bool {
	r.ID, r.Description = o.ID, o.Description
	return r == o
}

func (r groupRule) String() string {
	return fmt.Sprintf("peer: %s, %s, from port: %d, to port: %d, ALLOW", cmp.Or(r.Group, r.CIDR.String()), strings.ToUpper(r.Protocol), r.From, r.To)
}

// admits reports whether the rule lets traffic in from an address that is in
// those groups.
func (r groupRule) admits(protocol string, port int, from netip.Addr, groups []string) bool {
	if r.Protocol != anyProtocol && (r.Protocol != protocol || port < r.From || port > r.To) {
		return false
	}
	return r.CIDR.IsValid() && r.CIDR.Contains(from) || slices.Contains(groups, r.Group)
}

type cidrItem struct {
	CIDR        string `xml:"cidrIp"`
	Description string `xml:"description,omitempty"`
}

type cidr6Item struct {
	CIDR        string `xml:"cidrIpv6"`
	Description string `xml:"description,omitempty"`
}

type pairItem struct {
	UserID      string `xml:"userId"`
	Group       string `xml:"groupId"`
	Description string `xml:"description,omitempty"`
}

// permission is the rules of one protocol and port range, as EC2 shows them.
type permission struct {
	Protocol string      `xml:"ipProtocol"`
	From     *int        `xml:"fromPort"`
	To       *int        `xml:"toPort"`
	Groups   []pairItem  `xml:"groups>item"`
	IPv4     []cidrItem  `xml:"ipRanges>item"`
	IPv6     []cidr6Item `xml:"ipv6Ranges>item"`
}

func permissions(rules []groupRule, owner string) (out []permission) {
	for _, r := range rules {
		at := slices.IndexFunc(out, func(p permission) bool {
			return p.Protocol == r.Protocol && (p.From == nil || *p.From == r.From && *p.To == r.To)
		})
		if at < 0 {
			p := permission{Protocol: r.Protocol}
			if r.Protocol != anyProtocol {
				p.From, p.To = &r.From, &r.To
			}
			out, at = append(out, p), len(out)
		}
		p := &out[at]
		switch {
		case r.Group != "":
			p.Groups = append(p.Groups, pairItem{owner, r.Group, r.Description})
		case r.CIDR.Addr().Is4():
			p.IPv4 = append(p.IPv4, cidrItem{r.CIDR.String(), r.Description})
		default:
			p.IPv6 = append(p.IPv6, cidr6Item{r.CIDR.String(), r.Description})
		}
	}
	return out
}

// rules reads the permissions of a call, one rule for each peer in them.
func (c *call) rules() (out []groupRule, refusal *APIError) {
	for n := 1; ; n++ {
		at := "IpPermissions." + strconv.Itoa(n)
		protocol, ok := c.params[at+".IpProtocol"]
		if !ok {
			return out, nil
		}
		r, refusal := c.portsOf(at, protocol)
		if refusal != nil {
			return nil, refusal
		}
		peers, refusal := c.peers(at, r)
		if refusal != nil {
			return nil, refusal
		}
		if len(peers) == 0 {
			return nil, refuse("MissingParameter", "Either CIDR IP, security group or prefix list must be specified")
		}
		out = append(out, peers...)
	}
}

var protocolNames = map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}

func (c *call) portsOf(at, protocol string) (groupRule, *APIError) {
	protocol = strings.ToLower(protocol)
	r := groupRule{Protocol: orDefault(protocolNames[protocol], protocol), From: -1, To: -1}
	if protocol == anyProtocol {
		return r, nil
	}
	if !slices.Contains([]string{"tcp", "udp", "icmp", "icmpv6"}, r.Protocol) {
		if n, err := strconv.Atoi(protocol); err != nil || n < 0 || n > 255 {
			return r, refuse("InvalidPermission.Malformed", "Invalid protocol number '%s' or name", protocol)
		}
		return r, nil
	}
	refusal := c.portRange(at, &r)
	return r, refusal
}

func (c *call) portRange(at string, r *groupRule) *APIError {
	from, err1 := strconv.Atoi(c.params[at+".FromPort"])
	to, err2 := strconv.Atoi(c.params[at+".ToPort"])
	if err1 != nil || err2 != nil {
		return invalidValue("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
	}
	if (r.Protocol == "tcp" || r.Protocol == "udp") && (from < 0 || to > 65535 || from > to) {
		return invalidValue("Invalid value '%d-%d' for portRange.", from, to)
	}
	r.From, r.To = from, to
	return nil
}

// peers reads the peers of a permission. Host bits are dropped, as EC2 does
// (API reference, IpRange).
func (c *call) peers(at string, r groupRule) (out []groupRule, refusal *APIError) {
	for _, kind := range []struct{ list, field string }{{"Groups", "GroupId"}, {"IpRanges", "CidrIp"}, {"Ipv6Ranges", "CidrIpv6"}} {
		for n := 1; ; n++ {
			item := fmt.Sprintf("%s.%s.%d", at, kind.list, n)
			text, ok := c.params[item+"."+kind.field]
			if !ok {
				break
			}
			one := r
			if one.Description = c.params[item+".Description"]; one.Description != "" && !groupText.MatchString(one.Description) {
				return nil, invalidValue("Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
			}
			if kind.list == "Groups" {
				one.Group = text
			} else {
				p, err := netip.ParsePrefix(text)
				if err != nil || p.Addr().Is4() != (kind.list == "IpRanges") {
					return nil, invalidValue("CIDR block %s is malformed", text)
				}
				one.CIDR = p.Masked()
			}
			out = append(out, one)
		}
	}
	return out, nil
}
