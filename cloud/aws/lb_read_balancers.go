package aws

import (
	"context"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

func (r *reading) readBalancers(ctx context.Context) error {
	var found []balancer
	list := func(ctx context.Context, token string) (page[balancer], error) { return r.elb.balancers(ctx, token) }
	err := pages(ctx, r.vpc, actionBalancers, subject{"list the load balancers", r.Region}, list, func(b balancer) error {
		if r.ours(b.name) {
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
		x := r.balancer(b, tags[b.arn])
		if x.Fields[fieldAttributes], err = r.attributes(ctx, b.arn, tags[b.arn], actionBalancerAttributes, r.elb.balancerAttributes); err != nil {
			return err
		}
		r.put(x)
		r.hosts[b.arn] = b.name
		if !r.exact() {
			continue
		}
		if err := r.readListeners(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// Pending lists the balancers once, for all that are being provisioned.
func (v balancers) Pending(ctx context.Context, got lb.State) (lb.State, error) {
	waiting := map[string]lb.Resource{}
	for _, x := range got {
		if x.Kind == kindBalancer && x.Pending != "" {
			waiting[x.ID] = x
		}
	}
	out := lb.State{}
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

// pending says why a balancer takes no traffic yet. An emulator may not say
// what state it is in.
func pending(b balancer) string {
	switch b.state {
	case "", "active", "active_impaired":
		return ""
	}
	return strings.TrimSuffix("it is "+b.state+": "+b.why, ": ")
}
