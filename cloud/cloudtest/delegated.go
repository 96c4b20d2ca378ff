package cloudtest

import (
	"net/netip"

	"github.com/vpcnative/vpcnative/cloud"
)

// delegates skips what follows where the cloud delegates no prefix.
func (c *check) delegates() {
	if c.AddDelegated == nil {
		c.Skip("the cloud delegates no prefix to an interface")
	}
}

// What Attach and Detach do leaves the delegated prefix alone, and it is none
// of the attachments.
func delegatedPrefixComesWithTheInterface(c *check) {
	c.delegates()
	id := c.AddDelegated("vm")
	was := c.get(id).Delegated
	if !was.IsValid() || was != was.Masked() || !was.Addr().Is6() {
		c.Fatalf("the interface has the delegated prefix %v, want an IPv6 one", was)
	}
	same := func(when string, i cloud.Interface) {
		c.Helper()
		if i.Delegated != was || i.Holds(was) {
			c.Errorf("%s Delegated is %v and Attachments %v, want %s", when, i.Delegated, i.Attachments, was)
		}
	}
	same("listed,", c.list()[0])
	c.must(c.attach(c.get(id), c.nodeCIDR(0)))
	same("after an attach,", c.get(id))
	c.must(c.detach(c.get(id), c.nodeCIDR(0)))
	same("after a detach,", c.get(id))
	c.want(cloud.Invalid, c.attach(c.get(id), cloud.Attachment{Prefix: was, Range: c.Range.Name}))
	same("after an attempt to attach it,", c.get(id))
}

func delegatedPrefixesAreDisjoint(c *check) {
	c.delegates()
	var seen []netip.Prefix
	for n := range 3 {
		p := c.get(c.AddDelegated(name(n))).Delegated
		for _, other := range seen {
			if p.Overlaps(other) {
				c.Errorf("%s overlaps %s", p, other)
			}
		}
		seen = append(seen, p)
	}
}

func withoutDelegationTheReasonIsSaid(c *check) {
	i := c.get(c.World.AddInstance("vm"))
	if i.Delegated.IsValid() {
		c.Errorf("a machine with IPv4 only has the delegated prefix %s", i.Delegated)
	}
	c.want(cloud.NotFound, c.VPC.Interfaces.ExplainNoIPv6(c.ctx, i))
	c.World.Delete(i.Instance)
	c.want(cloud.NotFound, c.VPC.Interfaces.ExplainNoIPv6(c.ctx, i))
	c.want(cloud.WrongCloud, c.VPC.Interfaces.ExplainNoIPv6(c.ctx, cloud.Interface{Instance: c.ForeignID}))
	if c.AddDelegated != nil {
		c.want(cloud.Stale, c.VPC.Interfaces.ExplainNoIPv6(c.ctx, c.get(c.AddDelegated("dual"))))
	}
}
