package loadbalancer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

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

// list lists what a pool holds, where that is not known.
func (k *View) list(ctx context.Context, ref lb.Ref) error {
	k.mu.Lock()
	r, there := k.state[ref]
	known, began := k.members[ref] != nil, k.clock
	k.mu.Unlock()
	if !there || known {
		return nil
	}
	got, err := k.turns.Of(k.Balancers).List(ctx, r.Group())
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case cloud.Is(err, cloud.NotFound):
		k.doubtful[r.Owner] = true
	case err != nil:
		return err
	case k.changed[ref] <= began:
		k.members[ref] = append([]string{}, got...)
	}
	return nil
}

// listAnew lists what pools hold, whatever is known of it.
func (k *View) listAnew(ctx context.Context, pools []lb.Resource) error {
	k.mu.Lock()
	for _, p := range pools {
		delete(k.members, p.Ref)
	}
	k.mu.Unlock()
	errs := make([]error, len(pools))
	var all sync.WaitGroup
	for i, p := range pools {
		all.Go(func() { errs[i] = k.list(ctx, p.Ref) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// wantedOf is what a pool holds and is to hold; false where it is not there, or
// what it holds is not known.
func (k *View) wantedOf(pool lb.Resource) (w members.Wanted, there, known bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, there := k.state[pool.Ref]
	has := k.members[pool.Ref]
	return members.Wanted{Group: r.Group(), Has: has, Want: pool.Members}, there, has != nil
}

// changedSince reports whether what a pool holds was changed after that time of
// the clock, or is not known.
func (k *View) changedSince(ref lb.Ref, then uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.changed[ref] > then || k.members[ref] == nil
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
	there := make(map[string]bool, len(has))
	for _, m := range has {
		there[m] = true
	}
	return slices.DeleteFunc(slices.Clone(pool.Members), func(m string) bool { return !there[m] })
}

// left are the members that are set aside from pools, as one text.
func (k *View) left(pools []lb.Resource) string {
	var out []string
	for _, p := range pools {
		for _, l := range k.aside.Of(p.Group()) {
			out = append(out, p.Path()+" "+l.Member)
		}
	}
	return strings.Join(out, ",")
}

// noteHeld enters what came of a change of what a pool holds.
func (k *View) noteHeld(r members.Result) {
	ref := lb.RefOf(r.Group)
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

// starves reports whether one of these pools, to which nothing sends yet, holds
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
