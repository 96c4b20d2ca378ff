package cloudtest

import (
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// lbOwner owns the proxy-only subnet that the suite makes.
var lbOwner = cloud.Owner{ClusterID: "c", Kind: "RangeRequest", Name: "lb"}

// proxies is a proxy-only subnet of ours in the n-th free block.
func (c *check) proxies(n int) cloud.ProxySubnet {
	return cloud.ProxySubnet{Name: lbOwner.ObjectName(0), Prefix: c.Block(n), Description: lbOwner.Description()}
}

func (c *check) hasProxies(want ...cloud.ProxySubnet) {
	c.Helper()
	if got := c.World.Proxies(); !slices.Equal(got, want) {
		c.Fatalf("the region has the proxy-only subnets %v, want %v", got, want)
	}
}

func ensureProxiesRepeats(c *check) {
	s := c.proxies(0)
	for range 3 {
		c.must(c.VPC.Proxies.Ensure(c.ctx, s))
	}
	c.hasProxies(s)
	if n := c.World.Count(Proxying); n != 1 {
		c.Errorf("%d changing calls for one subnet", n)
	}
}

func ensureProxiesSettlesALostReply(c *check) {
	s := c.proxies(0)
	c.World.Strike(Proxying, LostReply, 1)
	c.must(c.VPC.Proxies.Ensure(c.ctx, s))
	c.hasProxies(s)
	c.World.Strike(Proxying, LostReply, 1)
	c.must(c.VPC.Proxies.Delete(c.ctx, s))
	c.hasProxies()
}

func secondActiveProxiesAreConflict(c *check) {
	theirs := cloud.ProxySubnet{Name: "theirs", Prefix: c.Block(1)}
	c.World.AddProxies(theirs)
	c.want(cloud.Conflict, c.VPC.Proxies.Ensure(c.ctx, c.proxies(0)))
	c.hasProxies(theirs)
}

func overlappingProxiesAreConflict(c *check) {
	s := c.proxies(0)
	s.Prefix = c.Range.Prefix
	c.want(cloud.Conflict, c.VPC.Proxies.Ensure(c.ctx, s))
	// A subnet of that name that is for machines is no proxy-only subnet.
	s = c.proxies(0)
	s.Name = c.Subnet
	c.want(cloud.Conflict, c.VPC.Proxies.Ensure(c.ctx, s))
	c.want(cloud.Conflict, c.VPC.Proxies.Delete(c.ctx, s))
	c.hasProxies()
}

func deleteProxiesRepeats(c *check) {
	s := c.proxies(0)
	c.must(c.VPC.Proxies.Ensure(c.ctx, s))
	for range 3 {
		c.must(c.VPC.Proxies.Delete(c.ctx, s))
	}
	c.hasProxies()
	c.must(c.VPC.Proxies.Ensure(c.ctx, s)) // the place is free again
	c.hasProxies(s)
}

func usedProxiesAreConflict(c *check) {
	s := c.proxies(0)
	c.must(c.VPC.Proxies.Ensure(c.ctx, s))
	c.World.UseProxies(s.Name)
	c.want(cloud.Conflict, c.VPC.Proxies.Delete(c.ctx, s))
	c.hasProxies(s)
}

func foreignProxiesUntouched(c *check) {
	theirs := cloud.ProxySubnet{Name: "theirs", Prefix: c.Block(1)}
	c.World.AddProxies(theirs)
	c.must(c.VPC.Proxies.Delete(c.ctx, c.proxies(0)))
	// By its name alone it is not ours: the prefix must agree.
	wrong := theirs
	wrong.Prefix = c.Block(2)
	c.want(cloud.Conflict, c.VPC.Proxies.Delete(c.ctx, wrong))
	c.hasProxies(theirs)
}

func spaceShowsTheActiveProxies(c *check) {
	if snap, err := c.settled().Space.Read(c.ctx); err != nil || snap.Proxy != nil {
		c.Fatalf("of a region without one was read %v, %v", snap.Proxy, err)
	}
	s := c.proxies(0)
	c.must(c.VPC.Proxies.Ensure(c.ctx, s))
	snap, err := c.settled().Space.Read(c.ctx)
	c.must(err)
	if snap.Proxy == nil || *snap.Proxy != s || !snap.Proxy.Mark().Of(lbOwner) {
		c.Errorf("read %+v, want %+v", snap.Proxy, s)
	}
	at := slices.IndexFunc(snap.Occupied, func(o cloud.Occupied) bool { return o.Prefix == s.Prefix })
	if at < 0 || snap.Occupied[at].Kind != cloud.ProxyOnly || !snap.Occupied[at].Mark.Of(lbOwner) {
		c.Errorf("the subnet is not among the occupied, with its mark: %+v", snap.Occupied)
	}
	if len(snap.Subnets) != 1 {
		c.Errorf("it passes for a node subnet: %+v", snap.Subnets)
	}
}
