package cloudtest

import (
	"github.com/vpcnative/vpcnative/cloud"
)

func attachPutsThePrefixThere(c *check) {
	id := c.World.AddInstance("vm")
	c.must(c.attach(c.get(id), c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(0))
	if i := c.get(id); !i.Holds(c.NodeCIDR(0)) || i.Subnet != c.Subnet {
		c.Errorf("Get gives %+v", i)
	}
}

func attachIsIdempotent(c *check) {
	id := c.World.AddInstance("vm")
	before := c.get(id)
	for range 3 {
		c.must(c.attach(before, c.nodeCIDR(0)))
	}
	c.holds(id, c.nodeCIDR(0))
	now, writes := c.get(id), c.World.Count(Attaching)
	op, err := c.VPC.Interfaces.Attach(c.ctx, now, c.nodeCIDR(0))
	if c.must(err); !op.Done() {
		c.Errorf("attaching what is there gave operation %+v", op)
	}
	most := 0
	if c.Synchronous {
		most = 1 // the cloud itself has to say that it is there
	}
	if n := c.World.Count(Attaching) - writes; n > most {
		c.Errorf("attaching what is there made %d changing calls", n)
	}
	c.holds(id, c.nodeCIDR(0))
}

// Two runs side by side may read as one, and each of them is held.
func neighboursDoNotHideEachOther(c *check) {
	id := c.World.AddInstance("vm")
	c.must(c.attach(c.get(id), c.nodeCIDR(0)))
	c.must(c.attach(c.get(id), c.nodeCIDR(1)))
	if i := c.get(id); !i.Holds(c.NodeCIDR(0)) || !i.Holds(c.NodeCIDR(1)) || i.Holds(c.NodeCIDR(2)) {
		c.Errorf("of the first three node CIDRs it has two, and reads %+v", i.Attachments)
	}
	c.must(c.detach(c.get(id), c.nodeCIDR(0)))
	if i := c.get(id); i.Holds(c.NodeCIDR(0)) || !i.Holds(c.NodeCIDR(1)) {
		c.Errorf("of the first two node CIDRs it has the second, and reads %+v", i.Attachments)
	}
	c.holds(id, c.nodeCIDR(1))
}

func attachmentsNameTheirRange(c *check) {
	_, err := c.settled().Space.Read(c.ctx)
	c.must(err)
	id := c.World.AddInstance("vm", c.nodeCIDR(0))
	for _, i := range append(c.list(), c.get(id)) {
		if len(i.Attachments) != 1 || i.Attachments[0] != c.nodeCIDR(0) {
			c.Errorf("it reads %+v", i.Attachments)
		}
	}
}

// A machine's own addresses may lie where ranges are carved. They are no pods'.
func ownAddressesAreNotElsewhere(c *check) {
	id := c.World.AddInstance("vm", c.nodeCIDR(0))
	for _, i := range append(c.list(), c.get(id)) {
		if len(i.Elsewhere) > 0 {
			c.Errorf("elsewhere are %v", i.Elsewhere)
		}
	}
}

func attachTouchesNothingElse(c *check) {
	id := c.World.AddInstance("vm", c.nodeCIDR(7), c.nodeCIDR(3), c.nodeCIDR(5))
	c.must(c.attach(c.get(id), c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(7), c.nodeCIDR(3), c.nodeCIDR(5), c.nodeCIDR(0))
	c.must(c.detach(c.get(id), c.nodeCIDR(3)))
	c.holds(id, c.nodeCIDR(7), c.nodeCIDR(5), c.nodeCIDR(0))
}

func attachCostsOneCall(c *check) {
	id := c.World.AddInstance("vm")
	i := c.get(id)
	gets, lists := c.World.Count(Getting), c.World.Count(Listing)
	c.must(c.attach(i, c.nodeCIDR(0)))
	if n := c.World.Count(Attaching); n != 1 {
		c.Errorf("%d changing calls, want 1", n)
	}
	if n := c.World.Count(Getting) - gets + c.World.Count(Listing) - lists; n != 0 {
		c.Errorf("%d reads of instances though the interface was known", n)
	}
}

func attachOnStaleVersionRereads(c *check) {
	id := c.World.AddInstance("vm")
	old := c.get(id)
	c.World.Put(id, c.nodeCIDR(9))
	c.must(c.attach(old, c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(9), c.nodeCIDR(0))
	c.must(c.detach(old, c.nodeCIDR(9)))
	c.holds(id, c.nodeCIDR(0))
}

// What the caller remembers is good enough to send a request by, never to do
// nothing by: the interface may have lost the prefix since.
func attachDoesNotTrustStaleKnowledge(c *check) {
	id := c.World.AddInstance("vm", c.nodeCIDR(0))
	old := c.get(id)
	c.must(c.detach(old, c.nodeCIDR(0)))
	c.must(c.attach(old, c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(0))
}

func detachLastLeavesNothing(c *check) {
	id := c.World.AddInstance("vm", c.nodeCIDR(0))
	c.must(c.detach(c.get(id), c.nodeCIDR(0)))
	c.holds(id)
}

func detachIsIdempotent(c *check) {
	id := c.World.AddInstance("vm", c.nodeCIDR(0), c.nodeCIDR(1))
	before := c.get(id)
	for range 3 {
		c.must(c.detach(before, c.nodeCIDR(0)))
	}
	c.holds(id, c.nodeCIDR(1))
}

func detachSparesWhatOthersPut(c *check) {
	id := c.World.AddInstance("vm", c.nodeCIDR(0))
	i := c.get(id)
	c.World.Before(Attaching, func() { c.World.Put(id, c.nodeCIDR(1)) })
	c.must(c.detach(i, c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(1))
}

func replacedInstanceIsNotFound(c *check) {
	if c.UniqueIDs {
		c.Skip("no machine has the provider ID of another")
	}
	id := c.World.AddInstance("vm", c.nodeCIDR(0))
	old := c.get(id)
	c.World.Replace(id)
	c.World.Put(id, c.nodeCIDR(0))
	c.want(cloud.NotFound, c.attach(old, c.nodeCIDR(1)))
	c.want(cloud.NotFound, c.detach(old, c.nodeCIDR(0)))
	c.want(cloud.NotFound, c.attach(old, c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(0))
}

func goneInstanceIsNotFound(c *check) {
	id := c.World.AddInstance("vm")
	old := c.get(id)
	c.World.Delete(id)
	_, err := c.settled().Interfaces.Get(c.ctx, id)
	c.want(cloud.NotFound, err)
	c.want(cloud.NotFound, c.attach(old, c.nodeCIDR(0)))
	_, err = c.settled().Interfaces.Get(c.ctx, c.AbsentID)
	c.want(cloud.NotFound, err)
}

func strangersAreWrongCloud(c *check) {
	for _, id := range []string{c.ForeignID, c.StrangerID, "nonsense"} {
		_, err := c.settled().Interfaces.Get(c.ctx, id)
		c.want(cloud.WrongCloud, err)
		c.want(cloud.WrongCloud, c.attach(cloud.Interface{Instance: id, Subnet: c.Subnet}, c.nodeCIDR(0)))
	}
}

func takenPrefixIsConflict(c *check) {
	holder, id := c.World.AddInstance("holder", c.nodeCIDR(0)), c.World.AddInstance("vm")
	c.want(cloud.Conflict, c.attach(c.get(id), c.nodeCIDR(0)))
	c.holds(holder, c.nodeCIDR(0))
	c.holds(id)
}

func listGrowsWithPagesNotInstances(c *check) {
	n := 2*c.PageSize + 1
	for i := range n {
		c.World.AddInstance(name(i))
	}
	if got := len(c.list()); got != n {
		c.Errorf("the list has %d instances, want %d", got, n)
	}
	if calls := c.World.Count(Listing); calls > 4 || c.World.Count(Getting) > 0 {
		c.Errorf("%d calls for %d pages, and %d single reads", calls, 3, c.World.Count(Getting))
	}
}

func listAgreesWithGet(c *check) {
	for n := range 5 {
		c.World.AddInstance(name(n), c.nodeCIDR(n))
	}
	all := c.list()
	if len(all) != 5 {
		c.Fatalf("the list has %d instances, want 5", len(all))
	}
	for _, listed := range all {
		got := c.get(listed.Instance)
		if got.Version != listed.Version || got.InstanceUID != listed.InstanceUID || got.Subnet != listed.Subnet ||
			len(got.Attachments) != 1 || got.Attachments[0] != listed.Attachments[0] {
			c.Errorf("Get gives %+v, List %+v", got, listed)
		}
	}
}

func listMayBeLeftEarly(c *check) {
	for n := range 3 {
		c.World.AddInstance(name(n))
	}
	for _, err := range c.settled().Interfaces.List(c.ctx) {
		c.must(err)
		break
	}
}
