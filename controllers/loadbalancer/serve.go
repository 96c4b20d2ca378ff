package loadbalancer

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// serve makes and keeps the balancer. Its error is of the API server.
func (c *Controller) serve(ctx context.Context, s *corev1.Service) (finding, error) {
	key := client.ObjectKeyFromObject(s)
	k, n, err := c.viewOf(ctx, s)
	if err != nil {
		return refused(reasonOf(err), err), nil
	}
	if _, err := c.load(ctx, k, 0); err != nil {
		return troubled(err), nil
	}
	serving := k.view().SchemeOf(wanted.Owner(c.ClusterID, s.Namespace, s.Name))
	asked := wanted.Make(s, wanted.Cluster{ID: c.ClusterID, Cloud: k.cloud}, serving)
	c.tell(s, asked.Notes)
	if why, is := asked.Refused(); is {
		c.keepMembers(k, key, asked)
		return refused(why.Reason, errors.New(why.Text)), nil
	}
	if f, done, err := c.leaveOthers(ctx, s, k); !done {
		return f, err
	}
	owner, set := asked.Balancer.Owner, NodeSetOf(c.ClusterID, asked.Nodes, c.Nodes())
	if err := c.catchUp(ctx, k, key, asked, set); err != nil {
		return troubled(err), nil
	}
	state, want, f := c.want(ctx, k, key, asked, set)
	if f != nil {
		return *f, nil
	}
	goal := c.goal(s, asked, want)
	state, plan, err := c.planned(ctx, k, state, goal)
	if err != nil {
		return troubled(err), nil
	}
	if c.DryRun {
		return c.sayPlan(plan, k.wouldSendTo(set, owner, want)), nil
	}
	h, m := handingOver(k.Rules(), state, goal, plan), c.remember(key)
	if len(plan) > len(plan.Waits()) {
		if pause := m.wait(); pause > 0 {
			return finding{again: pause, quiet: true}, nil
		}
	}
	if len(plan) > 0 || k.has(owner) { // what is there may be of a Service that was made again, or of another Network's
		if err := c.holdFor(ctx, s, k, n); err != nil {
			return finding{}, err
		}
	}
	if len(plan) > len(plan.Waits()) {
		if err := c.feed(ctx, k, asked.Nodes, owner, want); err != nil {
			return troubled(err), nil
		}
		err = lb.Run(ctx, executor{networkView: k, c: c, owner: owner, want: want}, plan, state)
		m.noteAdmins(err)
		c.lookAtPoolsOf(ctx, k, asked.Nodes, owner, want)
	}
	return c.after(asked, k, key, set, goal, plan, h, err), nil
}

// after is how the balancer stands after a plan, and when to look again.
func (c *Controller) after(asked wanted.Result, k *networkView, key types.NamespacedName, set lb.NodeSet, goal lb.Goal, plan lb.Actions, h handover, err error) finding {
	err, lingers := c.remember(key).beyondLingering(c.Now(), err)
	f := c.standing(asked.Balancer, k, set, goal.Want, plan, h, err)
	switch {
	case f.reason == v1alpha1.ReasonPending:
		f.again = min(c.retry.When(key), mostPending)
	case f.again == 0 && lingers:
		f.again = pendingPause
	case f.again == 0 && err == nil && len(plan) > 0 && c.undone(k, asked, set, goal):
		f.again = c.Again
	}
	return f
}

// keepMembers sees to it that what serves a Service that is refused goes on
// sending to the nodes that its zones have: words that cannot be followed are
// no reason to take that away.
func (c *Controller) keepMembers(k *networkView, key types.NamespacedName, asked wanted.Result) {
	if asked.Nodes.Name == "" || c.DryRun || !k.has(asked.Balancer.Owner) {
		return
	}
	known := k.knows(asked.Nodes.Name)
	k.use(key, asked.Nodes, true)
	if !known {
		c.lookAtPools()
	}
}

// catchUp brings the store up to date with what the Service's balancer rests on,
// and notes that the Service uses its set of Nodes.
func (c *Controller) catchUp(ctx context.Context, k *networkView, key types.NamespacedName, asked wanted.Result, set lb.NodeSet) error {
	owner := asked.Balancer.Owner
	if err := k.settle(ctx, owner, set.Owner()); err != nil {
		return err
	}
	if err := k.await(ctx, c.Now, owner); err != nil {
		return err
	}
	if _, err := k.meet(ctx, set); err != nil {
		return err
	}
	known := k.knows(asked.Nodes.Name)
	k.use(key, asked.Nodes, true)
	if !known {
		c.lookAtPools()
	}
	return nil
}

// want is what the balancer is to be made of, beside what there is; or why
// that cannot be said.
func (c *Controller) want(ctx context.Context, k *networkView, key types.NamespacedName, asked wanted.Result, set lb.NodeSet) (lb.State, []lb.Resource, *finding) {
	not := func(f finding) (lb.State, []lb.Resource, *finding) { return nil, nil, &f }
	state := k.view()
	want, err := k.Want(asked.Balancer, set, state)
	if err == nil {
		return state, want, nil
	}
	if cloud.Is(err, cloud.LimitExceeded) { // whatever there is
		return not(impossible(asked.Balancer, err))
	}
	// What it asks for may be newer than the store.
	if pause := c.remember(key).wait(); pause > 0 {
		return not(finding{again: pause, quiet: true})
	}
	if err := k.refresh(ctx, asked.Balancer.Owner, set.Owner()); err != nil {
		return not(troubled(err))
	}
	state = k.view()
	if want, err = k.Want(asked.Balancer, set, state); err != nil {
		return not(impossible(asked.Balancer, err))
	}
	return state, want, nil
}

// holdFor puts the finalizers on, before anything is made.
func (c *Controller) holdFor(ctx context.Context, s *corev1.Service, k *networkView, n *v1alpha1.Network) error {
	if err := c.holdNetwork(ctx, k, n); err != nil {
		return err
	}
	return c.finalize(ctx, s, controllerutil.AddFinalizer)
}
