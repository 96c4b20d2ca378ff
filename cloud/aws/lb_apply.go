package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Apply carries out one action.
func (v balancers) Apply(ctx context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	x := &applying{balancers: v, a: a, got: got, about: subject{string(a.Verb) + " " + a.Kind, a.Name}}
	if a.Want != nil {
		x.now = *a.Want
	}
	if a.Got != nil {
		x.now.ID, x.now.Address, x.now.Pending, x.now.Health = a.Got.ID, a.Got.Address, a.Got.Pending, a.Got.Health
		x.now.Fields = lb.Fields{} // what is not wanted stays as it is
		maps.Copy(x.now.Fields, a.Got.Fields)
		if a.Want != nil {
			maps.Copy(x.now.Fields, a.Want.Fields)
		}
	}
	do, known := map[string]func(context.Context) error{
		kindBalancer: x.balancer, kindPool: x.pool, kindListener: x.listener, kindGroup: x.group, kindRule: x.rule,
	}[a.Kind]
	if !known || !a.Done() {
		return lb.Resource{}, x.refuse(cloud.Invalid, errors.New("it is no action of this cloud"), "report this")
	}
	err := do(ctx)
	if a.Kind == kindBalancer {
		x.now.Protection = protectionOf(x.now)
	}
	return x.now, err
}

// applying is one action under way.
type applying struct {
	balancers
	a     lb.Action
	got   lb.State
	now   lb.Resource // what it comes to
	about subject
}

func (x *applying) refuse(r cloud.Reason, err error, remedy string) error {
	return &cloud.Error{Reason: r, Act: x.about.act, Resource: x.about.resource, Err: err, Remedy: remedy}
}

// want is the one value of a wanted field.
func (x *applying) want(field string) string { return x.a.Want.Fields.One(field) }

// id is the cloud's ID of something that this uses.
func (x *applying) id(kind, name string) (string, error) {
	if used, ok := x.got[lb.Ref{Kind: kind, Name: name}]; ok && used.ID != "" {
		return used.ID, nil
	}
	return "", x.refuse(cloud.NotFound, fmt.Errorf("%s %s is not there", kind, name), "it is read again and made")
}

// do makes a change. What was just made is unknown for a while, and what was
// just let go of is in use, for which busy is the code: so long the change is
// made again and again.
func (x *applying) do(ctx context.Context, action string, f func(context.Context) error, busy ...string) error {
	return x.patiently(ctx, action, f, func(code string) time.Duration {
		if slices.Contains(unknownYet, code) || slices.Contains(busy, code) {
			return x.Patience
		}
		return 0
	})
}

// remove makes a change by which something goes, which may be in use for a while
// after what used it is gone: a balancer's interfaces stay for minutes, in their
// security groups. What is unknown for longer than reads are behind is gone.
func (x *applying) remove(ctx context.Context, action string, f func(context.Context) error, busy ...string) error {
	err := x.patiently(ctx, action, f, func(code string) time.Duration {
		switch {
		case slices.Contains(unknownYet, code):
			return x.ReadLag
		case slices.Contains(busy, code):
			return x.Patience
		}
		return 0
	})
	switch {
	case slices.Contains(busy, codeOf(err)):
		return &lb.Lingers{Err: err}
	case cloud.Is(err, cloud.NotFound):
		return nil
	}
	return err
}

// patiently makes a change until it is made, or refused by a code for which the
// patience is over.
func (x *applying) patiently(ctx context.Context, action string, f func(context.Context) error, patience func(code string) time.Duration) error {
	began := time.Now()
	for try := 0; ; try++ {
		asked := time.Now()
		err := x.change(ctx, action, x.about, f)
		if err == nil || asked.Sub(began) >= patience(codeOf(err)) || !x.Pause(ctx, try) {
			return err
		}
	}
}

// newTags are the tags of something to be made, which has these attributes.
func (x *applying) newTags(born map[string]string) map[string]string {
	t := ownerTags(x.a.Want.Owner, x.a.Name)
	maps.Copy(t, mapOfPairs(x.a.Want.Fields[fieldTags]))
	for key, value := range born {
		t[tagAttribute+key] = value
	}
	return t
}

// retag adds the tags that are wanted.
func (x *applying) retag(ctx context.Context, action string, set func(context.Context, string, map[string]string) error) error {
	if !x.a.Changes(fieldTags) {
		return nil
	}
	tags := mapOfPairs(without(x.a.Want.Fields[fieldTags], x.a.Got.Fields[fieldTags]))
	return x.do(ctx, action, func(ctx context.Context) error { return set(ctx, x.a.Got.ID, tags) })
}

