package carve

import (
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Overlapped says which ServiceCIDRs lie over ranges that the request was
// granted: somebody made them later, and nothing in the API keeps them apart.
// Where the request is for ClusterIPs itself its own are among them, and an
// address is allocated once whatever ServiceCIDR it is out of. It is pure.
func Overlapped(r *v1alpha1.RangeRequest, blocks []ServiceBlock) (out []string) {
	if r.Spec.Purpose == v1alpha1.Services {
		return nil
	}
	for _, p := range v1alpha1.Prefixes(r.Status.Ranges) {
		for _, b := range blocks {
			if b.Prefix.Overlaps(p) {
				out = append(out, fmt.Sprintf("%s of ServiceCIDR %s overlaps %s", b.Prefix, b.Name, p))
			}
		}
	}
	return out
}
