package awssim

import (
	"net/netip"
	"strconv"
)

type networkInterface struct {
	ID               string        `xml:"networkInterfaceId"`
	SubnetID         string        `xml:"subnetId"`
	VpcID            string        `xml:"vpcId"`
	AvailabilityZone string        `xml:"availabilityZone"`
	Description      string        `xml:"description"`
	OwnerID          string        `xml:"ownerId"`
	RequesterManaged bool          `xml:"requesterManaged"`
	Status           string        `xml:"status"`
	InterfaceType    string        `xml:"interfaceType"`
	PrivateIP        string        `xml:"privateIpAddress"`
	SourceDestCheck  bool          `xml:"sourceDestCheck"`
	Attachment       *attachment   `xml:"attachment,omitempty"`
	Addresses        []address     `xml:"privateIpAddressesSet>item"`
	Prefixes         []ipv4Prefix  `xml:"ipv4PrefixSet>item"`
	IPv6Addresses    []ipv6Address `xml:"ipv6AddressesSet>item"`
	IPv6Prefixes     []ipv6Prefix  `xml:"ipv6PrefixSet>item"`
	Groups           []groupRef    `xml:"groupSet>item"`
	Tags             tags          `xml:"tagSet>item"`
}

type attachment struct {
	ID                  string `xml:"attachmentId"`
	InstanceID          string `xml:"instanceId,omitempty"`
	InstanceOwnerID     string `xml:"instanceOwnerId"`
	DeviceIndex         int    `xml:"deviceIndex"`
	NetworkCardIndex    int    `xml:"networkCardIndex"`
	Status              string `xml:"status"`
	DeleteOnTermination bool   `xml:"deleteOnTermination"`
}

// instanceAttachment is how an instance shows the attachment of an interface:
// without itself.
type instanceAttachment struct {
	ID                  string `xml:"attachmentId"`
	DeviceIndex         int    `xml:"deviceIndex"`
	NetworkCardIndex    int    `xml:"networkCardIndex"`
	Status              string `xml:"status"`
	DeleteOnTermination bool   `xml:"deleteOnTermination"`
}

func (a *attachment) ofInstance() *instanceAttachment {
	if a == nil {
		return nil
	}
	return &instanceAttachment{a.ID, a.DeviceIndex, a.NetworkCardIndex, a.Status, a.DeleteOnTermination}
}

type address struct {
	IP      string `xml:"privateIpAddress"`
	Primary bool   `xml:"primary"`
}

type ipv4Prefix struct {
	Prefix string `xml:"ipv4Prefix"`
}

func (i *networkInterface) key() string  { return i.ID }
func (i *networkInterface) tagged() tags { return i.Tags }

// instance is the ID of the instance it is in, "" where it is in none.
func (i *networkInterface) instance() string {
	if i.Attachment == nil {
		return ""
	}
	return i.Attachment.InstanceID
}

// slots is how many addresses it may hold, its primary one and prefixes among
// them, and whether prefixes are possible.
func (s *Sim) slots(i *networkInterface) (most int, prefixes bool) {
	vm, ok := s.instances.items[i.instance()]
	if !ok {
		return mostAddresses, true
	}
	l := instanceTypes[vm.Type]
	return l.addresses, !l.xen
}

type describeInterfacesReply struct {
	RequestID  string              `xml:"requestId"`
	Interfaces []*networkInterface `xml:"networkInterfaceSet>item"`
	NextToken  string              `xml:"nextToken,omitempty"`
}

func describeNetworkInterfaces(s *Sim, c *call) (any, *APIError) {
	page, next, refusal := find(c, see(s, c, s.interfaces), interfaceIDs, interfaceValues)
	return describeInterfacesReply{RequestID: requestID, Interfaces: page, NextToken: next}, refusal
}

func interfaceValues(i *networkInterface, filter string) (out []string, ok bool) {
	of, ok := interfaceFilters[filter]
	if !ok {
		return nil, false
	}
	return of(i), true
}

var interfaceFilters = map[string]func(*networkInterface) []string{
	"network-interface-id":   func(i *networkInterface) []string { return []string{i.ID} },
	"subnet-id":              func(i *networkInterface) []string { return []string{i.SubnetID} },
	"vpc-id":                 func(i *networkInterface) []string { return []string{i.VpcID} },
	"availability-zone":      func(i *networkInterface) []string { return []string{i.AvailabilityZone} },
	"status":                 func(i *networkInterface) []string { return []string{i.Status} },
	"interface-type":         func(i *networkInterface) []string { return []string{i.InterfaceType} },
	"requester-managed":      func(i *networkInterface) []string { return []string{strconv.FormatBool(i.RequesterManaged)} },
	"description":            func(i *networkInterface) []string { return []string{i.Description} },
	"attachment.instance-id": func(i *networkInterface) []string { return []string{i.instance()} },
	"attachment.device-index": func(i *networkInterface) []string {
		if i.Attachment == nil {
			return nil
		}
		return []string{strconv.Itoa(i.Attachment.DeviceIndex)}
	},
	"addresses.private-ip-address": func(i *networkInterface) (out []string) {
		for _, a := range i.Addresses {
			out = append(out, a.IP)
		}
		return out
	},
	"group-id": func(i *networkInterface) (out []string) {
		for _, g := range i.Groups {
			out = append(out, g.ID)
		}
		return out
	},
}

// newInterface makes an interface with one address, which AWS chooses where
// none is given.
func (s *Sim) newInterface(sub *subnet, at netip.Addr) (*networkInterface, *APIError) {
	sp := s.spaces[sub.ID]
	if !at.IsValid() {
		free, ok := sp.firstAddress(s.reservedIn(sub.ID))
		if !ok {
			return nil, refuse("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
		}
		at = free
	}
	switch by := sp.holder(at); {
	case !sp.all.Contains(at) || by == byAWS:
		return nil, invalidValue("invalid value for parameter address: %s", at)
	case by != "":
		return nil, refuse("InvalidIPAddress.InUse", "The specified address is already in use.")
	}
	i := &networkInterface{
		ID: s.id(interfaceIDs), SubnetID: sub.ID, VpcID: sub.VpcID, AvailabilityZone: sub.AvailabilityZone, OwnerID: s.config.Account,
		Status: "available", InterfaceType: "interface", PrivateIP: at.String(), SourceDestCheck: true,
		Addresses: []address{{at.String(), true}}, Groups: s.refs([]string{s.baseGroup(sub.VpcID)}),
	}
	sp.addresses[at] = i.ID
	return i, nil
}

// dropInterface deletes it and frees what it holds.
func (s *Sim) dropInterface(i *networkInterface) {
	s.spaces[i.SubnetID].drop(i.ID)
	s.forgetIPv6(i)
	s.interfaces.del(i.ID)
}
