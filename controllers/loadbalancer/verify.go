package loadbalancer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// Of a cluster's balancers so many are inspected every Resync, or that part of
// them where it is more.
const leastInspected, inspectedPart = 20, 6

// inspect reads the next few owners' balancers by themselves, where a reading
// of all does not show everything that somebody may have changed. It reports
// whether it did.
func (e *Engine) inspect(ctx context.Context, k *View) (bool, error) {
	if !k.Rules().ListIsPartial {
		return false, nil
	}
	k.mu.Lock()
	due := e.Now().Sub(k.inspected) >= e.Resync
	k.mu.Unlock()
	if !due {
		return false, nil
	}
	kinds := e.registered()
	owners, last := k.nextOwners(func(kind string) bool { return kinds[kind] != nil })
	if len(owners) > 0 {
		if err := k.refresh(ctx, owners...); err != nil {
			return false, fmt.Errorf("inspecting balancers: %w", err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.inspected, k.lastOwner = e.Now(), last
	return len(owners) > 0, nil
}

// nextOwners are the owners that come after those inspected last, in a ring.
func (k *View) nextOwners(ours func(kind string) bool) (out []cloud.Owner, last string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := func(o cloud.Owner) string { return o.Kind + "/" + o.Namespace + "/" + o.Name }
	var all []cloud.Owner
	for _, r := range k.state {
		if ours(r.Owner.Kind) && r.Owner.ClusterID == k.clusterID {
			all = append(all, r.Owner)
		}
	}
	slices.SortFunc(all, func(a, b cloud.Owner) int { return strings.Compare(key(a), key(b)) })
	all = slices.Compact(all)
	n := min(len(all), max(leastInspected, (len(all)+inspectedPart-1)/inspectedPart))
	at, _ := slices.BinarySearchFunc(all, k.lastOwner, func(o cloud.Owner, last string) int {
		if key(o) <= last {
			return -1
		}
		return 1
	})
	for i := range n {
		out = append(out, all[(at+i)%len(all)])
	}
	if n > 0 {
		last = key(out[n-1])
	}
	return out, last
}
