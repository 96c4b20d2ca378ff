package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

const (
	// poolsAtATime is how many calls about pools are made at the same time.
	poolsAtATime = 8
	// slowPool is after how many times [Config.Again] a pool is slow: whoever
	// waits for it goes on.
	slowPool = 10
)

// wanting returns a pool as it is to be, by the Nodes there are by then; false
// where it is not to be.
type wanting func(lb.Ref) (lb.Resource, bool)

// syncMembers has pools hold what they are to hold, as far as they are there:
// side by side, and one change of a pool at a time. One that is slow is not
// waited for, and looked at again when it is done; all is false then.
func (h executor) syncMembers(ctx context.Context, refs []lb.Ref, want wanting) (all bool, err error) {
	patience, cancel := context.WithTimeout(ctx, slowPool*h.e.Again)
	defer cancel()
	ended, late := make(chan error, len(refs)), &atomic.Bool{}
	for _, ref := range refs {
		go func() {
			unlock, err := h.lock(patience, ref)
			if err != nil {
				return
			}
			err = h.syncPool(ctx, ref, want)
			unlock()
			ended <- err
			if late.Load() {
				h.e.lookAtPools()
			}
		}()
	}
	for range refs {
		select {
		case one := <-ended:
			err = errors.Join(err, one)
		case <-patience.Done():
			late.Store(true)
			return false, err
		}
	}
	return true, err
}

// syncPool has one pool hold what it is to hold. Members that the cloud does not
// take are set aside and no error. The caller has locked it.
func (h executor) syncPool(ctx context.Context, ref lb.Ref, want wanting) error {
	if err := h.list(ctx, ref); err != nil {
		return err
	}
	pool, is := want(ref) // which are chosen depends on what it holds
	w, there, known := h.wantedOf(pool)
	switch {
	case !is || !there:
		return nil
	case !known:
		return fmt.Errorf("keeping the members of %s: what it holds is not known; it is listed again", ref)
	}
	h.aside.Keep(w)
	for _, change := range members.Plan(h.Limits(), []members.Wanted{w}, h.aside) {
		if h.e.DryRun {
			log.FromContext(ctx).Info("members would be changed", "plan", change.String())
			continue
		}
		r := members.Run(ctx, h.turns.Of(leading{h.Balancers, h.e}), change)
		h.noteHeld(r)
		for _, left := range r.Left {
			h.e.trouble(ctx, h.network, left.Err, "a member cannot be attached", "pool", r.Group.String(), "member", left.Member)
		}
		if r.Err != nil {
			return r.Err
		}
	}
	return nil
}

// poolsOfSet are the set's pools as they are to be. Those that somebody changes
// meanwhile are looked at again.
func (h executor) poolsOfSet(s Selection) ([]lb.Ref, wanting) {
	then, state := h.now(), h.view()
	all := h.Pools(h.e.nodeSet(h.View, s), state)
	pools := lb.StateOf(all...)
	return refsOf(all), func(ref lb.Ref) (lb.Resource, bool) {
		if state[ref].Members != nil && !h.changedSince(ref, then) {
			return pools[ref], true
		}
		now := h.view()
		leaveApart(now, pools[ref].Owner)
		return find(h.Pools(h.e.nodeSet(h.View, s), now), ref)
	}
}

// poolsOfBalancer are the pools that the owner's balancer uses and that are
// there, as they are to be.
func (h executor) poolsOfBalancer(w Wanted) ([]lb.Ref, wanting) {
	return refsOf(h.allPools(w)), func(ref lb.Ref) (lb.Resource, bool) { return find(h.allPools(w), ref) }
}

func find(list []lb.Resource, ref lb.Ref) (lb.Resource, bool) {
	at := slices.IndexFunc(list, func(r lb.Resource) bool { return r.Ref == ref })
	if at < 0 {
		return lb.Resource{}, false
	}
	return list[at], true
}

// fill has a pool that was just made hold its members before anything sends to
// it. Only what leaves open whether it holds any is an error.
func (h executor) fill(ctx context.Context, made lb.Ref) error {
	return h.syncPool(ctx, made, func(ref lb.Ref) (lb.Resource, bool) {
		state := planned(h.view(), h.owner, h.want)
		for _, s := range h.selections() {
			if r, is := find(h.Pools(h.e.nodeSet(h.View, s), state), ref); is {
				return r, true
			}
		}
		return lb.Resource{}, false
	})
}

// leading changes what groups hold only while this manager leads.
type leading struct {
	members.Groups
	e *Engine
}

func (l leading) Attach(ctx context.Context, g members.Group, list []string) error {
	return l.change(ctx, "attach", g, list, l.Groups.Attach)
}

func (l leading) Detach(ctx context.Context, g members.Group, list []string) error {
	return l.change(ctx, "detach", g, list, l.Groups.Detach)
}

func (l leading) change(ctx context.Context, verb lb.Verb, g members.Group, list []string, f func(context.Context, members.Group, []string) error) error {
	if err := l.e.leads(ctx, verb, g); err != nil {
		return err
	}
	log.FromContext(ctx).Info("changing the cloud", "verb", verb, "resource", g.String(), "members", list)
	err := f(ctx, g, list)
	l.e.Metrics.acted(verb, err)
	return err
}
