package awssim

import (
	"net/netip"
	"slices"
)

// elasticIP is an Elastic IP address.
type elasticIP struct {
	ID          string `xml:"allocationId"`
	IP          string `xml:"publicIp"`
	Domain      string `xml:"domain"`
	Association string `xml:"associationId,omitempty"`
	Interface   string `xml:"networkInterfaceId,omitempty"`
	Private     string `xml:"privateIpAddress,omitempty"`
	Tags        tags   `xml:"tagSet>item"`
}

func (e *elasticIP) key() string  { return e.ID }
func (e *elasticIP) tagged() tags { return e.Tags }

type allocateReply struct {
	RequestID string `xml:"requestId"`
	*elasticIP
}

// publicSpace is where Elastic IPs come from here.
var publicSpace = netip.MustParsePrefix("198.51.100.0/24")

func allocateAddress(s *Sim, c *call) (any, *APIError) {
	if d := c.params["Domain"]; d != "" && d != "vpc" {
		return nil, invalidValue("Invalid value '%s' for domain.", d)
	}
	t, refusal := c.newTags("elastic-ip")
	if refusal != nil {
		return nil, refusal
	}
	if len(s.elasticIPs.items) >= s.config.ElasticIPs {
		return nil, refuse("AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	ip := publicSpace.Addr().Next()
	for slices.ContainsFunc(s.elasticIPs.all(), func(e *elasticIP) bool { return e.IP == ip.String() }) {
		ip = ip.Next()
	}
	e := &elasticIP{ID: s.id(elasticIDs), IP: ip.String(), Domain: "vpc", Tags: t}
	s.elasticIPs.put(e)
	return allocateReply{requestID, e}, nil
}

func releaseAddress(s *Sim, c *call) (any, *APIError) {
	id := c.params["AllocationId"]
	e, ok := see(s, c, s.elasticIPs).get(id)
	switch {
	case id == "":
		return nil, missing("allocationId")
	case !ok:
		return nil, elasticIDs.notFound(id)
	case e.Association != "":
		return nil, refuse("InvalidIPAddress.InUse", "Address %s is in use.", e.IP)
	}
	s.elasticIPs.del(id)
	return returnReply{requestID, true}, nil
}

type describeAddressesReply struct {
	RequestID string       `xml:"requestId"`
	Addresses []*elasticIP `xml:"addressesSet>item"`
}

// describeAddresses has no pages.
func describeAddresses(s *Sim, c *call) (any, *APIError) {
	page, _, refusal := find(c, see(s, c, s.elasticIPs), elasticIDs, func(e *elasticIP, filter string) ([]string, bool) {
		switch filter {
		case "allocation-id":
			return []string{e.ID}, true
		case "public-ip":
			return []string{e.IP}, true
		case "network-interface-id":
			return []string{e.Interface}, true
		}
		return nil, false
	})
	byIP := c.list("PublicIp")
	page = slices.DeleteFunc(page, func(e *elasticIP) bool { return len(byIP) > 0 && !slices.Contains(byIP, e.IP) })
	for _, ip := range byIP {
		if refusal == nil && !slices.ContainsFunc(page, func(e *elasticIP) bool { return e.IP == ip }) {
			refusal = refuse("InvalidAddress.NotFound", "Address '%s' not found.", ip)
		}
	}
	return describeAddressesReply{requestID, page}, refusal
}
