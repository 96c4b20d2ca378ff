package loadbalancer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	// Endpoints name the owner. Their Nodes are all there are, in a slice that
	// stays the same while they do.
	lb.Endpoints
}

// Group is one of an owner's endpoint groups.
type Group struct {
	// Zone is empty where a group is in all zones.
	Zone, Name string
	// ID is by what others refer to it.
	ID string
	// Wanted is how many endpoints it is to hold, Holds how many of them it
	// does, where that is Known.
	Wanted, Holds int
	Known         bool
}

// Groups is how an owner's endpoint groups stand.
type Groups struct {
	Outcome
	// Groups are those that there are, where Seen.
	Groups []Group
	Seen   bool
	// Left are the endpoints that the cloud does not take, and why.
	Left []members.Left
	// Silent are zones that did not answer: what is there is not among Groups.
	Silent []string
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
	is, err := k.endpointGroups(ctx, w.Endpoints)
	switch {
	case cloud.Is(err, cloud.Invalid):
		return Groups{Outcome: impossible(err)}, nil
	case err != nil:
		return Groups{Outcome: Troubled(err)}, nil
	}
	x := executor{View: k, e: e, owner: w.Owner, want: is.want}
	plan := lb.Plan(k.Rules(), is.state, lb.Goal{Owner: w.Owner, Want: is.want, Keep: true})
	if e.DryRun {
		return x.wouldHold(ctx, plan, is.unfit), nil
	}
	if err := e.hold(ctx, k, as); err != nil {
		return Groups{}, err
	}
	made := x.sideBySide(ctx, plan, is.state) // one that cannot be made holds none of the others up
	all, err := x.syncMembers(ctx, refsOf(is.want), func(ref lb.Ref) (lb.Resource, bool) { return find(is.want, ref) })
	return x.settled(is, all, errors.Join(made, err)), nil
}

// settled is how the groups stand after a turn, and when to look again.
func (h executor) settled(g endpointGroups, all bool, err error) Groups {
	is := h.groups(g.unfit, err)
	is.Silent = g.silent
	if !all && (is.Again == 0 || is.Again > h.e.Again) {
		is.Again = h.e.Again
	}
	return is
}

// RemoveEndpoints takes down an owner's groups; done reports that they are gone.
func (e *Engine) RemoveEndpoints(ctx context.Context, w WantedEndpoints) (is Outcome, done bool) {
	is, done = e.Remove(ctx, w.wanted())
	if !done && is.Trouble != nil && cloud.Is(is.Trouble, cloud.Conflict) {
		is.Text += onceUnused
	}
	return is, done
}

// onceUnused ends what is said of a deletion that waits.
const onceUnused = "; it is deleted once nothing uses it"

func (w WantedEndpoints) wanted() Wanted {
	return Wanted{Object: w.Object, Balancer: lb.LoadBalancer{Owner: w.Owner}, What: "group of endpoints", Lent: true}
}

// wouldHold is all that a dry run does.
func (h executor) wouldHold(ctx context.Context, plan lb.Actions, unfit []members.Left) Groups {
	parts := []string{"would be done, and is not: " + plan.String()}
	var wanted []members.Wanted
	for _, r := range h.want {
		if err := h.list(ctx, r.Ref); err != nil {
			return Groups{Outcome: Troubled(err)}
		}
		w, _, _ := h.wantedOf(r)
		w.Group = r.Group()
		wanted = append(wanted, w)
	}
	for _, change := range members.Plan(h.Limits(), wanted, h.aside) {
		parts = append(parts, change.String())
	}
	return Groups{Left: unfit, Outcome: Outcome{Ready: true, Reason: v1alpha1.ReasonPlanned, Text: strings.Join(parts, "\n")}}
}

// groups is how the groups stand after a plan.
func (h executor) groups(unfit []members.Left, err error) (out Groups) {
	wanted, holds, unknown := len(unfit), 0, 0
	out.Seen, out.Left = true, slices.Clone(unfit)
	its := map[members.Group]bool{}
	for _, want := range h.want {
		r, there := h.get(want.Ref)
		wanted += len(want.Members)
		if !there {
			continue
		}
		g := Group{Zone: want.Scope, Name: want.Name, ID: cmp.Or(r.ID, want.ID), Wanted: len(want.Members), Known: r.Members != nil}
		if g.Known {
			g.Holds = len(h.holds(want))
		} else {
			unknown++
		}
		holds += g.Holds
		its[r.Group()] = true
		out.Groups = append(out.Groups, g)
		out.Left = append(out.Left, h.aside.Of(r.Group())...)
	}
	switch {
	case err != nil:
		out.Outcome = Troubled(err)
	case holds < wanted && len(out.Left) > 0:
		out.Outcome = Outcome{Reason: v1alpha1.ReasonEndpointsRefused, Text: fmt.Sprintf("%d of %d endpoints are attached%s", holds, wanted, listed(leftTexts(out.Left))), Again: h.until(h.aside.Next(func(g members.Group) bool { return its[g] }))}
	case unknown > 0:
		out.Outcome = Outcome{Reason: v1alpha1.ReasonEndpointsPending, Text: fmt.Sprintf("what %d of %d groups hold is not known yet", unknown, len(out.Groups)), Again: h.e.Again}
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

// until is how long until then, and at least [Config.Again]; zero where there is
// no such time.
func (h executor) until(then time.Time) time.Duration {
	if then.IsZero() {
		return 0
	}
	return max(h.e.Again, then.Sub(h.e.Now()))
}
