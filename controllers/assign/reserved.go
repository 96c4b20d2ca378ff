package assign

import (
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Reserved is a block that a Network reserves. It is kept from every Network of
// the same VPC.
type Reserved struct {
	Prefix          netip.Prefix
	Reason, Network string
}

func (r Reserved) String() string {
	return fmt.Sprintf("%s (%s) in Network %s", r.Prefix, r.Reason, r.Network)
}

// ReservedBy returns what the Networks reserve.
func ReservedBy(networks ...v1alpha1.Network) (out []Reserved) {
	for i := range networks {
		for _, b := range networks[i].Spec.Reserved {
			if p, err := netip.ParsePrefix(string(b.CIDR)); err == nil {
				out = append(out, Reserved{p, b.Reason, networks[i].Name})
			}
		}
	}
	return out
}

// ReservedOver returns those that lie over a range which the request was granted:
// somebody reserved them later.
func ReservedOver(reserved []Reserved, r *v1alpha1.RangeRequest) (over []Reserved) {
	for _, p := range v1alpha1.Prefixes(r.Status.Ranges) {
		for _, b := range reserved {
			if b.Prefix.Overlaps(p) {
				over = append(over, b)
			}
		}
	}
	return over
}
