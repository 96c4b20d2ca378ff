package awssim

import (
	"slices"
	"strconv"
	"strings"
)

// shownRule is a rule by itself, as DescribeSecurityGroupRules has it.
type shownRule struct {
	ID          string     `xml:"securityGroupRuleId"`
	GroupID     string     `xml:"groupId"`
	OwnerID     string     `xml:"groupOwnerId"`
	Egress      bool       `xml:"isEgress"`
	Protocol    string     `xml:"ipProtocol"`
	From        int        `xml:"fromPort"`
	To          int        `xml:"toPort"`
	IPv4        string     `xml:"cidrIpv4,omitempty"`
	IPv6        string     `xml:"cidrIpv6,omitempty"`
	Referenced  *shownPeer `xml:"referencedGroupInfo,omitempty"`
	Description string     `xml:"description,omitempty"`
}

type shownPeer struct {
	GroupID string `xml:"groupId"`
	UserID  string `xml:"userId"`
}

// key and tagged make it a thing that can be listed.
func (r *shownRule) key() string { return r.ID }
func (*shownRule) tagged() tags  { return nil }

func (g *securityGroup) shown(r groupRule) *shownRule {
	out := &shownRule{ID: r.ID, GroupID: g.ID, OwnerID: g.OwnerID, Protocol: r.Protocol, From: r.From, To: r.To, Description: r.Description}
	switch {
	case r.Group != "":
		out.Referenced = &shownPeer{r.Group, g.OwnerID}
	case r.CIDR.Addr().Is4():
		out.IPv4 = r.CIDR.String()
	default:
		out.IPv6 = r.CIDR.String()
	}
	return out
}

type authorizeReply struct {
	RequestID string       `xml:"requestId"`
	Return    bool         `xml:"return"`
	Rules     []*shownRule `xml:"securityGroupRuleSet>item"`
}

