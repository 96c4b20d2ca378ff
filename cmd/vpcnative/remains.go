package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// look finds what is left of the cluster in one Network.
func (t *wrecker) look(ctx context.Context, n *v1alpha1.Network, requests []v1alpha1.RangeRequest) (*remains, error) {
	options := t.clouds
	if options.Cloud = options.Implied(); options.Cloud == "" {
		options.Cloud = clouds.Of(n)
	}
	if err := options.Validate(); err != nil {
		return nil, err
	}
	opener := clouds.New(clouds.Config{Options: options, UserAgent: "vpcnative", ClusterID: t.clusterID})
	r := &remains{clusterID: t.clusterID, close: opener.Close}
	err := func() (err error) {
		if r.vpc, err = opener.Open(ctx, n); err != nil {
			return err
		}
		if r.balancers, err = opener.Balancers(ctx, n); err != nil {
			return err
		}
		s, err := r.read(ctx)
		if err != nil {
			return err
		}
		if err := r.readUnmarked(ctx, n, requests, s); err != nil {
			return err
		}
		return r.readCarriers(ctx, n, requests)
	}()
	if err != nil {
		opener.Close()
		return nil, fmt.Errorf("network %s: %w", n.Name, err)
	}
	return r, nil
}

// remains is what is left of a cluster in one VPC.
type remains struct {
	clusterID string
	close     func()
	vpc       cloud.VPC
	balancers lb.Balancers

	state lb.State
	parts []lb.Orphan
	marked
	routes []leftRoute
	blocks []leftBlock
	notes  []string
	// carriers are instances that live, in words.
	carriers []string
	// elsewhere is what another Network of the same VPC has shown already.
	elsewhere map[string]bool
}

// once leaves each thing to the first Network that shows it: two of one VPC
// show the same.
func once(all []*remains) {
	seen := map[string]bool{}
	first := func(at, what string) bool {
		had := seen[at+" "+what]
		seen[at+" "+what] = true
		return !had
	}
	for _, r := range all {
		if r.balancers != nil {
			at := r.balancers.Rules().Domain
			r.parts = slices.DeleteFunc(r.parts, func(x lb.Orphan) bool { return !first(at, x.Ref.String()) })
		}
		r.elsewhere = map[string]bool{}
		for _, p := range r.pieces() {
			if !first(r.vpc.Place.VPC, p.what) {
				r.elsewhere[p.what] = true
			}
		}
	}
}

// pieces are in the order in which they are removed: users first.
func (r *remains) pieces() (out []piece) {
	for _, x := range r.routes {
		out = append(out, piece{x.String(), "RangeRequest " + x.request, func(ctx context.Context) error { return r.removeRoute(ctx, x) }})
	}
	out = append(out, r.marked.pieces(r.vpc)...)
	for _, x := range r.blocks {
		out = append(out, piece{"block " + x.prefix.String(), "RangeRequest " + x.request, func(ctx context.Context) error {
			return within(ctx, x.prefix, r.vpc.NewSpace.RemoveBlock)
		}})
	}
	return slices.DeleteFunc(out, func(p piece) bool { return r.elsewhere[p.what] })
}

func (r *remains) read(ctx context.Context) (s cloud.Snapshot, err error) {
	if r.balancers != nil {
		if r.state, err = r.balancers.Read(ctx, r.clusterID); err != nil {
			return s, err
		}
		r.parts = loadbalancer.Everything(r.state, r.clusterID, func(o cloud.Owner) bool { return o.Kind != build.OwnerKind })
	}
	s, err = r.vpc.Space.Read(ctx)
	if cloud.Is(err, cloud.NotFound) && len(s.Occupied) > 0 { // a subnet: somebody has begun to take it down
		r.notes = append(r.notes, oneLine(err))
	} else if err != nil {
		return s, err
	}
	r.marked, err = readMarked(ctx, r.vpc, s, r.clusterID, func(cloud.Mark) bool { return false })
	return s, err
}
