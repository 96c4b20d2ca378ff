package aws

import (
	"context"
	"strconv"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

func (r *reading) readPools(ctx context.Context) error {
	var found []pool
	list := func(ctx context.Context, token string) (page[pool], error) { return r.elb.pools(ctx, token) }
	err := pages(ctx, r.vpc, actionPools, subject{"list the target groups", r.Region}, list, func(p pool) error {
		if r.ours(p.name) && r.here(p.vpc) {
			found = append(found, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	tags, err := r.tags(ctx, arnsOf(found, func(p pool) string { return p.arn }))
	if err != nil {
		return err
	}
	for _, p := range found {
		if tags[p.arn] == nil { // gone since it was listed
			continue
		}
		x := lb.Resource{Ref: lb.Ref{Kind: kindPool, Name: p.name}, Owner: ownerOf(p.name, tags[p.arn]), ID: p.arn, Health: lb.Unknown, Fields: lb.Fields{
			fieldProtocol: {p.protocol}, fieldPort: {strconv.Itoa(int(p.port))}, fieldTargets: {p.targets}, fieldAddresses: {p.addresses}, fieldCheck: {p.check.text()}, fieldListens: {tags[p.arn][tagPort]}, fieldSet: {tags[p.arn][tagSet]},
			fieldTags: otherTags(tags[p.arn])}}
		x.Fields[fieldAttributes], err = r.attributes(ctx, p.arn, tags[p.arn], actionPoolAttributes, r.elb.poolAttributes)
		if cloud.Is(err, cloud.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		r.put(x)
		if !r.exact() {
			r.deduce(p, tags[p.arn][tagPort], x)
		}
	}
	if r.exact() {
		r.nameThePools()
	}
	return nil
}

func (v balancers) targets(ctx context.Context, arn string) ([]member, error) {
	return read(ctx, v.vpc, actionMembers, subject{"read the targets", arn}, func(ctx context.Context) ([]member, error) { return v.elb.members(ctx, arn) })
}

// deduce makes the listener that sends to a group of what the group says.
func (r *reading) deduce(p pool, port string, x lb.Resource) {
	n, err := number(port)
	if err != nil || len(p.balancers) == 0 || r.hosts[p.balancers[0]] == "" {
		return
	}
	b := r.state[lb.Ref{Kind: kindBalancer, Name: r.hosts[p.balancers[0]]}]
	r.put(r.listener(b, listener{balancer: b.ID, protocol: p.protocol, port: n}, x.Name))
}

// listener makes a resource of a listener; it is its balancer's owner's.
func (r *reading) listener(b lb.Resource, l listener, pool string) lb.Resource {
	x := listenerOf(b, l.protocol, l.port, lb.Ref{Kind: kindPool, Name: pool})
	x.ID = l.arn
	return x
}

// readListeners reads those of a balancer, with the ARNs of their groups.
func (r *reading) readListeners(ctx context.Context, b lb.Resource) (out []lb.Resource, err error) {
	err = r.eachListener(ctx, b.ID, func(l listener) error {
		out = append(out, r.listener(b, l, l.pool))
		return nil
	})
	return out, err
}

func (v balancers) eachListener(ctx context.Context, arn string, take func(listener) error) error {
	list := func(ctx context.Context, token string) (page[listener], error) {
		return v.elb.listeners(ctx, arn, token)
	}
	return pages(ctx, v.vpc, actionListeners, subject{"list the listeners", arn}, list, take)
}

// nameThePools puts the names of groups in the place of their ARNs.
func (r *reading) nameThePools() {
	names := map[string]string{}
	for ref, x := range r.state {
		if ref.Kind == kindPool {
			names[x.ID] = ref.Name
		}
	}
	for ref, x := range r.state {
		if ref.Kind != kindListener {
			continue
		}
		if name, ok := names[x.Fields.One(fieldPool)]; ok {
			x.Fields[fieldPool] = []string{name}
			x.Uses[len(x.Uses)-1].Name = name
			r.state[ref] = x
		}
	}
}
