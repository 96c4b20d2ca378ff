package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// What pools hold is known by listing it, at the start and where there is
// doubt, and by every change since. The store's lock guards it.

// holding enters what pools hold into a state, where that is known.
func (k *View) holding(s lb.State) {
	for ref, list := range k.members {
		if r, there := s[ref]; there {
			r.Members = list
			s[ref] = r
		}
	}
}

// list lists what pools hold that is not known. One whose zone does not answer
// holds up no other: nothing is changed of it.
func (k *View) list(ctx context.Context, pools []lb.Resource) error {
	k.mu.Lock()
	began := k.clock
	var due []lb.Resource
	for _, p := range pools {
		if r, there := k.state[p.Ref]; there && k.members[p.Ref] == nil {
			due = append(due, r)
		}
	}
	k.mu.Unlock()
	errs := make([]error, len(due))
	var calls errgroup.Group
	calls.SetLimit(poolsAtATime)
	for i, r := range due {
		calls.Go(func() error {
			got, err := k.List(ctx, r.Group())
			k.mu.Lock()
			defer k.mu.Unlock()
			switch {
			case cloud.Is(err, cloud.NotFound):
				k.doubtful[r.Owner] = true
			case err != nil:
				errs[i] = err
			case k.changed[r.Ref] <= began:
				k.members[r.Ref] = append([]string{}, got...)
			}
			return nil
		})
	}
	_ = calls.Wait()
	return errors.Join(errs...)
}

// listAnew lists what pools hold, whatever is known of it.
func (k *View) listAnew(ctx context.Context, pools []lb.Resource) error {
	k.mu.Lock()
	for _, p := range pools {
		delete(k.members, p.Ref)
	}
	k.mu.Unlock()
	return k.list(ctx, pools)
}

// wantedOf are the pools of which it is known what they hold.
func (k *View) wantedOf(pools []lb.Resource) (out []members.Wanted) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range pools {
		if r, there := k.state[p.Ref]; there && k.members[p.Ref] != nil {
			out = append(out, members.Wanted{Group: r.Group(), Has: k.members[p.Ref], Want: p.Members})
		}
	}
	return out
}

// holds are the members of a pool that are wanted and that it holds; where that
// is not known, those that are wanted.
func (k *View) holds(pool lb.Resource) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	has := k.members[pool.Ref]
	if has == nil {
		return pool.Members
	}
	return slices.DeleteFunc(slices.Clone(pool.Members), func(m string) bool { return !slices.Contains(has, m) })
}

// left are the members that are set aside from pools, as one text.
func (k *View) left(pools []lb.Resource) string {
	var out []string
	for _, p := range pools {
		for _, l := range k.aside.Of(p.Group()) {
			out = append(out, p.Name+" "+l.Member)
		}
	}
	return strings.Join(out, ",")
}

// noteHeld enters what came of a change of what a pool holds.
func (k *View) noteHeld(r members.Result) {
	ref := lb.Ref{Kind: r.Kind, Name: r.Name}
	k.aside.Note(r)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock++
	k.changed[ref] = k.clock
	if r.Doubt || k.members[ref] == nil { // a whole reading began meanwhile: it is listed anew
		delete(k.members, ref)
		return
	}
	now := map[string]bool{}
	for _, m := range slices.Concat(k.members[ref], r.Attached) {
		now[m] = true
	}
	for _, m := range r.Detached {
		delete(now, m)
	}
	k.members[ref] = append([]string{}, slices.Sorted(maps.Keys(now))...)
}

// syncMembers has pools hold what they are to hold, as far as they are there:
// one change of a pool at a time, by the Nodes there are by then.
func (h executor) syncMembers(ctx context.Context, pools func() []lb.Resource) error {
	var refs []lb.Ref
	for _, p := range pools() {
		refs = append(refs, p.Ref)
	}
	for _, ref := range refs { // in order: [lb.Balancers.Pools] gives them so
		defer h.lock(ref)()
	}
	return h.syncLocked(ctx, pools)
}

func (h executor) syncLocked(ctx context.Context, pools func() []lb.Resource) error {
	err := h.list(ctx, pools())
	now := pools() // which are chosen depends on what they hold
	wanted := h.wantedOf(now)
	if err == nil && len(now) > 0 && len(wanted) == 0 {
		err = fmt.Errorf("keeping the members of %s: what it holds is not known; it is listed again", now[0].Ref)
	}
	for _, w := range wanted {
		h.aside.Keep(w)
	}
	changes := members.Plan(h.Limits(), wanted, h.aside)
	if h.e.DryRun {
		for _, change := range changes {
			log.FromContext(ctx).Info("members would be changed", "plan", change.String())
		}
		return err
	}
	return errors.Join(err, h.changeMembers(ctx, changes))
}

// changeMembers carries changes out. Members that the cloud does not take are
// set aside and no error.
func (h executor) changeMembers(ctx context.Context, changes []members.Change) (err error) {
	for _, r := range members.Run(ctx, leading{h.Balancers, h.e}, changes, poolsAtATime) {
		h.noteHeld(r)
		err = errors.Join(err, r.Err)
		for _, left := range r.Left {
			h.e.Metrics.pools(h.network, left.Err)
			log.FromContext(ctx).Error(left.Err, "a member cannot be attached", "pool", r.Group.String(), "member", left.Member)
		}
	}
	return err
}

// starves tells whether one of these pools, to which nothing sends yet, holds
// none of the nodes that it is to hold, or may: nothing is to begin to. What is
// in use goes on, also where its zone does not answer.
func (k *View) starves(pools []lb.Resource) bool {
	used := map[lb.Ref]bool{}
	for _, r := range k.view() {
		for _, ref := range r.Uses {
			used[ref] = true
		}
	}
	return slices.ContainsFunc(pools, func(p lb.Resource) bool {
		k.mu.Lock()
		known := k.members[p.Ref] != nil
		k.mu.Unlock()
		return !used[p.Ref] && (!known || len(p.Members) > len(k.aside.Of(p.Group())) && len(k.holds(p)) == 0)
	})
}

// fill has a pool that was just made hold its members before anything sends to
// it. Only what leaves open whether it holds any is an error.
func (h executor) fill(ctx context.Context, made lb.Ref) error {
	return h.syncLocked(ctx, func() (pools []lb.Resource) {
		state := planned(h.view(), h.owner, h.want)
		for _, s := range h.selections() {
			for _, p := range h.Pools(h.e.nodeSet(s), state) {
				if p.Ref == made {
					pools = append(pools, p)
				}
			}
		}
		return pools
	})
}

// leading changes what groups hold only while this manager leads.
type leading struct {
	lb.Balancers
	e *Engine
}

func (l leading) Attach(ctx context.Context, g members.Group, list []string) error {
	return l.change(ctx, "attach", g, list, l.Balancers.Attach)
}

func (l leading) Detach(ctx context.Context, g members.Group, list []string) error {
	return l.change(ctx, "detach", g, list, l.Balancers.Detach)
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
