package node

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// Beside the reading of everything, the interfaces of a VPC are listed when
// there is a question that only all of them answer: for many Nodes that went
// at once the second look at their instances, and for prefixes that have rested
// whether anybody put one of them on an interface. One listing answers both.

// listing is what is to be asked of the interfaces of one VPC, in all ways in
// which they come by prefixes and by all Networks that are of it.
type listing struct {
	networks []string
	pools    []allocator.Key        // of these Networks
	rested   []netip.Prefix         // but for this listing
	missed   []allocator.Allocation // once, on their own instances

	nics, gone map[string]cloud.Interface // by instance, and by the UID of an interface that is gone
	carried    []allocator.Allocation
}

// list lists the interfaces of those VPCs of which there is something to ask,
// and reports whether that found in use what nobody knew to be.
func (c *Controller) list(ctx context.Context) (news bool) {
	now := c.Now()
	for at, l := range c.listings(now) {
		if !c.unlisted.may(at, now) {
			continue
		}
		err := c.readListing(ctx, l)
		c.unlisted.ended(at, l.networks, err, c.Now())
		if err != nil {
			c.Metrics.refused("ReleasePending")
			log.FromContext(ctx).Info("the interfaces cannot be listed; what deleted nodes had stays occupied",
				"networks", l.networks, "releases", len(l.missed), "rested", len(l.rested), "error", err.Error())
			continue
		}
		news = c.answer(ctx, l, now) || news
	}
	return news
}

// listings returns what there is to ask, by VPC.
func (c *Controller) listings(now time.Time) map[cloud.Place]*listing {
	cat := c.findings.catalog()
	out := map[cloud.Place]*listing{}
	of := func(k allocator.Key) *listing {
		vpc, ok := cat.vpcOf(k.Request)
		if !ok {
			return &listing{} // nobody can be asked; it stays as it is
		}
		if out[vpc.Place] == nil {
			out[vpc.Place] = cat.listingOf(vpc.Place)
		}
		return out[vpc.Place]
	}
	for k, prefixes := range c.allocator.Unlisted(now) {
		l := of(k)
		l.rested = append(l.rested, prefixes...)
	}
	for _, uid := range c.releases.Due() {
		if h, ok := c.allocator.Held(uid); ok {
			l := of(h.Key)
			l.missed = append(l.missed, h)
		}
	}
	return out
}

// listingOf returns the Networks of a VPC, and their pools.
func (c *catalog) listingOf(at cloud.Place) *listing {
	l := &listing{nics: map[string]cloud.Interface{}, gone: map[string]cloud.Interface{}}
	for name, vpc := range c.vpcs {
		if vpc.Place == at {
			l.networks = append(l.networks, name)
		}
	}
	slices.Sort(l.networks)
	for _, d := range c.definitions {
		if r := c.request(d.Key.Request); r != nil && slices.Contains(l.networks, r.NetworkName()) {
			l.pools = append(l.pools, d.Key)
		}
	}
	return l
}

// readListing lists to the end: half a list says nothing of what it lacks.
func (c *Controller) readListing(ctx context.Context, l *listing) error {
	cat := c.findings.catalog()
	for _, name := range l.networks {
		vpc := cat.vpcs[name]
		ways := []cloud.Interfaces{vpc.Interfaces}
		if vpc.Routed != nil && cat.routesIn(name) {
			ways = append(ways, vpc.Routed)
		}
		for _, way := range ways {
			for nic, err := range way.List(ctx) {
				if err != nil {
					return fmt.Errorf("listing the interfaces of Network %s: %w", name, err)
				}
				l.add(nic)
			}
		}
	}
	return nil
}

func (l *listing) add(nic cloud.Interface) {
	for _, x := range carriedOn(nic) {
		x.Instance = cmp.Or(nic.Instance, nic.InstanceUID) // it stands for itself where its instance is gone
		l.carried = append(l.carried, x)
	}
	all, key := l.nics, nic.Instance
	if key == "" {
		all, key = l.gone, nic.InstanceUID
	}
	had := all[key] // the same instance, in another way
	nic.Attachments = append(nic.Attachments, had.Attachments...)
	nic.Elsewhere = append(nic.Elsewhere, had.Elsewhere...)
	all[key] = nic
}

// answer takes in what a complete listing shows.
func (c *Controller) answer(ctx context.Context, l *listing, began time.Time) (news bool) {
	for _, h := range l.missed {
		nic, there := l.nics[h.Instance]
		if !there {
			nic, there = l.gone[h.InstanceUID]
		}
		c.releases.Listed(h.NodeUID, release.PresenceOf(h, nic, c.paired(h, nic), there))
		c.enqueue(h.Node)
	}
	for _, p := range l.rested { // what Nodes publish is asked for last, as the cache is never older
		for _, n := range c.publishing(ctx, p) {
			news = c.allocator.Occupy(n.Holder, n.Prefix) || news
			c.enqueue(n.Node) // it may be able to hold it
		}
	}
	for _, k := range c.allocator.Listed(l.pools, l.carried, began) {
		log.FromContext(ctx).Info("a prefix that nobody was known to hold is on an interface; it stays occupied", "prefix", k.Prefix, "instance", k.Instance)
		news = true
	}
	return news
}
