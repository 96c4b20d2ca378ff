package cloudtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

func name(n int) string { return fmt.Sprintf("vm-%05d", n) }

func lostReplyIsSettled(c *check) {
	for n, slow := range []time.Duration{0, 300 * time.Millisecond} {
		c.World.SlowDown(slow)
		id := c.World.AddInstance(name(n), c.nodeCIDR(100+n))
		i := c.get(id)
		c.World.Strike(Attaching, LostReply, 1)
		c.must(c.attach(i, c.nodeCIDR(n)))
		c.holds(id, c.nodeCIDR(100+n), c.nodeCIDR(n))
		c.World.Strike(Attaching, LostReply, 1)
		c.must(c.detach(i, c.nodeCIDR(n)))
		c.holds(id, c.nodeCIDR(100+n))
	}
}

// operates skips what follows where the cloud has no operations.
func (c *check) operates() {
	if c.Synchronous {
		c.Skip("a change of an interface is made when the call returns")
	}
}

func throttledThenSucceeds(c *check) {
	id := c.World.AddInstance("vm")
	i := c.get(id)
	c.World.Strike(Attaching, Throttle, 2)
	c.must(c.attach(i, c.nodeCIDR(0)))
	c.World.Strike(Listing, Throttle, 2)
	if n := len(c.list()); n != 1 {
		c.Errorf("the list has %d instances, want 1", n)
	}
	c.holds(id, c.nodeCIDR(0))
}

func serverErrorsAreOutlived(c *check) {
	id := c.World.AddInstance("vm")
	c.World.Strike(Getting, Fail, 2)
	i := c.get(id)
	c.World.Strike(Attaching, Fail, 1)
	c.must(c.attach(i, c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(0))
}

func slowOperationTimesOutUnknown(c *check) {
	c.operates()
	id := c.World.AddInstance("vm")
	i := c.get(id)
	c.World.SlowDown(time.Hour)
	op, err := c.VPC.Interfaces.Attach(c.ctx, i, c.nodeCIDR(0))
	c.must(err)
	ctx, cancel := context.WithTimeout(c.ctx, 300*time.Millisecond)
	defer cancel()
	c.want(cloud.OutcomeUnknown, c.VPC.Interfaces.Wait(ctx, op))
}

// manyWaitersShareOnePoll lets sixty operations of 1.5 s be waited for twice
// each. One poll for all makes no more calls than its pace allows; a poll per
// operation would make several times as many.
func manyWaitersShareOnePoll(c *check) {
	c.operates()
	const operations, pollsPerSecond = 60, 20 // adapters here look every 50 ms at most
	began := time.Now()
	c.World.SlowDown(1500 * time.Millisecond)
	var all sync.WaitGroup
	for n := range operations {
		i := c.get(c.World.AddInstance(name(n)))
		all.Go(func() {
			op, err := c.VPC.Interfaces.Attach(c.ctx, i, c.nodeCIDR(n))
			if err != nil {
				c.Error(err)
				return
			}
			for range 2 {
				all.Go(func() {
					if err := c.VPC.Interfaces.Wait(c.ctx, op); err != nil {
						c.Error(err)
					}
				})
			}
		})
	}
	all.Wait()
	took := time.Since(began)
	if n := c.World.Count(Polling); n > 1+int(took.Seconds()*pollsPerSecond) {
		c.Errorf("%d polls in %s for %d operations", n, took, operations)
	}
}

func waitingOutlivesFailedPolls(c *check) {
	c.operates()
	id := c.World.AddInstance("vm")
	i := c.get(id)
	c.World.SlowDown(100 * time.Millisecond)
	c.World.Strike(Polling, Fail, 2)
	c.must(c.attach(i, c.nodeCIDR(0)))
	c.holds(id, c.nodeCIDR(0))
}

func refusedCredentialsSaySo(c *check) {
	c.want(cloud.Unauthenticated, c.Refused(c.ctx))
}
