package cloudtest

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

func (c *check) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// want wants an error of the reason that says what was done, on what, and
// what to do.
func (c *check) want(r cloud.Reason, err error) {
	c.Helper()
	if !cloud.Is(err, r) {
		c.Fatalf("got %q (%v), want %s", cloud.ReasonOf(err), err, r)
	}
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok || e.Act == "" || e.Resource == "" {
		c.Errorf("%q does not say what was done on what", err)
	}
	if e.Remedy == "" && r != cloud.Stale && r != cloud.Unavailable {
		c.Errorf("%q does not say what to do", err)
	}
	if s := err.Error(); strings.ToLower(s[:1]) != s[:1] {
		c.Errorf("%q does not begin in lower case", s)
	}
}

// settled is the VPC, whose reads show all that was done so far. What the
// adapter reads for itself may be behind.
func (c *check) settled() *cloud.VPC {
	if c.Settle != nil {
		c.Settle()
	}
	return c.VPC
}

func (c *check) get(id string) cloud.Interface {
	c.Helper()
	i, err := c.settled().Interfaces.Get(c.ctx, id)
	c.must(err)
	return i
}

// nodeCIDR is the n-th node CIDR of the range.
func (c *check) nodeCIDR(n int) cloud.Attachment {
	return cloud.Attachment{Prefix: c.NodeCIDR(n), Range: c.Range.Name}
}

// block is a range of the n-th free block.
func (c *check) block(name string, n int) cloud.Range {
	return cloud.Range{Subnet: c.Subnet, Name: name, Prefix: c.Block(n)}
}

// attach attaches and waits; so does detach.
func (c *check) attach(i cloud.Interface, a cloud.Attachment) error {
	op, err := c.VPC.Interfaces.Attach(c.ctx, i, a)
	if err != nil {
		return err
	}
	return c.VPC.Interfaces.Wait(c.ctx, op)
}

func (c *check) detach(i cloud.Interface, a cloud.Attachment) error {
	op, err := c.VPC.Interfaces.Detach(c.ctx, i, a)
	if err != nil {
		return err
	}
	return c.VPC.Interfaces.Wait(c.ctx, op)
}

// holds wants exactly these prefixes on the machine.
func (c *check) holds(id string, want ...cloud.Attachment) {
	c.Helper()
	got := c.World.Held(id)
	byPrefix := func(a, b cloud.Attachment) int { return a.Prefix.Compare(b.Prefix) }
	slices.SortFunc(got, byPrefix)
	slices.SortFunc(want, byPrefix)
	if !slices.Equal(got, want) {
		c.Fatalf("%s holds %v, want %v", id, got, want)
	}
}

// hasRanges wants exactly these ranges in the subnet, besides the harness's.
func (c *check) hasRanges(want ...cloud.Range) {
	c.Helper()
	got := c.World.Ranges()
	want = append(want, c.Range)
	byName := func(a, b cloud.Range) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	if !slices.Equal(got, want) {
		c.Fatalf("the subnet has %v, want %v", got, want)
	}
}

func (c *check) list() []cloud.Interface {
	c.Helper()
	var all []cloud.Interface
	for i, err := range c.settled().Interfaces.List(c.ctx) {
		c.must(err)
		all = append(all, i)
	}
	return all
}

func contains(all []cloud.Occupied, p netip.Prefix) bool {
	return slices.ContainsFunc(all, func(o cloud.Occupied) bool { return o.Prefix == p })
}

// Whoever plans without a VPC knows by the traits alone what there is.
func traitsSayWhichPortsThereAre(c *check) {
	v := c.VPC
	if v.Traits.NoProxies != (v.Proxies == nil) || v.Traits.Routes != (v.Routed != nil) || v.Traits.Inside != (v.NewSpace != nil) {
		c.Errorf("the traits %+v do not agree with the ports %+v", v.Traits, v)
	}
}
