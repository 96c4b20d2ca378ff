package ranges

import (
	"context"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// beside gives the other Networks of the same VPC.
func (c *Controller) beside(ctx context.Context, n *v1alpha1.Network) ([]v1alpha1.Network, *Refusal) {
	if c.Beside == nil {
		return nil, nil
	}
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return nil, refusedByAPI("listing Networks", err)
	}
	return c.Beside(n, all.Items), nil
}

// clusterIPs gives the addresses of Services, where the API server has no
// ServiceCIDRs that tell in which blocks they lie.
func (c *Controller) clusterIPs(ctx context.Context) (out []ServiceBlock, _ *Refusal) {
	for next := ""; ; {
		var page corev1.ServiceList
		if err := c.Live.List(ctx, &page, client.Limit(pageOfNodes), client.Continue(next)); err != nil {
			return nil, refusedByAPI("listing Services", err)
		}
		out = append(out, ClusterIPs(page.Items)...)
		if next = page.Continue; next == "" {
			return out, nil
		}
	}
}

// ClusterIPs gives the addresses of Services as blocks of one each.
func ClusterIPs(services []corev1.Service) (out []ServiceBlock) {
	for i := range services {
		s := &services[i]
		for _, text := range s.Spec.ClusterIPs {
			if a, err := netip.ParseAddr(text); err == nil { // or it is "None"
				out = append(out, ServiceBlock{Prefix: netip.PrefixFrom(a, a.BitLen()), Service: s.Namespace + "/" + s.Name})
			}
		}
	}
	return out
}
