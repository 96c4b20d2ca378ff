package clouds

import (
	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/gcp"
)

// vpcOf names the VPC of a Network, as cloud.Place does.
func vpcOf(n *v1alpha1.Network) string {
	switch g := n.Spec.GCP; {
	case n.Spec.AWS != nil:
		return n.Spec.AWS.VPCID
	case g != nil:
		return gcp.Config{Project: g.Project, NetworkProject: g.NetworkProject, Network: g.Network}.VPC()
	}
	return ""
}

// Beside gives those of the Networks that are of the same VPC as n, without n.
func Beside(n *v1alpha1.Network, all []v1alpha1.Network) (out []v1alpha1.Network) {
	for i := range all {
		if other := &all[i]; other.Name != n.Name && vpcOf(other) == vpcOf(n) {
			out = append(out, *other)
		}
	}
	return out
}
