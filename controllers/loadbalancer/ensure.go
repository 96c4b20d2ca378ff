package loadbalancer

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Ensure makes and keeps what an owner is to have. Its error is of the API
// server.
func (e *Engine) Ensure(ctx context.Context, k *View, w Wanted) (Outcome, error) {
	if is, done := e.leaveOthers(ctx, w, k); !done {
		return is, nil
	}
	if k.use(w.owner(), w.uses()) {
		e.lookAtPools()
	}
	w.Balancer = e.withNodes(k, w)
	if err := e.catchUp(ctx, k, w.Balancer); err != nil {
		return Troubled(err), nil
	}
	state, goal, failed := e.goal(ctx, k, w)
	if failed != nil {
		return *failed, nil
	}
	state, plan, err := e.planned(ctx, k, state, goal)
	if err != nil {
		return Troubled(err), nil
	}
	if e.DryRun {
		return wouldBe(plan, wouldSendTo(k, k.view(), w.Balancer, goal.Want)), nil
	}
	if len(plan) > len(plan.Waits()) {
		if pause := e.turn(w.owner()).wait(); pause > 0 {
			return Outcome{Again: pause, Quiet: true}, nil
		}
	}
	if len(plan) > 0 || k.has(w.owner()) { // what is there may be of an object that was made again, or of another Network's
		if err := e.hold(ctx, k, w); err != nil {
			return Outcome{}, err
		}
	}
	return e.apply(ctx, k, w, state, goal, plan), nil
}

// apply carries a plan out, and says how the balancer stands then.
func (e *Engine) apply(ctx context.Context, k *View, w Wanted, state lb.State, goal lb.Goal, plan lb.Actions) Outcome {
	h := handingOver(k.Rules(), state, goal, plan)
	if len(plan) == len(plan.Waits()) {
		return e.after(k, w, goal, plan, h, nil)
	}
	x := executor{View: k, e: e, owner: goal.Owner, want: goal.Want}
	if err := x.feed(ctx, w); err != nil {
		return Troubled(err)
	}
	err := lb.Run(ctx, x, plan, state)
	e.turn(goal.Owner).noteAdmins(err)
	x.lookAtPools(ctx, w)
	return e.after(k, w, goal, plan, h, err)
}

// after is how the balancer stands after a plan, and when to look again.
func (e *Engine) after(k *View, w Wanted, goal lb.Goal, plan lb.Actions, h handover, err error) Outcome {
	err, lingers := e.turn(goal.Owner).beyondLingering(e.Now(), err)
	is := e.standing(w.Balancer, k, goal, plan, h, err)
	switch {
	case is.Reason == v1alpha1.ReasonPending:
		is.Again = min(e.retry.When(goal.Owner), mostPending)
	case is.Again == 0 && lingers:
		is.Again = pendingPause
	case is.Again == 0 && err == nil && len(plan) > 0 && undone(k, w, goal):
		is.Again = e.Again
	}
	return is
}

// undone reports whether there is still to do after a plan: what could only be
// said when something was gone.
func undone(k *View, w Wanted, goal lb.Goal) bool {
	state := k.view()
	now, err := lb.GoalOf(k, w.Balancer, state)
	goal.Want = now.Want
	return err == nil && len(lb.Plan(k.Rules(), state, goal)) > 0
}

// catchUp brings the store up to date with what the owner's balancer rests on.
func (e *Engine) catchUp(ctx context.Context, k *View, b lb.LoadBalancer) error {
	if err := k.settle(ctx, madeFor(b)...); err != nil {
		return err
	}
	if err := k.await(ctx, e.Now, b.Owner); err != nil {
		return err
	}
	for _, set := range b.NodeSets() {
		if _, err := k.meet(ctx, set); err != nil {
			return err
		}
	}
	return nil
}

// ownersOf are those of what a balancer is made of, its own first.
func madeFor(b lb.LoadBalancer) []cloud.Owner {
	out := []cloud.Owner{b.Owner}
	for _, set := range b.NodeSets() {
		out = append(out, set.Owner())
	}
	return out
}

// goal is what the owner is to have beside what there is, and what its clients
// know by now; or why that cannot be said.
func (e *Engine) goal(ctx context.Context, k *View, w Wanted) (lb.State, lb.Goal, *Outcome) {
	not := func(is Outcome) (lb.State, lb.Goal, *Outcome) { return nil, lb.Goal{}, &is }
	state := k.view()
	goal, err := lb.GoalOf(k, w.Balancer, state)
	if err != nil {
		if cloud.Is(err, cloud.LimitExceeded) { // whatever there is
			return not(impossible(err))
		}
		// What it asks for may be newer than the store.
		if pause := e.turn(w.owner()).wait(); pause > 0 {
			return not(Outcome{Again: pause, Quiet: true})
		}
		if err := k.refresh(ctx, madeFor(w.Balancer)...); err != nil {
			return not(Troubled(err))
		}
		state = k.view()
		if goal, err = lb.GoalOf(k, w.Balancer, state); err != nil {
			return not(impossible(err))
		}
	}
	t := e.turn(w.owner())
	t.see(w.Told, e.Now())
	goal.Unprotect, goal.Told, goal.ForAdmin = w.unprotected(), t.known(e.Now(), e.AddressHold), t.forAdmin
	return state, goal, nil
}

// planned plans on what is there, having looked again at what has to be known of
// what waits.
func (e *Engine) planned(ctx context.Context, k *View, state lb.State, goal lb.Goal) (lb.State, lb.Actions, error) {
	plan := lb.Plan(k.Rules(), state, goal)
	looks := plan.Looks()
	if len(looks) == 0 || e.DryRun {
		return state, plan, nil
	}
	if err := k.lookAt(ctx, looks); err != nil {
		return state, plan, err
	}
	state = k.view()
	return state, lb.Plan(k.Rules(), state, goal), nil
}

// hold puts the finalizers on, before anything is made.
func (e *Engine) hold(ctx context.Context, k *View, w Wanted) error {
	if err := e.holdNetwork(ctx, k); err != nil {
		return err
	}
	return e.Finalize(ctx, w.Object, controllerutil.AddFinalizer)
}
