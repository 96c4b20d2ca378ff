package cloudtest

import (
	"sync"

	"github.com/vpcnative/vpcnative/cloud"
)

func createRangeRepeats(c *check) {
	r := c.block("ours", 0)
	for range 3 {
		c.must(c.VPC.Ranges.Create(c.ctx, r))
	}
	c.hasRanges(r)
	calls := c.World.Count(Ranging)
	c.must(c.settled().Ranges.Create(c.ctx, r))
	if n := c.World.Count(Ranging) - calls; n != 0 || calls != 1 && c.Settle == nil {
		c.Errorf("%d changing calls for one range, and %d for one that there is", calls, n)
	}
	c.hasRanges(r)
}

func createRangeLosesRaceAndRetries(c *check) {
	r, theirs := c.block("ours", 0), c.block("theirs", 1)
	c.World.Before(Ranging, func() { c.World.AddRange(theirs) })
	c.must(c.VPC.Ranges.Create(c.ctx, r))
	c.hasRanges(r, theirs)
}

func createRangeSettlesALostReply(c *check) {
	r := c.block("ours", 0)
	c.World.Strike(Ranging, LostReply, 1)
	c.must(c.VPC.Ranges.Create(c.ctx, r))
	c.hasRanges(r)
	c.World.Strike(Ranging, LostReply, 1)
	c.must(c.VPC.Ranges.Delete(c.ctx, r))
	c.hasRanges()
}

func concurrentRangesAllCome(c *check) {
	var all sync.WaitGroup
	var want []cloud.Range
	for n := range 8 {
		r := c.block("r"+name(n), n)
		want = append(want, r)
		all.Go(func() {
			if err := c.VPC.Ranges.Create(c.ctx, r); err != nil {
				c.Error(err)
			}
		})
	}
	all.Wait()
	c.hasRanges(want...)
}

func overlappingRangeIsConflict(c *check) {
	r := c.block("ours", 0)
	r.Prefix = c.Range.Prefix
	c.want(cloud.Conflict, c.VPC.Ranges.Create(c.ctx, r))
	c.hasRanges()
}

func takenRangeNameIsConflict(c *check) {
	c.want(cloud.Conflict, c.VPC.Ranges.Create(c.ctx, c.block(c.Range.Name, 0)))
	c.hasRanges()
}

func deleteRangeRepeats(c *check) {
	r := c.block("ours", 0)
	c.must(c.VPC.Ranges.Create(c.ctx, r))
	for range 3 {
		c.must(c.VPC.Ranges.Delete(c.ctx, r))
	}
	c.hasRanges()
}

func usedRangeIsConflict(c *check) {
	c.World.AddInstance("vm", c.nodeCIDR(0))
	c.want(cloud.Conflict, c.VPC.Ranges.Delete(c.ctx, c.Range))
	c.hasRanges()
}

func foreignRangeUntouched(c *check) {
	theirs, r := c.block("theirs", 1), c.block("ours", 0)
	c.World.AddRange(theirs)
	c.must(c.VPC.Ranges.Create(c.ctx, r))
	c.must(c.VPC.Ranges.Delete(c.ctx, r))
	c.hasRanges(theirs)
	// By its name alone it is not ours: the prefix must agree.
	c.want(cloud.Conflict, c.VPC.Ranges.Delete(c.ctx, c.block("theirs", 2)))
	c.hasRanges(theirs)
}

func spaceShowsEveryRange(c *check) {
	theirs := c.block("theirs", 1)
	c.World.AddRange(theirs)
	owner := cloud.Owner{ClusterID: "c", Kind: "RangeRequest", Name: "pods"}
	ours := c.block(owner.ObjectName(0), 0)
	c.must(c.VPC.Ranges.Create(c.ctx, ours))
	snap, err := c.settled().Space.Read(c.ctx)
	c.must(err)
	if len(snap.Subnets) != 1 || len(snap.Subnets[0].Ranges) != 3 || snap.Subnets[0].Name != c.Subnet {
		c.Errorf("the subnets read %+v", snap.Subnets)
	}
	for _, r := range []cloud.Range{c.Range, theirs, ours} {
		if !contains(snap.Occupied, r.Prefix) {
			c.Errorf("%v is not among the occupied %v", r, snap.Occupied)
		}
	}
	for n, o := range snap.Occupied {
		if o.Mark.Of(owner) != (o.Prefix == ours.Prefix) {
			c.Errorf("%+v carries the wrong mark", o)
		}
		if n > 0 && snap.Occupied[n-1].Prefix.Compare(o.Prefix) > 0 {
			c.Errorf("%v stands before %v", snap.Occupied[n-1].Prefix, o.Prefix)
		}
	}
}
