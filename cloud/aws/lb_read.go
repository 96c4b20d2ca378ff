package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Read lists balancers, target groups and security groups in bulk, and asks
// for tags by twenty. Target groups have their members read one by one: ELB
// has no list of those.
//
// For the whole cluster that is all: a listener is what its target group says
// of it (the balancer that uses it, and a tag), and attributes are those that
// the tags record. For given owners both are read from the resources
// themselves, at a few calls each, so that a change by hand shows
// (lb.Rules.ListIsPartial).
func (v balancers) Read(ctx context.Context, clusterID string, of ...cloud.Owner) (lb.State, error) {
	r := &reading{balancers: v, cluster: clusterID, of: of, state: lb.State{}, names: map[string]string{}, hosts: map[string]string{}}
	for _, step := range []func(context.Context) error{r.readPlaces, r.readElasticIPs, r.readInstances, r.readGroups, r.readBalancers, r.readPools} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r.state, nil
}

type reading struct {
	balancers
	cluster string
	of      []cloud.Owner
	state   lb.State
	names   map[string]string // of security groups of ours, by ID
	rules   []lb.Ref          // that let balancers in to nodes
	hosts   map[string]string // names of balancers of ours, by ARN
}

func (r *reading) exact() bool { return len(r.of) > 0 }

// ours reports whether a name is to be read.
func (r *reading) ours(name string) bool {
	if !r.exact() {
		return strings.HasPrefix(name, clusterPrefix(r.cluster))
	}
	return slices.ContainsFunc(r.of, func(o cloud.Owner) bool {
		cluster, owner := marks(o)
		return strings.HasPrefix(name, "vn-"+cluster+"-"+owner+"-")
	})
}

// here reports whether a VPC is the one that is read: ELB lists those of all. An
// emulator may not say which one it is.
func (r *reading) here(vpc string) bool { return vpc == "" || vpc == r.VPC }

func (r *reading) put(x lb.Resource) { r.state[x.Ref] = x }

// readElasticIPs: a balancer may ask for any of the region's.
func (r *reading) readElasticIPs(ctx context.Context) error {
	all, err := read(ctx, r.vpc, actionElasticIPs, subject{"list the Elastic IPs", r.Region}, r.elb.elasticIPs)
	for _, e := range all {
		r.put(lb.Resource{Ref: lb.Ref{Kind: kindElastic, Name: e.allocation}, Fields: lb.Fields{fieldUser: {e.user}}})
	}
	return err
}

// readInstances finds on each instance the groups of its primary interface,
// the one with the cluster's tag first.
func (r *reading) readInstances(ctx context.Context) error {
	if len(r.NodeGroups) > 0 {
		return nil
	}
	tagged := map[string]bool{}
	if r.Cluster != "" {
		if err := r.eachGroup(ctx, "tag-key", clusterTag+r.Cluster, func(g group) error { tagged[g.id] = true; return nil }); err != nil {
			return err
		}
	}
	return r.eachCard(ctx, "vpc-id", r.VPC, func(c card) error {
		if x, ok := r.state[lb.Ref{Kind: kindSubnet, Name: c.subnet}]; ok {
			x.Fields[fieldUsed] = append(x.Fields[fieldUsed], c.addresses...)
		}
		if c.instance == "" || !c.primary() || len(c.groups) == 0 {
			return nil
		}
		groups := slices.Sorted(slices.Values(c.groups))
		at := max(0, slices.IndexFunc(groups, func(id string) bool { return tagged[id] }))
		r.put(lb.Resource{Ref: lb.Ref{Kind: kindInstance, Name: c.instance}, Fields: lb.Fields{fieldGroups: {groups[at]}}})
		return nil
	})
}

func (r *reading) eachGroup(ctx context.Context, filter, value string, take func(group) error) error {
	list := func(ctx context.Context, token string) (page[group], error) {
		return r.elb.securityGroups(ctx, r.VPC, filter, value, token)
	}
	return pages(ctx, r.vpc, actionGroups, subject{"list the security groups", r.VPC}, list, take)
}

// readGroups reads our security groups, and the rules of others that refer to
// the shared one: those are ours by that alone.
func (r *reading) readGroups(ctx context.Context) error {
	common := ""
	err := r.eachGroup(ctx, "group-name", clusterPrefix(r.cluster)+"*", func(g group) error {
		owner := ownerOf(g.name, g.tags)
		if owner == shared(r.cluster) {
			common = g.id
		} else if !r.ours(g.name) {
			return nil
		}
		r.names[g.id] = g.name
		x := lb.Resource{Ref: lb.Ref{Kind: kindGroup, Name: g.name}, Owner: owner, Shared: owner == shared(r.cluster), ID: g.id, Fields: lb.Fields{fieldIngress: {}, fieldTags: otherTags(g.tags)}}
		for _, one := range g.rules {
			x.Fields[fieldIngress] = append(x.Fields[fieldIngress], one.text())
		}
		r.put(x)
		return nil
	})
	if err != nil || common == "" {
		return err
	}
	uses := []lb.Ref{{Kind: kindGroup, Name: r.names[common]}}
	return r.eachGroup(ctx, "ip-permission.group-id", common, func(g group) error {
		for _, one := range g.rules {
			if one.group == common {
				ref := ruleRef(g.id, one)
				r.rules = append(r.rules, ref)
				r.put(lb.Resource{Ref: ref, Owner: shared(r.cluster), Shared: true, Uses: uses, ID: g.id})
			}
		}
		return nil
	})
}

// tags asks for the tags of resources, as many at once as ELB takes. What has
// no entry is gone since it was listed.
func (r *reading) tags(ctx context.Context, arns []string) (map[string]map[string]string, error) {
	const atOnce = 20
	out := map[string]map[string]string{}
	for chunk := range slices.Chunk(arns, atOnce) {
		if err := r.addTags(ctx, chunk, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addTags adds the tags of what there still is: ELB refuses the whole call where
// one is gone, and does not always say which.
func (r *reading) addTags(ctx context.Context, arns []string, to map[string]map[string]string) error {
	got, err := read(ctx, r.vpc, actionTags, subject{"read the tags", fmt.Sprintf("%d resources", len(arns))}, func(ctx context.Context) (map[string]map[string]string, error) {
		return r.elb.tagsOf(ctx, arns)
	})
	switch half := len(arns) / 2; {
	case cloud.Is(err, cloud.NotFound) && half == 0:
		return nil
	case cloud.Is(err, cloud.NotFound):
		if err := r.addTags(ctx, arns[:half], to); err != nil {
			return err
		}
		return r.addTags(ctx, arns[half:], to)
	case err != nil:
		return err
	}
	maps.Copy(to, got)
	return nil
}

// attributes are those that we set: as the tags record them, or as they are.
func (r *reading) attributes(ctx context.Context, arn string, tags map[string]string, action string, get func(context.Context, string) (map[string]string, error)) ([]string, error) {
	recorded := map[string]string{}
	for key, value := range tags {
		if name, ok := strings.CutPrefix(key, tagAttribute); ok {
			recorded[name] = value
		}
	}
	if !r.exact() || len(recorded) == 0 {
		return pairsOf(recorded), nil
	}
	now, err := read(ctx, r.vpc, action, subject{"read the attributes", arn}, func(ctx context.Context) (map[string]string, error) { return get(ctx, arn) })
	if err != nil {
		return nil, err
	}
	for name := range recorded {
		if value, ok := now[name]; ok { // an emulator may not know them all
			recorded[name] = value
		}
	}
	return pairsOf(recorded), nil
}
