package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/explain"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// vpcs says what is known of each Network's VPC: by its status, or by the VPC
// itself.
func (e *explainer) vpcs(ctx context.Context, c client.Reader, p netip.Prefix, w *explain.World) (err error) {
	w.VPC = map[string]preview.VPC{}
	if w.ClusterID = e.clusterID; w.ClusterID == "" && e.clouds.Cloud != "" {
		if w.ClusterID, err = cluster.ID(ctx, c); e.leave("Namespaces, which identify this cluster's ranges", err) != nil {
			return err
		}
	}
	all := openVPCs(e.clouds, w.ClusterID)
	defer all.Close()
	for i := range w.Networks {
		n := &w.Networks[i]
		if e.clouds.Cloud != clouds.Of(n) {
			w.VPC[n.Name] = preview.Status(n, clouds.Blank(n))
			continue
		}
		known, err := all.read(ctx, n)
		if err != nil {
			return err
		}
		w.VPC[n.Name] = known
		found, err := survey.Take(n, known.Snapshot, survey.Around{Requests: w.Requests, Nodes: pointers(w.Nodes), Beside: n.Beside(w.Networks)}, w.ClusterID)
		if err != nil {
			return fmt.Errorf("reading Network %s: %w", n.Name, err)
		}
		n.Status.OccupiedCount, n.Status.Free, n.Status.Subnets = found.Count, found.Free, found.Subnets
		vpc, err := all.Open(ctx, n)
		if err == nil {
			err = carried(ctx, vpc, n, p, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// carried adds the instances whose interfaces carry a part of what is asked
// about, or contain it, or to which routes lead it.
func carried(ctx context.Context, vpc cloud.VPC, n *v1alpha1.Network, p netip.Prefix, w *explain.World) error {
	if !p.IsValid() {
		return nil
	}
	if err := carriedBy(ctx, vpc.Interfaces, n, p, w); err != nil || vpc.Routed == nil {
		return err
	}
	return carriedBy(ctx, vpc.Routed, n, p, w)
}

func carriedBy(ctx context.Context, interfaces cloud.Interfaces, n *v1alpha1.Network, p netip.Prefix, w *explain.World) error {
	for nic, err := range interfaces.List(ctx) {
		if err != nil {
			return fmt.Errorf("reading the instances of Network %s: %w", n.Name, err)
		}
		for _, q := range nic.Prefixes() {
			x := explain.Carried{Instance: cmp.Or(nic.Instance, nic.InstanceUID+" (deleted)"), Prefix: q}
			if q.Overlaps(p) && !slices.Contains(w.Carried, x) {
				w.Carried = append(w.Carried, x)
			}
		}
	}
	return nil
}
