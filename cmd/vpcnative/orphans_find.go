package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// removeBoth deletes what both searches found.
func (f *finder) removeBoth(ctx context.Context, at *place, first, again found) (gone []leftover, err error) {
	gone = []leftover{}
	known := map[string]bool{}
	for _, x := range first.list() {
		known[x.Resource] = true
	}
	due := slices.DeleteFunc(again.parts, func(x lb.Orphan) bool { return !known[x.Ref.String()] })
	err = loadbalancer.RemoveOrphans(ctx, at, again.state, due, func(r lb.Resource) { gone = append(gone, leftoverOf(r, "deleted")) })
	for _, x := range again.pieces {
		if !f.retained || !known[x.what] {
			continue
		}
		if refused := x.remove(ctx); refused != nil {
			err = errors.Join(err, fmt.Errorf("%s is kept: %w", x.what, refused))
			continue
		}
		gone = append(gone, leftover{Resource: x.what, For: x.owner, Why: "deleted"})
	}
	return gone, err
}

// find reads the cloud first, so that it sees objects created meanwhile.
func (f *finder) find(ctx context.Context, in *joined, at *place) (out found, err error) {
	if out.state, err = at.Read(ctx, in.clusterID); err != nil {
		return out, err
	}
	snapshot, err := at.snapshot(ctx)
	if err != nil {
		return out, err
	}
	users, err := f.users(ctx, in)
	if err != nil {
		return out, err
	}
	out.parts = lb.Orphans(out.state, users.Has)
	lives, err := in.owners(ctx)
	if err != nil {
		return out, err
	}
	out.pieces, err = at.piecesOf(ctx, at.marked(snapshot, in.clusterID, lives), in.clusterID, lives)
	return out, err
}

// users are the owners of load balancers and endpoint groups that exist. Where
// EndpointGroups are not installed, none of what they may have had is judged.
func (f *finder) users(ctx context.Context, in *joined) (*loadbalancer.Living, error) {
	out := &loadbalancer.Living{ClusterID: in.clusterID}
	var services corev1.ServiceList
	if err := in.client.List(ctx, &services); err != nil {
		return nil, fmt.Errorf("listing Services: %w", err)
	}
	out.Add(build.OwnerKind, build.Concerned(services.Items, f.withoutClass))
	var groups v1alpha1.EndpointGroupList
	switch err := in.client.List(ctx, &groups); {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return out, nil
	case err != nil:
		return nil, fmt.Errorf("listing EndpointGroups: %w", err)
	}
	var all []client.Object
	for i := range groups.Items {
		all = append(all, &groups.Items[i])
	}
	out.Add(lb.KindEndpointGroup, all)
	return out, nil
}

// owners reports whether a mark belongs to an existing RangeRequest or Network.
func (in *joined) owners(ctx context.Context) (func(cloud.Mark) bool, error) {
	var requests v1alpha1.RangeRequestList
	if err := in.client.List(ctx, &requests); err != nil {
		return nil, fmt.Errorf("listing RangeRequests: %w", err)
	}
	var all []cloud.Owner
	for _, r := range requests.Items {
		all = append(all, cloud.Owner{ClusterID: in.clusterID, Kind: "RangeRequest", Name: r.Name})
	}
	for _, n := range in.networks {
		all = append(all, cloud.Owner{ClusterID: in.clusterID, Kind: "Network", Name: n.Name})
	}
	return func(m cloud.Mark) bool { return slices.ContainsFunc(all, m.Of) }, nil
}
