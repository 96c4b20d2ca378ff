package gcp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// Limits are the cloud's: 500 is what ingress-gce sends at once.
func (v balancers) Limits() members.Limits {
	return members.Limits{Call: 500, Group: func(g members.Group) int {
		if g.Kind == kindGroup {
			return maxGroup
		}
		return maxEndpoints
	}}
}

// List returns the members of an endpoint group or an instance group.
func (v balancers) List(ctx context.Context, g members.Group) ([]string, error) {
	at, verb := v.refOf(lb.RefOf(g)), "listNetworkEndpoints"
	if at.kind == kindGroup {
		verb = "listInstances"
	}
	out := []string{}
	list := func(ctx context.Context, token string) (page[string], error) { return v.api.members(ctx, at, token) }
	err := pages(ctx, v.vpc, at.method(verb), at.scope(), subject{"list the members", at.String()}, list, func(m string) error {
		out = append(out, m)
		return nil
	})
	slices.Sort(out)
	return out, err
}

// Attach puts members into a group.
func (v balancers) Attach(ctx context.Context, g members.Group, list []string) error {
	return v.changeGroup(ctx, g, true, list)
}

// Detach takes members out of a group.
func (v balancers) Detach(ctx context.Context, g members.Group, list []string) error {
	return v.changeGroup(ctx, g, false, list)
}

// changeGroup makes one change: one machine that is gone, or in use elsewhere,
// fails all that are named with it.
func (v balancers) changeGroup(ctx context.Context, g members.Group, add bool, list []string) error {
	at := v.refOf(lb.RefOf(g))
	verb := map[bool]map[string]string{
		true:  {kindNEG: "attachNetworkEndpoints", kindGroup: "addInstances"},
		false: {kindNEG: "detachNetworkEndpoints", kindGroup: "removeInstances"},
	}[add][at.kind]
	e := &lbEdit{attempt: attempt{vpc: v.vpc, about: subject{map[bool]string{true: "attach members to", false: "detach members from"}[add] + " " + g.Kind, at.String()}}, at: at}
	id := uuid.NewString()
	change := func(ctx context.Context) (operation, error) { return v.api.changeMembers(ctx, at, add, list, id) }
	var enough func(context.Context) bool
	if at.kind == kindNEG && !add {
		enough = func(ctx context.Context) bool { return v.holdsNone(ctx, g, list) }
	}
	err := e.callUntil(ctx, enough, verb, change)
	switch cloud.ReasonOf(err) {
	case cloud.NotFound, cloud.Invalid, cloud.Conflict:
		if !named(err, collections[at.kind], at.name) {
			return &members.Refused{Err: err, Named: slices.DeleteFunc(slices.Clone(list), func(m string) bool {
				name, _, _ := strings.Cut(m, " ")
				return !named(err, "instances", name)
			})}
		}
	}
	return err
}

// drainPatience is how long the operation that takes endpoints out of a group is
// waited for before the group is listed. Where all of them drain by then, it lasts
// as long as the backend services of the group say (up to an hour), and others
// must not wait for that.
const drainPatience = 3 * time.Second

// holdsNone reports whether a group is seen to hold none of these members, but
// for those that drain.
func (v balancers) holdsNone(ctx context.Context, g members.Group, list []string) bool {
	held, err := v.List(ctx, g)
	return err == nil && !slices.ContainsFunc(list, func(m string) bool { return slices.Contains(held, m) })
}

// named reports whether what the cloud said is about the resource of that name.
func named(err error, collection, name string) bool {
	e, is := errors.AsType[*cloud.Error](err)
	return is && e.Err != nil && strings.Contains(e.Err.Error(), "/"+collection+"/"+name+"'")
}
