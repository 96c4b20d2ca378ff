package fabric

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

// parser reads what the clouds write as text, and keeps the first error.
type parser struct{ err error }

func (p *parser) keep(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) addr(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	p.keep(err)
	return a
}

func (p *parser) prefix(text string) netip.Prefix {
	if !strings.Contains(text, "/") {
		text += "/32"
	}
	x, err := netip.ParsePrefix(text)
	p.keep(err)
	return x
}

// prefixes are the IPv4 ones: the lab has no IPv6.
func (p *parser) prefixes(texts []string) (out []netip.Prefix) {
	for _, text := range texts {
		if x := p.prefix(text); x.Addr().Is4() {
			out = append(out, x)
		}
	}
	return out
}

// traffic is none for a protocol that the lab does not carry.
func (p *parser) traffic(protocol string, ports []string) []Traffic {
	switch protocol {
	case "all", "-1":
		return []Traffic{{}}
	case "tcp", "udp", "icmp", "sctp":
		return []Traffic{{protocol, p.ports(ports)}}
	}
	return nil
}

func (p *parser) ports(texts []string) (out []balance.Ports) {
	for _, text := range texts {
		first, last, ok := strings.Cut(text, "-")
		if !ok {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 16)
		p.keep(err)
		to, err := strconv.ParseUint(last, 10, 16)
		p.keep(err)
		if p.err != nil {
			p.err = fmt.Errorf("ports %q: %w", text, p.err)
		}
		out = append(out, balance.Ports{From: uint16(from), To: uint16(to)})
	}
	return out
}
