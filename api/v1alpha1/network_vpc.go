package v1alpha1

import "cmp"

// VPC is the name of the Network's VPC, which no other has, as the cloud's API
// writes it; it is empty where the spec names none.
func (n *Network) VPC() string {
	switch {
	case n.Spec.GCP != nil:
		return "projects/" + cmp.Or(n.Spec.GCP.NetworkProject, n.Spec.GCP.Project) + "/global/networks/" + n.Spec.GCP.Network
	case n.Spec.AWS != nil:
		return n.Spec.AWS.VPCID
	}
	return ""
}

// Beside returns those of the Networks that are of the same VPC as n, without n.
func (n *Network) Beside(all []Network) (out []Network) {
	for i := range all {
		if all[i].Name != n.Name && all[i].VPC() == n.VPC() {
			out = append(out, all[i])
		}
	}
	return out
}
