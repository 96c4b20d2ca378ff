package loadbalancer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// reconcileNodes brings the pools of every set in use to their members. Where
// a set's zones changed or it got another pool, or its first node came or last
// one went, the balancers that use it are planned again.
func (e *Engine) reconcileNodes(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	again, held, next := false, false, time.Duration(0)
	for _, k := range e.all() {
		views, err := e.viewsOf(ctx, k)
		if err != nil {
			return reconcile.Result{}, err
		}
		k.confirmMembers(views)
		if err := e.learnUses(ctx, k); err != nil {
			return reconcile.Result{}, err
		}
		for _, s := range k.selections() {
			again = !e.keepSet(ctx, k, s) || again
		}
		k.keepFloors(k.selections())
		if at := k.aside.Next(k.holdsNodes); !at.IsZero() {
			wait := max(at.Sub(e.Now()), e.Again)
			next = cmp.Or(min(next, wait), wait)
		}
		if err := e.tellFloor(ctx, k, views); err != nil {
			again = true
			log.FromContext(ctx).Info("the condition about held members could not be written; it is retried", "network", k.network, "error", err.Error())
		}
		held = held || k.floor().Held
	}
	if again {
		return reconcile.Result{RequeueAfter: e.retry.When(cloud.Owner{})}, nil
	}
	e.retry.Forget(cloud.Owner{})
	if held {
		next = cmp.Or(min(next, heldPause), heldPause)
	}
	return reconcile.Result{RequeueAfter: next}, nil
}

// keepSet brings the pools of one set to their members; false where there is
// more to do.
func (e *Engine) keepSet(ctx context.Context, k *View, s Selection) (done bool) {
	done, set := true, e.nodeSet(k, s)
	failed := func(err error, doing string) {
		if err != nil {
			done = false
			e.trouble(ctx, k.network, err, doing, "set", s.Name)
		}
	}
	met, err := k.meet(ctx, set)
	failed(err, "reading what is new about nodes")
	failed(e.checkFloor(ctx, k, set), "reading the members of pools")
	moved := k.zonesChanged(set) || met
	all, err := e.keepPools(ctx, k, s, set)
	failed(err, "keeping the members of pools")
	if k.hasGrown(s.Name) || moved {
		e.replanUsers(ctx, k, s)
	}
	return done && all
}

// heldPause is how long until members that are held are looked at again.
const heldPause = 30 * time.Second

// keepPools makes the set's pools that are not there, and has all of them hold
// the nodes; all is false where one is slow.
func (e *Engine) keepPools(ctx context.Context, k *View, s Selection, set lb.NodeSet) (all bool, err error) {
	if err := k.settle(ctx, set.Owner()); err != nil {
		return true, err
	}
	state := k.view()
	h := executor{View: k, e: e, owner: set.Owner(), want: k.Pools(set, state)}
	plan := lb.Plan(k.Rules(), state, lb.Goal{Owner: set.Owner(), Want: h.want, Keep: true})
	if len(plan) > 0 && e.DryRun {
		log.FromContext(ctx).Info("pools would be made", "plan", plan.String())
		return true, nil
	}
	made := h.sideBySide(ctx, plan, state)
	left := k.left(h.want)
	refs, want := h.poolsOfSet(s)
	all, err = h.syncMembers(ctx, refs, want)
	if k.caughtUp(s.Name, all && err == nil) || k.left(h.want) != left { // conditions name them, and count the others
		e.replanUsers(ctx, k, s)
	}
	return all, errors.Join(made, err)
}

// sideBySide carries out actions that need none of the others at the same
// time, and any others one after another.
func (h executor) sideBySide(ctx context.Context, plan lb.Actions, state lb.State) error {
	if slices.ContainsFunc(plan, func(a lb.Action) bool { return len(a.Needs) > 0 || !a.Done() }) {
		return lb.Run(ctx, h, plan, state)
	}
	var wg sync.WaitGroup
	slots, errs := make(chan struct{}, poolsAtATime), make([]error, len(plan))
	for i, a := range plan {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			_, errs[i] = h.Apply(ctx, a, state)
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

// selections are the sets in use.
func (k *View) selections() (out []Selection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, uses := range k.users {
		for _, u := range uses {
			if !slices.ContainsFunc(out, func(x Selection) bool { return u.of(x.Name) }) {
				out = append(out, u.Selection)
			}
		}
	}
	slices.SortFunc(out, func(a, b Selection) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// zonesChanged remembers the set, and reports whether balancers have to know.
func (k *View) zonesChanged(set lb.NodeSet) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	had, known := k.sets[set.Name]
	k.sets[set.Name] = set
	return known && (!slices.Equal(places(had), places(set)) || k.many(had) != k.many(set))
}

// holdsNodes reports whether a group is a pool, which is looked at with the Nodes.
func (k *View) holdsNodes(g members.Group) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.state[lb.RefOf(g)]
	return r.Shared || len(k.users[r.Owner]) > 0
}

// many reports whether a set has more nodes than a balancer takes: those whose
// nodes serve only pods of their own have to know.
func (k *View) many(set lb.NodeSet) bool {
	most := k.Rules().MaxNodes
	return most > 0 && len(set.Nodes) > most
}

// caughtUp notes whether all pools of a set hold what they are to hold, and
// reports whether they have come to since some did not.
func (k *View) caughtUp(set string, all bool) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.behind[set]
	if !all {
		k.behind[set] = true
		return false
	}
	delete(k.behind, set)
	return was
}

// hasGrown reports once whether something shared was made for the set.
func (k *View) hasGrown(set string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	had := k.grown[set]
	delete(k.grown, set)
	return had
}

// places are the zones and subnets that a set has nodes in, and nodes without
// an address.
func places(s lb.NodeSet) (out []string) {
	for _, n := range s.Nodes {
		out = append(out, fmt.Sprintf("%s/%s/%v", n.Zone, n.Subnet, len(n.Addresses) > 0))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
