package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// pool makes, changes or deletes a target group.
func (x *applying) pool(ctx context.Context) error {
	switch x.a.Verb {
	case lb.Delete:
		return gone(x.lingering(ctx, actionDeletePool, "ResourceInUse", func(ctx context.Context) error { return x.elb.deletePool(ctx, x.a.Got.ID) }))
	case lb.Create:
		return x.newPool(ctx)
	}
	if x.a.Changes(fieldCheck) {
		c, err := parseCheck(x.want(fieldCheck))
		if err != nil {
			return x.refuse(cloud.Invalid, err, "report this")
		}
		if err := x.do(ctx, actionSetPool, func(ctx context.Context) error { return x.elb.setCheck(ctx, x.a.Got.ID, c) }); err != nil {
			return err
		}
	}
	if x.a.Changes(fieldSet) || x.a.Changes(fieldListens) {
		if err := x.do(ctx, actionAddTags, func(ctx context.Context) error {
			return x.elb.addTags(ctx, x.a.Got.ID, map[string]string{tagSet: x.want(fieldSet), tagPort: x.want(fieldListens)})
		}); err != nil {
			return err
		}
	}
	if err := x.retag(ctx, actionAddTags, x.elb.addTags); err != nil {
		return err
	}
	if x.a.Changes(fieldAttributes) {
		if err := x.attributes(ctx, actionSetPoolAttributes, x.elb.setPoolAttributes, poolAttributes, nil); err != nil {
			return err
		}
	}
	if !x.a.Changes(lb.FieldMembers) {
		return nil
	}
	want, have := x.a.Want.Fields[lb.FieldMembers], x.a.Got.Fields[lb.FieldMembers]
	// Those that leave first, where all would be too many.
	if err := x.members(ctx, actionDeregister, without(have, want), x.elb.deregister); err != nil {
		return err
	}
	return x.members(ctx, actionRegister, without(want, have), x.elb.register)
}

func (x *applying) newPool(ctx context.Context) error {
	c, err := parseCheck(x.want(fieldCheck))
	if err != nil {
		return x.refuse(cloud.Invalid, err, "report this")
	}
	port, err := number(x.want(fieldPort))
	if err != nil {
		return x.refuse(cloud.Invalid, err, "report this")
	}
	always := maps.Clone(poolAttributes)
	always[connectionTermination] = strconv.FormatBool(x.want(fieldProtocol) != "TCP")
	born := x.born(always)
	tags := x.newTags(born)
	tags[tagSet], tags[tagPort] = x.want(fieldSet), x.want(fieldListens)
	var made pool
	err = x.do(ctx, actionCreatePool, func(ctx context.Context) (err error) {
		made, err = x.elb.createPool(ctx, x.VPC, pool{name: x.a.Name, protocol: x.want(fieldProtocol), port: port, check: c}, tags)
		return err
	})
	if err != nil {
		return err
	}
	x.now.ID, x.now.Health = made.arn, lb.Unknown
	if err := x.attributes(ctx, actionSetPoolAttributes, x.elb.setPoolAttributes, poolAttributes, born); err != nil {
		return err
	}
	return x.members(ctx, actionRegister, x.a.Want.Fields[lb.FieldMembers], x.elb.register)
}

// batch is how many targets go into one call, as the AWS Load Balancer
// Controller has it: ELB refuses larger ones at times
// (kubernetes/kubernetes#101592).
const batch = 200

// members registers or deregisters targets in batches.
func (x *applying) members(ctx context.Context, action string, ids []string, f func(context.Context, string, []string) error) error {
	var refused []string
	for chunk := range slices.Chunk(ids, batch) {
		bad, err := x.some(ctx, action, chunk, f)
		if err != nil {
			return err
		}
		refused = append(refused, bad...)
	}
	if len(refused) > 0 {
		return x.refuse(cloud.NotFound, fmt.Errorf("ELB takes no instance that is not running: %s", strings.Join(refused, ", ")),
			"all others are registered; start the instance, or take its Node out of the cluster")
	}
	return nil
}

// some registers as many as can be: one instance that is stopped has ELB
// refuse all of a call, so that a refused one is halved.
func (x *applying) some(ctx context.Context, action string, ids []string, f func(context.Context, string, []string) error) (refused []string, err error) {
	err = x.patiently(ctx, action, func(ctx context.Context) error { return f(ctx, x.now.ID, ids) }, unknownYet...)
	if codeOf(err) != "InvalidTarget" {
		return nil, err
	}
	if len(ids) == 1 {
		return ids, nil
	}
	half := len(ids) / 2
	for _, part := range [][]string{ids[:half], ids[half:]} {
		bad, err := x.some(ctx, action, part, f)
		if err != nil {
			return nil, err
		}
		refused = append(refused, bad...)
	}
	return refused, nil
}

// Members are the target groups of every balancer that carries the set: EC2
// has no pool that balancers share. Those of one balancer share its limit.
func (v balancers) Members(nodes lb.NodeSet, got lb.State) []lb.Resource {
	var pools []lb.Resource
	count, current := map[user]int{}, map[user][]string{}
	users := usersOf(got)
	for _, x := range got.Sorted() {
		if x.Kind == kindPool && x.Owner.ClusterID == nodes.ClusterID && x.Fields.One(fieldSet) == nodes.Name {
			pools = append(pools, x)
			by := users(x)
			count[by]++
			current[by] = append(current[by], x.Fields[lb.FieldMembers]...)
		}
	}
	zones := v.zonesOf(got)
	var out []lb.Resource
	for _, x := range pools {
		by := users(x)
		in := zones[by]
		if len(in) == 0 { // of no balancer, or of one that is not there
			in = zones[user{owner: x.Owner}]
		}
		members, _ := membersOf(nodes, in, count[by], current[by])
		x.Fields = lb.Fields{lb.FieldMembers: members}
		out = append(out, x)
	}
	return out
}

// user is the balancer that sends to a target group; of no name for a group
// that none sends to.
type user struct {
	owner    cloud.Owner
	balancer string
}

func usersOf(got lb.State) func(pool lb.Resource) user {
	balancers := map[lb.Ref]string{}
	for ref, x := range got {
		if ref.Kind == kindListener {
			for _, used := range x.Uses {
				balancers[used] = x.PartOf.Name
			}
		}
	}
	return func(pool lb.Resource) user { return user{pool.Owner, balancers[pool.Ref]} }
}

// zonesOf are the zones that each balancer is in, and those of each owner's
// together.
func (v balancers) zonesOf(got lb.State) map[user]map[string]bool {
	out := map[user]map[string]bool{}
	for ref, x := range got {
		if ref.Kind != kindBalancer {
			continue
		}
		for _, by := range []user{{x.Owner, ref.Name}, {owner: x.Owner}} {
			if out[by] == nil {
				out[by] = map[string]bool{}
			}
			for _, text := range x.Fields[fieldSubnets] {
				out[by][got[lb.Ref{Kind: kindSubnet, Name: parseZone(text).subnet}].Fields.One(fieldZone)] = true
			}
		}
	}
	return out
}

// Ingresses is the host name of the balancer, once it is active.
func (v balancers) Ingresses(b lb.LoadBalancer, got lb.State) []lb.Ingress {
	w := &wanting{balancers: v, b: b, got: got}
	if w.families() != nil || w.places() != nil {
		return nil
	}
	if x, ok := got[w.balancer().Ref]; ok && x.Owner == b.Owner && x.Pending == "" && x.Address != "" {
		return []lb.Ingress{{Hostname: x.Address, Rewritten: true}}
	}
	return nil
}
