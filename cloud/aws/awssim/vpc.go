package awssim

import (
	"net/netip"
	"slices"
)

type vpc struct {
	ID           string        `xml:"vpcId"`
	OwnerID      string        `xml:"ownerId"`
	State        string        `xml:"state"`
	CidrBlock    string        `xml:"cidrBlock"`
	Associations []association `xml:"cidrBlockAssociationSet>item"`
	IPv6         []vpcIPv6     `xml:"ipv6CidrBlockAssociationSet>item"`
	Tags         tags          `xml:"tagSet>item"`
}

type association struct {
	ID        string     `xml:"associationId"`
	CidrBlock string     `xml:"cidrBlock"`
	State     blockState `xml:"cidrBlockState"`
}

type blockState struct {
	State   string `xml:"state"`
	Message string `xml:"statusMessage,omitempty"`
}

const (
	associating    = "associating"
	associated     = "associated"
	disassociating = "disassociating"
	disassociated  = "disassociated"
)

func (v *vpc) key() string  { return v.ID }
func (v *vpc) tagged() tags { return v.Tags }

func (a association) prefix() netip.Prefix { return netip.MustParsePrefix(a.CidrBlock) }

// counts reports whether the block is the VPC's, or about to be.
func (a association) counts() bool {
	return a.State.State == associating || a.State.State == associated
}

type describeVpcsReply struct {
	RequestID string `xml:"requestId"`
	Vpcs      []*vpc `xml:"vpcSet>item"`
	NextToken string `xml:"nextToken,omitempty"`
}

func describeVpcs(s *Sim, c *call) (any, *APIError) {
	page, next, refusal := find(c, see(s, c, s.vpcs), vpcIDs, func(v *vpc, filter string) ([]string, bool) {
		switch filter {
		case "vpc-id":
			return []string{v.ID}, true
		case "cidr":
			return []string{v.CidrBlock}, true
		case "state":
			return []string{v.State}, true
		}
		return nil, false
	})
	return describeVpcsReply{RequestID: requestID, Vpcs: page, NextToken: next}, refusal
}

type associationReply struct {
	RequestID   string      `xml:"requestId"`
	VpcID       string      `xml:"vpcId"`
	Association association `xml:"cidrBlockAssociation"`
}

func associateVpcCidrBlock(s *Sim, c *call) (any, *APIError) {
	v, ok := see(s, c, s.vpcs).get(c.params["VpcId"])
	if !ok {
		return nil, vpcIDs.notFound(c.params["VpcId"])
	}
	if c.params["AmazonProvidedIpv6CidrBlock"] == "true" {
		return vpcIPv6Reply{requestID, v.ID, s.provideIPv6(v)}, nil
	}
	p, refusal := c.prefix("CidrBlock")
	if refusal != nil {
		return nil, refusal
	}
	a, refusal := s.associate(v, p)
	return associationReply{requestID, v.ID, a}, refusal
}

// associate adds a block: VPC user guide, "VPC CIDR blocks".
func (s *Sim) associate(v *vpc, p netip.Prefix) (association, *APIError) {
	if refusal := blockSize(p); refusal != nil {
		return association{}, refusal
	}
	n := 0
	for _, a := range v.Associations {
		if !a.counts() {
			continue
		}
		n++
		if a.prefix().Overlaps(p) {
			return association{}, refuse("InvalidVpc.Range", "The CIDR '%s' conflicts with a CIDR already associated with the VPC", p) // the text is a guess
		}
	}
	if restricted(v, p) {
		return association{}, refuse("InvalidVpc.Range", "The CIDR '%s' is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR.", p)
	}
	if n >= s.config.CIDRsPerVPC {
		return association{}, refuse("CidrLimitExceeded", "This network '%s' has met its maximum number of allowed CIDRs: %d", v.ID, s.config.CIDRsPerVPC)
	}
	for _, t := range s.routeTables.all() {
		for _, r := range t.Routes {
			for _, d := range s.leads(r) {
				if t.VpcID == v.ID && r.GatewayID != local && d.Bits() > 0 && p.Bits() <= d.Bits() && p.Overlaps(d) {
					return association{}, refuse("InvalidVpc.Range", "The CIDR '%s' contains the destination %s of a route in %s", p, d, t.ID) // the text is a guess
				}
			}
		}
	}
	a := association{ID: s.id(idKind{prefix: "vpc-cidr-assoc-"}), CidrBlock: p.String(), State: blockState{State: associating}}
	next := *v
	next.Associations = append(slices.Clone(v.Associations), a)
	s.vpcs.put(&next)
	s.later(func() { s.turn(v.ID, a.ID, associated) })
	return a, nil
}

