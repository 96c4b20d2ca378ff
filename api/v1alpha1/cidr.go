package v1alpha1

// CIDR is an IPv4 or IPv6 prefix in canonical form: no host bits, no
// IPv4-mapped IPv6.
//
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be a CIDR, such as 10.0.0.0/16"
// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self) == cidr(self).masked()",message="must not have host bits set: use the first address of the block"
type CIDR string
