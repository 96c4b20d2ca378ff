package loadbalancer

import (
	"context"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// load sees to it that the store has been read, as [View.load] does, and notes
// which nodes there were before.
func (e *Engine) load(ctx context.Context, k *View, maxAge time.Duration) (read bool, err error) {
	nodes := e.Nodes()
	if read, err = k.load(ctx, e.Now, maxAge); !read {
		return false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.met)
	for _, n := range nodes {
		k.met[n.Spec.ProviderID] = true
	}
	return true, nil
}

// meet reads once more where the set has nodes that came since and the cloud's
// plans depend on their machines. It reports whether it did.
func (k *View) meet(ctx context.Context, set lb.NodeSet) (bool, error) {
	if !k.Rules().ReadsNodes {
		return false, nil
	}
	k.meeting.Lock()
	defer k.meeting.Unlock()
	k.mu.Lock()
	known := !slices.ContainsFunc(set.Nodes, func(n lb.Node) bool { return !k.met[n.ProviderID] })
	k.mu.Unlock()
	if known {
		return false, nil
	}
	if err := k.refresh(ctx, set.Owner()); err != nil {
		return false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, n := range set.Nodes {
		k.met[n.ProviderID] = true
	}
	return true, nil
}