func blockSize(p netip.Prefix) *APIError {
	if p.Bits() < 16 || p.Bits() > 28 {
		return refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", p)
	}
	return nil
}

// turn changes the state of an association, and the local routes with it.
func (s *Sim) turn(vpcID, id, state string) {
	v, ok := s.vpcs.items[vpcID]
	if !ok {
		return
	}
	next := *v
	next.Associations = slices.Clone(v.Associations)
	for n := range next.Associations {
		a := &next.Associations[n]
		if a.ID != id {
			continue
		}
		a.State.State = state
		switch state {
		case associated:
			s.localRoute(vpcID, a.CidrBlock, true)
		case disassociated:
			s.localRoute(vpcID, a.CidrBlock, false)
		}
	}
	s.vpcs.put(&next)
}

func disassociateVpcCidrBlock(s *Sim, c *call) (any, *APIError) {
	id := c.params["AssociationId"]
	for _, v := range see(s, c, s.vpcs).list() {
		for n, a := range v.Associations {
			if a.ID != id || !a.counts() {
				continue
			}
			if n == 0 {
				return nil, refuse("OperationNotPermitted", "The vpc CIDR block with association ID %s may not be disassociated. It is the primary IPv4 CIDR block of the VPC", id)
			}
			for _, sub := range s.subnets.all() {
				if sub.VpcID == v.ID && sub.prefix().Overlaps(a.prefix()) {
					return nil, refuse("DependencyViolation", "The vpc '%s' has dependencies and the CIDR '%s' cannot be disassociated.", v.ID, a.CidrBlock) // the text is a guess
				}
			}
			s.turn(v.ID, id, disassociating)
			s.later(func() { s.turn(v.ID, id, disassociated) })
			a.State.State = disassociating
			return associationReply{requestID, v.ID, a}, nil
		}
	}
	return nil, refuse("InvalidVpcCidrBlockAssociationID.NotFound", "The vpc CIDR block association ID '%s' does not exist", id)
}

// families are the private ranges that a VPC must not mix. 100.64.0.0/10 goes
// with each of them.
var families = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("198.19.0.0/16"),
}

// restricted are the combinations that the user guide's table refuses.
func restricted(v *vpc, p netip.Prefix) bool {
	overlaps := func(s string) bool { return p.Overlaps(netip.MustParsePrefix(s)) }
	mine := familyOf(p)
	for _, a := range v.Associations {
		if !a.counts() {
			continue
		}
		have := a.prefix()
		if theirs := familyOf(have); mine >= 0 && theirs >= 0 && mine != theirs {
			return true
		}
		if have.Overlaps(netip.MustParsePrefix("10.0.0.0/15")) && p == netip.MustParsePrefix("10.0.0.0/16") ||
			have.Overlaps(families[1]) && overlaps("172.31.0.0/16") {
			return true
		}
	}
	return overlaps("0.0.0.0/8") || overlaps("127.0.0.0/8") || overlaps("169.254.0.0/16") || overlaps("224.0.0.0/4")
}

func familyOf(p netip.Prefix) int {
	return slices.IndexFunc(families, p.Overlaps)
}
