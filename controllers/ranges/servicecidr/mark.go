package servicecidr

import (
	"fmt"
	"net/netip"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// The mark of our ServiceCIDRs (I4): what carries none, or another's, is
// never changed. Cluster IDs and names may be longer than a label's value.
const (
	clusterAnnotation = "vpcnative.dev/cluster-id"
	requestAnnotation = "vpcnative.dev/range-request"
	managedByLabel    = "app.kubernetes.io/managed-by"
	managedBy         = "vpcnative"
)

// made is a ServiceCIDR for a range of a request. Our finalizer keeps it until
// nothing is allocated there, also where no kube-controller-manager does.
func (k *Keeper) made(r *v1alpha1.RangeRequest, p netip.Prefix, name string) *networkingv1.ServiceCIDR {
	return &networkingv1.ServiceCIDR{
		ObjectMeta: metav1.ObjectMeta{
			Name:        name,
			Labels:      map[string]string{managedByLabel: managedBy},
			Annotations: map[string]string{clusterAnnotation: k.ClusterID, requestAnnotation: r.Name},
			Finalizers:  []string{v1alpha1.Finalizer},
		},
		Spec: networkingv1.ServiceCIDRSpec{CIDRs: []string{p.String()}},
	}
}

// isOf reports whether we made s for the request.
func (k *Keeper) isOf(s *networkingv1.ServiceCIDR, r *v1alpha1.RangeRequest) bool {
	return k.requestOf(s) == r.Name
}

// requestOf is the request that we made s for; it is empty where we did not.
func (k *Keeper) requestOf(s *networkingv1.ServiceCIDR) string {
	if s.Annotations[clusterAnnotation] != k.ClusterID {
		return ""
	}
	return s.Annotations[requestAnnotation]
}

// maxRequestPart leaves room for a prefix and a number in the 253 characters
// of a name.
const maxRequestPart = 180

// freeName names a ServiceCIDR after the request and the prefix, so that
// whoever repeats a create finds the first try's. A number follows where the
// name is taken, as by one that is being deleted.
func freeName(r *v1alpha1.RangeRequest, p netip.Prefix, taken func(string) bool) string {
	request := r.Name
	if len(request) > maxRequestPart {
		request = strings.TrimRight(request[:maxRequestPart], "-.")
	}
	base := fmt.Sprintf("%s-%s-%d", request, strings.ReplaceAll(p.Addr().StringExpanded(), ":", "-"), p.Bits())
	for i, name := 2, base; ; i++ {
		if !taken(name) {
			return name
		}
		name = fmt.Sprintf("%s-%d", base, i)
	}
}