// group makes or removes a security group, or changes its rules.
func (x *applying) group(ctx context.Context) error {
	switch x.a.Verb {
	case lb.Delete:
		return x.remove(ctx, actionDeleteGroup, func(ctx context.Context) error { return x.elb.deleteGroup(ctx, x.a.Got.ID) }, "DependencyViolation")
	case lb.Create:
		g := group{name: x.a.Name, description: "vpcnative " + x.a.Want.Owner.Kind + " " + x.a.Want.Owner.Namespace + "/" + x.a.Want.Owner.Name, tags: x.newTags(nil)}
		err := x.do(ctx, actionCreateGroup, func(ctx context.Context) (err error) {
			x.now.ID, err = x.elb.createGroup(ctx, x.VPC, g)
			return err
		})
		if cloud.Is(err, cloud.Conflict) {
			return x.adopt(ctx, err)
		}
		if err != nil {
			return err
		}
		return x.ingress(ctx, x.a.Want.Fields[fieldIngress], nil)
	}
	if err := x.retag(ctx, actionTagGroup, x.elb.tagGroup); err != nil {
		return err
	}
	return x.ingress(ctx, without(x.a.Want.Fields[fieldIngress], x.a.Got.Fields[fieldIngress]), without(x.a.Got.Fields[fieldIngress], x.a.Want.Fields[fieldIngress]))
}

// adopt finds a group that has the name: one of ours is what an earlier try
// made, and is taken further.
func (x *applying) adopt(ctx context.Context, refused error) error {
	found := false
	var have []string
	r := &reading{balancers: x.balancers}
	err := r.eachGroup(ctx, "group-name", x.a.Name, func(g group) error {
		if ownerOf(g.name, g.tags) != x.a.Want.Owner {
			return refused
		}
		found, x.now.ID = true, g.id
		for _, one := range g.rules {
			have = append(have, one.text())
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !found {
		return x.refuse(cloud.Stale, errors.New("the name was taken a moment ago"), "it is read again")
	}
	want := x.a.Want.Fields[fieldIngress]
	return x.ingress(ctx, without(want, have), without(have, want))
}

func without(list, other []string) (out []string) {
	held := map[string]bool{}
	for _, s := range other {
		held[s] = true
	}
	for _, s := range list {
		if !held[s] {
			out = append(out, s)
		}
	}
	return out
}

// ingress adds rules and takes others away. They are added first, so that
// clients that stay allowed stay connected, unless there is no room for both.
func (x *applying) ingress(ctx context.Context, add, remove []string) error {
	err := x.rules(ctx, actionAuthorize, add, x.elb.authorize)
	if len(remove) == 0 || err != nil && !cloud.Is(err, cloud.LimitExceeded) {
		return err
	}
	if refused := x.rules(ctx, actionRevoke, remove, x.elb.revoke); refused != nil {
		return refused
	}
	if err != nil {
		return x.rules(ctx, actionAuthorize, add, x.elb.authorize)
	}
	return nil
}

// rules changes rules in one call. Where one is there already, or gone, EC2
// refuses all of them: then they are changed one by one.
func (x *applying) rules(ctx context.Context, action string, texts []string, f func(context.Context, string, []rule) error) error {
	var rules []rule
	for _, text := range texts {
		r, err := parseRule(text)
		if err != nil {
			return x.refuse(cloud.Invalid, err, "take the rule out by hand")
		}
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		return nil
	}
	again := cloud.Conflict // there already
	if action == actionRevoke {
		again = cloud.NotFound
	}
	err := x.do(ctx, action, func(ctx context.Context) error { return f(ctx, x.now.ID, rules) })
	if !cloud.Is(err, again) || slices.Contains(unknownYet, codeOf(err)) {
		return err
	}
	for _, one := range rules {
		err := x.do(ctx, action, func(ctx context.Context) error { return f(ctx, x.now.ID, []rule{one}) })
		if err != nil && !cloud.Is(err, again) {
			return err
		}
	}
	return nil
}

// rule lets the shared group in to a group of nodes, or no longer.
func (x *applying) rule(ctx context.Context) error {
	target, r, err := ruleOf(x.a.Name)
	if err != nil {
		return x.refuse(cloud.Invalid, err, "report this")
	}
	resource, action, f := x.a.Want, actionAuthorize, x.elb.authorize
	if x.a.Verb == lb.Delete {
		resource, action, f = x.a.Got, actionRevoke, x.elb.revoke
	}
	if r.group, err = x.id(kindGroup, resource.Uses[0].Name); err != nil {
		return err
	}
	r.description, x.now.ID = "vpcnative load balancers", target
	call := func(ctx context.Context) error { return f(ctx, target, []rule{r}) }
	if x.a.Verb == lb.Delete {
		return x.remove(ctx, action, call)
	}
	if err = x.do(ctx, action, call); cloud.Is(err, cloud.Conflict) {
		return nil
	}
	return err
}
