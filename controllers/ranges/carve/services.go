package carve

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// ServiceBlock is one family of a ServiceCIDR.
type ServiceBlock struct {
	Prefix netip.Prefix
	Name   string // of the ServiceCIDR
	// Service is the Service whose ClusterIP it is, where it is one address of an
	// API server without ServiceCIDRs; Name is empty then.
	Service string
	// Request is the RangeRequest of this cluster that it was made for; it is
	// empty for any other.
	Request string
}

// ClusterIPs returns the addresses of Services as blocks of one each.
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

// NoServiceCIDRs refuses ranges for ClusterIPs where the API server allocates
// none out of them.
func NoServiceCIDRs() *conditions.Refusal {
	return &conditions.Refusal{
		Reason: v1alpha1.ReasonNoServiceCIDR,
		Text: "the API server has no ServiceCIDR objects (networking.k8s.io/v1), so it allocates ClusterIPs from --service-cluster-ip-range alone; " +
			"upgrade it to Kubernetes 1.33 or later, or delete this request and add that range to the Network's reserved",
	}
}
