package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// remains is what is left of a cluster in one VPC.
type remains struct {
	*place
	found
	notes []string
	// carriers are instances that live, in words.
	carriers []string
}

// look finds what is left of the cluster in one Network.
func (t *wrecker) look(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest) (*remains, error) {
	at, err := t.open(ctx, n, t.clusterID)
	if err == nil {
		r := &remains{place: at}
		mine := slices.DeleteFunc(slices.Clone(requests), func(q v1alpha1.RangeRequest) bool { return q.NetworkName() != n.Name })
		if err = r.read(ctx, t.clusterID, mine); err == nil {
			return r, nil
		}
		at.close()
	}
	return nil, fmt.Errorf("network %s: %w", n.Name, err)
}

// once leaves each thing to the first Network that shows it: two of one VPC
// show the same.
func once(all []*remains) {
	seen := map[string]bool{}
	again := func(at, what string) bool {
		had := seen[at+" "+what]
		seen[at+" "+what] = true
		return had
	}
	for _, r := range all {
		domain := r.Rules().Domain
		r.parts = slices.DeleteFunc(r.parts, func(x lb.Orphan) bool { return again(domain, x.Ref.String()) })
		r.pieces = slices.DeleteFunc(r.pieces, func(p piece) bool { return again(r.vpc.Place.VPC, p.what) })
	}
}

// read finds all of it. The pieces are in the order in which they are removed:
// users first.
func (r *remains) read(ctx context.Context, clusterID string, requests []v1alpha1.RangeRequest) (err error) {
	if r.state, err = r.Read(ctx, clusterID); err != nil {
		return err
	}
	r.parts = loadbalancer.Everything(r.state, clusterID, func(o cloud.Owner) bool { return o.Kind != build.OwnerKind && o.Kind != lb.KindEndpointGroup })
	s, err := r.snapshot(ctx)
	if cloud.Is(err, cloud.NotFound) && len(s.Occupied) > 0 { // a subnet: somebody has begun to take it down
		r.notes = append(r.notes, oneLine(err))
	} else if err != nil {
		return err
	}
	nobody := func(cloud.Mark) bool { return false }
	marked := r.marked(s, clusterID, nobody)
	pieces, err := r.piecesOf(ctx, marked, clusterID, nobody)
	if err != nil {
		return err
	}
	routes, err := r.readRoutes(ctx, requests)
	if err != nil {
		return err
	}
	r.pieces = slices.Concat(routes, pieces, r.blocksOf(requests, s))
	return r.readCarriers(ctx, marked, requests)
}

// readCarriers finds the instances that carry something of the cluster's
// ranges: those that have its mark, and those that its requests were granted,
// also where they had been there before. While there is one the cluster is not
// gone, whether its API server answers or not.
func (r *remains) readCarriers(ctx context.Context, marked []cloud.Marked, requests []v1alpha1.RangeRequest) error {
	var in []netip.Prefix
	for _, m := range marked {
		if !m.Proxy && m.Zone == "" {
			in = append(in, m.Prefix)
		}
	}
	for _, q := range requests {
		in = append(in, v1alpha1.Prefixes(q.Status.Ranges)...)
	}
	if len(in) == 0 {
		return nil
	}
	for nic, err := range r.vpc.Interfaces.List(ctx) {
		if err != nil {
			return fmt.Errorf("finding the instances that have addresses of the cluster's ranges: %w", err)
		}
		for _, p := range nic.Prefixes() {
			if slices.ContainsFunc(in, p.Overlaps) {
				r.carriers = append(r.carriers, fmt.Sprintf("%s has %s", cmp.Or(nic.Instance, nic.InstanceUID), p))
			}
		}
	}
	return nil
}

// remove deletes all resources, users first, and continues past failures.
func (r *remains) remove(ctx context.Context) (out []leftover) {
	gone := map[string]bool{}
	trouble := loadbalancer.RemoveOrphans(ctx, r, r.state, r.parts, func(x lb.Resource) { gone[x.Ref.String()] = true })
	for _, part := range r.parts {
		x := leftoverOf(part.Resource, "")
		if x.Result = "deleted"; !gone[x.Resource] {
			x.Result, x.Error = "still there", "a resource that uses it is still there, or could not be deleted"
			if trouble != nil {
				x.Error = oneLine(trouble)
			}
		}
		out = append(out, x)
	}
	for _, p := range r.pieces {
		x := leftover{Resource: p.what, For: p.owner, Result: "deleted"}
		if err := p.remove(ctx); err != nil {
			x.Result, x.Error = "still there", oneLine(err)
		}
		out = append(out, x)
	}
	return out
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
