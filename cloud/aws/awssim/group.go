package awssim

import (
	"regexp"
	"slices"
)

// securityGroup is a security group. All of its traffic outwards is allowed:
// no call changes that here.
type securityGroup struct {
	ID, Name, Description string
	OwnerID, VpcID        string
	Inbound               []groupRule
	Tags                  tags
}

func (g *securityGroup) key() string  { return g.ID }
func (g *securityGroup) tagged() tags { return g.Tags }

const (
	defaultGroup = "default"
	groupLimit   = 2500 // in a region
	ruleLimit    = 60   // inbound rules for IPv4, and as many for IPv6
	cardGroups   = 5    // groups of a network interface
)

var groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$`)

type createGroupReply struct {
	RequestID string `xml:"requestId"`
	ID        string `xml:"groupId"`
	Tags      tags   `xml:"tagSet>item"`
}

type deleteGroupReply struct {
	RequestID string `xml:"requestId"`
	Return    bool   `xml:"return"`
	ID        string `xml:"groupId"`
}

func createSecurityGroup(s *Sim, c *call) (any, *APIError) {
	name, description := c.params["GroupName"], c.params["GroupDescription"]
	v, ok := see(s, c, s.vpcs).get(c.params["VpcId"])
	switch {
	case name == "":
		return nil, missing("groupName")
	case description == "":
		return nil, missing("groupDescription")
	case !ok:
		return nil, vpcIDs.notFound(c.params["VpcId"])
	case !groupText.MatchString(name) || !groupText.MatchString(description):
		return nil, invalidValue("Value (%s) for parameter groupName or groupDescription is invalid. Character sets beyond ASCII are not supported.", name)
	case len(name) >= 3 && name[:3] == groupIDs.prefix:
		return nil, invalidValue("Value (%s) for parameter groupName is invalid. Group names may not be in the format sg-*", name)
	}
	t, refusal := c.newTags("security-group")
	if refusal != nil {
		return nil, refusal
	}
	for _, g := range s.groups.all() {
		if g.VpcID == v.ID && g.Name == name {
			return nil, refuse("InvalidGroup.Duplicate", "The security group '%s' already exists for VPC '%s'", name, v.ID)
		}
	}
	if len(s.groups.items) >= groupLimit {
		return nil, refuse("SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.")
	}
	g := &securityGroup{ID: s.id(groupIDs), Name: name, Description: description, OwnerID: s.config.Account, VpcID: v.ID, Tags: t}
	s.groups.put(g)
	return createGroupReply{requestID, g.ID, g.Tags}, nil
}

// deleteSecurityGroup refuses while an interface is in the group, also one of
// a balancer that is gone but lingers, or another group's rule names it.
func deleteSecurityGroup(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.groupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	if g.Name == defaultGroup {
		return nil, refuse("CannotDelete", "the specified group: \"%s\" name: \"default\" cannot be deleted by a user", g.ID)
	}
	inUse := slices.ContainsFunc(s.interfaces.all(), func(i *networkInterface) bool { return i.in(g.ID) }) ||
		slices.ContainsFunc(s.groups.all(), func(o *securityGroup) bool {
			return o.ID != g.ID && slices.ContainsFunc(o.Inbound, func(r groupRule) bool { return r.Group == g.ID })
		})
	if inUse {
		return nil, refuse("DependencyViolation", "resource %s has a dependent object", g.ID)
	}
	s.groups.del(g.ID)
	return deleteGroupReply{requestID, true, g.ID}, nil
}

func (s *Sim) groupOf(c *call) (*securityGroup, *APIError) {
	id := c.params["GroupId"]
	if id == "" {
		return nil, missing("groupId")
	}
	g, ok := see(s, c, s.groups).get(id)
	if !ok {
		return nil, groupIDs.notFound(id)
	}
	return g, nil
}

// baseGroup is the ID of a VPC's default group, which admits what is in it.
func (s *Sim) baseGroup(vpcID string) string {
	for _, g := range s.groups.all() {
		if g.VpcID == vpcID && g.Name == defaultGroup {
			return g.ID
		}
	}
	g := &securityGroup{ID: s.id(groupIDs), Name: defaultGroup, Description: "default VPC security group", OwnerID: s.config.Account, VpcID: vpcID}
	g.Inbound = []groupRule{{ID: s.id(ruleIDs), Protocol: anyProtocol, From: -1, To: -1, Group: g.ID}}
	s.groups.put(g)
	return g.ID
}

type shownGroup struct {
	OwnerID     string       `xml:"ownerId"`
	ID          string       `xml:"groupId"`
	Name        string       `xml:"groupName"`
	Description string       `xml:"groupDescription"`
	VpcID       string       `xml:"vpcId"`
	Inbound     []permission `xml:"ipPermissions>item"`
	Outbound    []permission `xml:"ipPermissionsEgress>item"`
	Tags        tags         `xml:"tagSet>item"`
}

type describeGroupsReply struct {
	RequestID string       `xml:"requestId"`
	Groups    []shownGroup `xml:"securityGroupInfo>item"`
	NextToken string       `xml:"nextToken,omitempty"`
}

func describeSecurityGroups(s *Sim, c *call) (any, *APIError) {
	page, next, refusal := find(c, see(s, c, s.groups), groupIDs, func(g *securityGroup, filter string) (out []string, ok bool) {
		switch filter {
		case "group-id":
			return []string{g.ID}, true
		case "group-name":
			return []string{g.Name}, true
		case "description":
			return []string{g.Description}, true
		case "vpc-id":
			return []string{g.VpcID}, true
		case "ip-permission.group-id":
			for _, r := range g.Inbound {
				if r.Group != "" {
					out = append(out, r.Group)
				}
			}
			return out, true
		}
		return nil, false
	})
	reply := describeGroupsReply{RequestID: requestID, NextToken: next}
	everywhere := []permission{{Protocol: anyProtocol, IPv4: []cidrItem{{CIDR: "0.0.0.0/0"}}}}
	for _, g := range page {
		reply.Groups = append(reply.Groups, shownGroup{g.OwnerID, g.ID, g.Name, g.Description, g.VpcID, permissions(g.Inbound, g.OwnerID), everywhere, g.Tags})
	}
	return reply, refusal
}
