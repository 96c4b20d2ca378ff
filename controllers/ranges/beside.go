package ranges

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// beside returns the other Networks of the same VPC.
func (c *Controller) beside(ctx context.Context, n *v1alpha1.Network) ([]v1alpha1.Network, *conditions.Refusal) {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return nil, conditions.FromAPI("listing Networks", err)
	}
	return n.Beside(all.Items), nil
}

// clusterIPs returns the addresses of Services, where the API server has no
// ServiceCIDRs that tell in which blocks they lie.
func (c *Controller) clusterIPs(ctx context.Context) (out []carve.ServiceBlock, _ *conditions.Refusal) {
	for next := ""; ; {
		var page corev1.ServiceList
		if err := c.Live.List(ctx, &page, client.Limit(pageOfNodes), client.Continue(next)); err != nil {
			return nil, conditions.FromAPI("listing Services", err)
		}
		out = append(out, carve.ClusterIPs(page.Items)...)
		if next = page.Continue; next == "" {
			return out, nil
		}
	}
}
