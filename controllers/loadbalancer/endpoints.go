package loadbalancer

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// WantedEndpoints is what an owner's endpoint groups are to hold.
type WantedEndpoints struct {
	// Object is the owner. It carries our finalizer before anything is made.
	Object client.Object
	// Endpoints name the owner. Their Nodes are filled in by the engine.
	lb.Endpoints
}

// Group is one of an owner's endpoint groups.
type Group struct {
	// Zone is empty where a group is in all zones.
	Zone, Name string
	// ID is by what others refer to it.
	ID string
	// Wanted is how many endpoints it is to hold, Holds how many of them it
	// does.
	Wanted, Holds int
}

// Groups is how an owner's endpoint groups stand.
type Groups struct {
	Outcome
	Groups []Group
	// Left are the endpoints that the cloud does not take, and why.
	Left []members.Left
}

// KeepEndpoints makes an owner's endpoint groups, and has them hold its
// endpoints. Its error is of the API server.
func (e *Engine) KeepEndpoints(ctx context.Context, k *View, w WantedEndpoints) (Groups, error) {
	as := w.wanted()
	if is, done := e.leaveOthers(ctx, as, k); !done {
		return Groups{Outcome: is}, nil
	}
	if err := k.settle(ctx, w.Owner); err != nil {
		return Groups{Outcome: Troubled(err)}, nil
	}
	w.Nodes = k.nodes()
	state := k.view()
	want, unfit, err := k.EndpointGroups(w.Endpoints, state)
	if err != nil {
		return Groups{Outcome: impossible(err)}, nil
	}
	x := executor{View: k, e: e, owner: w.Owner, want: want}
	plan := lb.Plan(k.Rules(), state, lb.Goal{Owner: w.Owner, Want: want, Keep: true})
	if e.DryRun {
		return Groups{Left: unfit, Outcome: Outcome{Ready: true, Reason: v1alpha1.ReasonPlanned, Text: x.wouldHold(plan)}}, nil
	}
	if err := e.hold(ctx, k, as); err != nil {
		return Groups{}, err
	}
	if err := x.sideBySide(ctx, plan, state); err != nil {
		return x.groups(unfit, err), nil
	}
	all, err := x.syncMembers(ctx, refsOf(want), func(ref lb.Ref) (lb.Resource, bool) { return find(want, ref) })
	is := x.groups(unfit, err)
	if !all && is.Again == 0 {
		is.Again = e.Again
	}
	return is, nil
}

// RemoveEndpoints takes down an owner's groups; done reports that they are gone.
func (e *Engine) RemoveEndpoints(ctx context.Context, w WantedEndpoints) (is Outcome, done bool) {
	is, done = e.Remove(ctx, w.wanted())
	if !done && is.Trouble != nil && cloud.Is(is.Trouble, cloud.Conflict) {
		is.Text += "; it is deleted once nothing uses it"
	}
	return is, done
}

func (w WantedEndpoints) wanted() Wanted {
	return Wanted{Object: w.Object, Balancer: lb.LoadBalancer{Owner: w.Owner}}
}

// wouldHold is all that a dry run does.
func (h executor) wouldHold(plan lb.Actions) string {
	parts := []string{"would be done, and is not: " + plan.String()}
	var wanted []members.Wanted
	for _, r := range h.want {
		w, _, _ := h.wantedOf(r)
		w.Group = r.Group()
		wanted = append(wanted, w)
	}
	for _, change := range members.Plan(h.Limits(), wanted, h.aside) {
		parts = append(parts, change.String())
	}
	return strings.Join(parts, "\n")
}

// groups is how the groups stand after a plan.
func (h executor) groups(unfit []members.Left, err error) (out Groups) {
	state, wanted, holds := h.view(), len(unfit), 0
	out.Left = unfit
	for _, want := range h.want {
		r, there := state[want.Ref]
		if !there {
			continue
		}
		g := Group{Zone: want.Scope, Name: want.Name, ID: cmp.Or(r.ID, want.ID), Wanted: len(want.Members), Holds: len(h.holds(want))}
		wanted, holds = wanted+g.Wanted, holds+g.Holds
		out.Groups = append(out.Groups, g)
		out.Left = append(out.Left, h.aside.Of(r.Group())...)
	}
	switch {
	case err != nil:
		out.Outcome = Troubled(err)
	case holds < wanted && len(out.Left) > 0:
		out.Outcome = Outcome{Reason: v1alpha1.ReasonEndpointsRefused, Text: fmt.Sprintf("%d of %d endpoints are attached%s", holds, wanted, listed(leftTexts(out.Left))), Again: h.until(h.aside.Next())}
	case holds < wanted:
		out.Outcome = Outcome{Reason: v1alpha1.ReasonEndpointsPending, Text: fmt.Sprintf("%d of %d endpoints are attached", holds, wanted), Again: h.e.Again}
	default:
		out.Outcome = Outcome{Ready: true, Reason: v1alpha1.ReasonEndpointsAttached, Text: fmt.Sprintf("%d endpoints are attached", holds)}
	}
	return out
}

func leftTexts(list []members.Left) (out []string) {
	for _, l := range list {
		out = append(out, l.Member+" cannot be attached: "+l.Err.Error())
	}
	return out
}

// until is how long until then, and at least [Config.Again].
func (h executor) until(then time.Time) time.Duration { return max(h.e.Again, then.Sub(h.e.Now())) }
