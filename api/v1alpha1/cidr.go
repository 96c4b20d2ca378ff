package v1alpha1

import "net/netip"

// CIDR is an IPv4 or IPv6 prefix in canonical form: no host bits, no
// IPv4-mapped IPv6.
//
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be a CIDR, such as 10.0.0.0/16"
// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self) == cidr(self).masked()",message="must not have host bits set: use the first address of the block"
type CIDR string

// ParseCIDRs returns those of the texts that are prefixes.
func ParseCIDRs[T ~string](texts []T) (out []netip.Prefix) {
	for _, text := range texts {
		if p, err := netip.ParsePrefix(string(text)); err == nil {
			out = append(out, p)
		}
	}
	return out
}
