package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func (r *reading) readBalancers(ctx context.Context) error {
	var found []balancer
	list := func(ctx context.Context, token string) (page[balancer], error) { return r.elb.balancers(ctx, token) }
	err := pages(ctx, r.vpc, actionBalancers, subject{"list the load balancers", r.Region}, list, func(b balancer) error {
		if r.ours(b.name) && r.here(b.vpc) {
			found = append(found, b)
		}
		return nil
	})
	if err != nil {
		return err
	}
	tags, err := r.tags(ctx, arnsOf(found, func(b balancer) string { return b.arn }))
	if err != nil {
		return err
	}
	for _, b := range found {
		if err := r.readBalancer(ctx, b, tags[b.arn]); err != nil && !cloud.Is(err, cloud.NotFound) { // else it is gone since it was listed
			return err
		}
	}
	return nil
}

// readBalancer adds one with all that is read of it; NotFound, and nothing is
// added, where it is gone.
func (r *reading) readBalancer(ctx context.Context, b balancer, tags map[string]string) error {
	if tags == nil {
		return nil
	}
	x := r.balancer(b, tags)
	var err error
	if x.Fields[fieldAttributes], err = r.attributes(ctx, b.arn, tags, actionBalancerAttributes, r.elb.balancerAttributes); err != nil {
		return err
	}
	var listeners []lb.Resource
	if r.exact() {
		if listeners, err = r.readListeners(ctx, x); err != nil {
			return err
		}
	}
	x.Protection = protectionOf(x)
	r.put(x)
	r.hosts[b.arn] = b.name
	for _, l := range listeners {
		r.put(l)
	}
	return nil
}

// Look lists the balancers once, for all that are being provisioned, and reads
// the health of each target group.
func (v balancers) Look(ctx context.Context, at lb.State) (lb.State, error) {
	out, err := v.lookAtBalancers(ctx, at)
	if err != nil {
		return nil, err
	}
	for _, x := range at.Sorted() {
		if x.Kind != kindPool {
			continue
		}
		all, err := v.targets(ctx, x.ID)
		if cloud.Is(err, cloud.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		x.Health = lb.Unhealthy
		if slices.ContainsFunc(all, func(m member) bool { return m.healthy }) {
			x.Health = lb.Healthy
		}
		out[x.Ref] = x
	}
	return out, nil
}

func (v balancers) lookAtBalancers(ctx context.Context, at lb.State) (lb.State, error) {
	waiting, out := map[string]lb.Resource{}, lb.State{}
	for _, x := range at {
		if x.Kind == kindBalancer && x.Pending != "" {
			waiting[x.ID] = x
		}
	}
	if len(waiting) == 0 {
		return out, nil
	}
	list := func(ctx context.Context, token string) (page[balancer], error) { return v.elb.balancers(ctx, token) }
	return out, pages(ctx, v.vpc, actionBalancers, subject{"list the load balancers", v.Region}, list, func(b balancer) error {
		if x, waits := waiting[b.arn]; waits {
			x.Pending, x.Address = pending(b), b.host
			out[x.Ref] = x
		}
		return nil
	})
}

func arnsOf[T any](list []T, arn func(T) string) (out []string) {
	for _, x := range list {
		out = append(out, arn(x))
	}
	return out
}

// balancer makes a resource of what was listed.
func (r *reading) balancer(b balancer, tags map[string]string) lb.Resource {
	x := lb.Resource{Ref: lb.Ref{Kind: kindBalancer, Name: b.name}, Owner: ownerOf(b.name, tags), ID: b.arn, Address: b.host,
		Fields: lb.Fields{fieldScheme: {b.scheme}, fieldAddresses: {b.addressType}, fieldSubnets: {}, fieldGroups: {}, fieldTags: otherTags(tags)}}
	for _, z := range b.zones {
		x.Fields[fieldSubnets] = append(x.Fields[fieldSubnets], z.text())
		if given := z.allocation + z.private; given != "" {
			x.Claims = append(x.Claims, given)
		}
	}
	for _, id := range b.groups {
		name, ours := r.names[id]
		if !ours {
			name = id
		} else {
			x.Uses = append(x.Uses, lb.Ref{Kind: kindGroup, Name: name})
		}
		x.Fields[fieldGroups] = append(x.Fields[fieldGroups], name)
	}
	x.Uses = append(x.Uses, r.rules...)
	x.Pending = pending(b)
	if x.Scheme = lb.External; b.scheme == "internal" {
		x.Scheme = lb.Internal
	}
	return x
}

// protectionOf says that a balancer cannot be deleted, where we were asked to
// protect it. What somebody else protected ELB refuses itself.
func protectionOf(x lb.Resource) string {
	if mapOfPairs(x.Fields[fieldAttributes])[deletionProtection] != "true" {
		return ""
	}
	return "its deletion protection is on: set " + deletionProtection + "=false among the attributes of the load balancer that the Service asks for"
}

// pending says why a balancer takes no traffic yet. An emulator may not say
// what state it is in.
func pending(b balancer) string {
	switch b.state {
	case "", "active", "active_impaired":
		return ""
	}
	return strings.TrimSuffix("it is "+b.state+": "+b.why, ": ")
}