// authorizeSecurityGroupIngress adds all rules of the call or none.
func authorizeSecurityGroupIngress(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.groupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	added, refusal := c.rules()
	if refusal != nil {
		return nil, refusal
	}
	if len(added) == 0 {
		return nil, missing("ipPermissions")
	}
	next := *g
	next.Inbound = slices.Clone(g.Inbound)
	reply := authorizeReply{RequestID: requestID, Return: true}
	for _, r := range added {
		if r.Group != "" {
			peer, ok := see(s, c, s.groups).get(r.Group)
			if !ok {
				return nil, groupIDs.notFound(r.Group)
			}
			if peer.VpcID != g.VpcID {
				return nil, refuse("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
			}
		}
		if slices.ContainsFunc(next.Inbound, r.same) {
			return nil, refuse("InvalidPermission.Duplicate", "the specified rule %q already exists", r)
		}
		r.ID = s.id(ruleIDs)
		next.Inbound = append(next.Inbound, r)
		reply.Rules = append(reply.Rules, g.shown(r))
	}
	if v4, v6 := counted(next.Inbound); v4 > s.config.RulesPerGroup || v6 > s.config.RulesPerGroup {
		return nil, refuse("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	s.groups.put(&next)
	return reply, nil
}

// counted is the rules of each family; one from a group counts as both.
func counted(rules []groupRule) (v4, v6 int) {
	for _, r := range rules {
		if r.Group != "" || r.CIDR.Addr().Is4() {
			v4++
		}
		if r.Group != "" || !r.CIDR.Addr().Is4() {
			v6++
		}
	}
	return v4, v6
}

type revokeReply struct {
	RequestID string       `xml:"requestId"`
	Return    bool         `xml:"return"`
	Revoked   []*shownRule `xml:"revokedSecurityGroupRuleSet>item"`
}

// revokeSecurityGroupIngress removes all rules of the call or none: the VPCs
// here are no default VPC, where absent ones would be passed over.
func revokeSecurityGroupIngress(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.groupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	gone, refusal := c.rules()
	if refusal != nil {
		return nil, refusal
	}
	ids := c.list("SecurityGroupRuleId")
	if len(gone) == 0 && len(ids) == 0 || len(gone) > 0 && len(ids) > 0 {
		return nil, refuse("InvalidParameterCombination", "Specify either ipPermissions or securityGroupRuleIds") // the text is a guess
	}
	reply := revokeReply{RequestID: requestID, Return: true}
	next := *g
	next.Inbound = slices.Clone(g.Inbound)
	drop := func(match func(groupRule) bool) bool {
		at := slices.IndexFunc(next.Inbound, match)
		if at < 0 {
			return false
		}
		reply.Revoked = append(reply.Revoked, g.shown(next.Inbound[at]))
		next.Inbound = slices.Delete(next.Inbound, at, at+1)
		return true
	}
	for _, r := range gone {
		if !drop(r.same) {
			return nil, refuse("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
	}
	for _, id := range ids {
		if !drop(func(r groupRule) bool { return r.ID == id }) {
			return nil, ruleIDs.notFound(id)
		}
	}
	s.groups.put(&next)
	return reply, nil
}

type describeRulesReply struct {
	RequestID string       `xml:"requestId"`
	Rules     []*shownRule `xml:"securityGroupRuleSet>item"`
	NextToken string       `xml:"nextToken,omitempty"`
}

func describeSecurityGroupRules(s *Sim, c *call) (any, *APIError) {
	all, refusal := c.filters()
	if refusal != nil {
		return nil, refusal
	}
	ids := c.list("SecurityGroupRuleId")
	var found []*shownRule
	for _, g := range see(s, c, s.groups).list() {
		for _, r := range g.Inbound {
			x := g.shown(r)
			ok, refusal := matches(x, all, func(r *shownRule, filter string) ([]string, bool) {
				switch filter {
				case "group-id":
					return []string{r.GroupID}, true
				case "security-group-rule-id":
					return []string{r.ID}, true
				}
				return nil, false
			})
			if refusal != nil {
				return nil, refusal
			}
			if ok && (len(ids) == 0 || slices.Contains(ids, x.ID)) {
				found = append(found, x)
			}
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(r *shownRule) bool { return r.ID == id }) {
			return nil, ruleIDs.notFound(id)
		}
	}
	slices.SortFunc(found, func(a, b *shownRule) int { return strings.Compare(a.ID, b.ID) })
	page, next, refusal := paged(c, found, 1000, 0)
	return describeRulesReply{RequestID: requestID, Rules: page, NextToken: next}, refusal
}

// modifyNetworkInterfaceAttribute changes one attribute: the groups, or the
// source/destination check.
func modifyNetworkInterfaceAttribute(s *Sim, c *call) (any, *APIError) {
	i, refusal := s.interfaceOf(c)
	if refusal != nil {
		return nil, refusal
	}
	groups, check := c.list("SecurityGroupId"), c.params["SourceDestCheck.Value"]
	next := *i
	switch {
	case len(groups) > 0 && check != "":
		return nil, refuse("InvalidParameterCombination", "Fields for multiple attribute types specified")
	case check != "":
		checked, err := strconv.ParseBool(check)
		if err != nil {
			return nil, invalidValue("Value (%s) for parameter value is invalid.", check)
		}
		next.SourceDestCheck = checked
	case len(groups) > 0:
		if i.RequesterManaged {
			return nil, refuse("OperationNotPermitted", "You do not have permission to access the specified resource: %s is managed by another service", i.ID) // the text is a guess
		}
		if refusal := s.mayJoin(c, groups, i.VpcID); refusal != nil {
			return nil, refusal
		}
		next.Groups = s.refs(groups)
	default:
		return nil, missing("attribute")
	}
	s.interfaces.put(&next)
	return returnReply{requestID, true}, nil
}

// mayJoin reports whether an interface in the VPC can be in all of the groups.
func (s *Sim) mayJoin(c *call, groups []string, vpcID string) *APIError {
	if len(groups) > cardGroups {
		return refuse("SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached.")
	}
	for n, id := range groups {
		g, ok := see(s, c, s.groups).get(id)
		if !ok {
			return groupIDs.notFound(id)
		}
		if g.VpcID != vpcID || slices.Contains(groups[:n], id) {
			return invalidValue("You have specified two resources that belong to different networks, or one twice.") // the text is a guess
		}
	}
	return nil
}

// groupRef is a group of an interface.
type groupRef struct {
	ID   string `xml:"groupId"`
	Name string `xml:"groupName"`
}

func (s *Sim) refs(ids []string) (out []groupRef) {
	for _, id := range ids {
		out = append(out, groupRef{id, s.groups.items[id].Name})
	}
	return out
}

func (i *networkInterface) in(group string) bool {
	return slices.ContainsFunc(i.Groups, func(g groupRef) bool { return g.ID == group })
}
