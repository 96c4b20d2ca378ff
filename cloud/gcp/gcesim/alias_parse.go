package gcesim

import (
	"net/netip"
	"strconv"
	"strings"
)

// aliasAsk is one alias range of a request, understood.
type aliasAsk struct {
	prefix    netip.Prefix
	pick      int // mask of a range that the server picks, else 0
	parent    netip.Prefix
	rangeName string
}

func (a aliasAsk) canonical() aliasRange {
	return aliasRange{IPCidrRange: a.prefix.String(), SubnetworkRangeName: a.rangeName}
}

// parseAlias reads a CIDR, a single address, or only a mask ("/24").
func parseAlias(field string, sub *subnetwork, a aliasRange) (aliasAsk, *APIError) {
	ask := aliasAsk{rangeName: a.SubnetworkRangeName}
	var ok bool
	if ask.parent, ok = sub.rangeNamed(a.SubnetworkRangeName); !ok {
		return ask, invalidField(field+".subnetworkRangeName", a.SubnetworkRangeName, "The specified subnetwork secondary range does not exist.")
	}
	field += ".ipCidrRange"
	text := a.IPCidrRange
	switch {
	case text == "":
		return ask, required(field)
	case text[0] == '/':
		bits, err := strconv.Atoi(text[1:])
		if err != nil || bits < max(ask.parent.Bits(), 1) || bits > 32 {
			return ask, invalidField(field, text, "The mask does not fit the range %s.", ask.parent)
		}
		ask.pick = bits
		return ask, nil
	case !strings.Contains(text, "/"):
		text += "/32"
	}
	p, refusal := parseCIDR(field, text)
	if refusal != nil {
		return ask, refusal
	}
	if p.Bits() < ask.parent.Bits() || !ask.parent.Contains(p.Addr()) {
		return ask, invalidField(field, a.IPCidrRange, "Alias IP range must be within the range %s of the subnetwork.", ask.parent)
	}
	if a.SubnetworkRangeName == "" && touchesPlatform(ask.parent, p) {
		return ask, invalidField(field, a.IPCidrRange, "The range holds addresses that are reserved in every primary range.")
	}
	ask.prefix = p
	return ask, nil
}
