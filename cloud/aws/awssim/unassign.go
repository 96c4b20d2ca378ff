package awssim

import (
	"net/netip"
	"slices"
)

type returnReply struct {
	RequestID string `xml:"requestId"`
	Return    bool   `xml:"return"`
}

// unassignPrivateIPAddresses takes prefixes and secondary addresses from an
// interface, all of them or none.
func unassignPrivateIPAddresses(s *Sim, c *call) (any, *APIError) {
	i, refusal := s.interfaceOf(c)
	if refusal != nil {
		return nil, refusal
	}
	prefixes, addresses, refusal := c.explicit()
	if refusal != nil {
		return nil, refusal
	}
	if len(prefixes)+len(addresses) == 0 {
		return nil, missing("privateIpAddresses or ipv4Prefixes")
	}
	return returnReply{requestID, true}, s.unassign(i, prefixes, addresses)
}

func (s *Sim) unassign(i *networkInterface, prefixes []netip.Prefix, addresses []netip.Addr) *APIError {
	next := *i
	for _, p := range prefixes {
		if !slices.Contains(next.Prefixes, ipv4Prefix{p.String()}) {
			return notAssigned(i.ID)
		}
		next.Prefixes = without(next.Prefixes, ipv4Prefix{p.String()})
	}
	for _, a := range addresses {
		if a.String() == i.PrivateIP {
			return invalidValue("Value (%s) for parameter privateIpAddress is invalid. The primary IP address of an interface cannot be unassigned.", a)
		}
		if !slices.Contains(next.Addresses, address{IP: a.String()}) {
			return notAssigned(i.ID)
		}
		next.Addresses = without(next.Addresses, address{IP: a.String()})
	}
	sp := s.spaces[i.SubnetID]
	for _, p := range prefixes {
		delete(sp.prefixes, p)
	}
	for _, a := range addresses {
		delete(sp.addresses, a)
	}
	s.interfaces.put(&next)
	return nil
}

func notAssigned(id string) *APIError {
	return invalidValue("Some of the specified addresses are not assigned to interface %s", id)
}
