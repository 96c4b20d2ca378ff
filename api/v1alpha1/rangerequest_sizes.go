package v1alpha1

// Capacity sizes a range by nodes and pods.
type Capacity struct {
	// Nodes is the number of nodes that must fit, per subnet.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Nodes int32 `json:"nodes"`
	// PodsPerNode is the max pods of each node.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65536
	PodsPerNode int32 `json:"podsPerNode"`
}

// Growth configures when another range is carved, its size, and the limit.
//
// +kubebuilder:validation:XValidation:rule="!has(self.giveBackAfter)",message="giveBackAfter is now reclaimAfter: rename it"
type Growth struct {
	// Threshold is the utilization, in percent and per subnet, at which another
	// range is carved.
	// +kubebuilder:default=80
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Threshold int32 `json:"threshold,omitempty"`
	// WaitingNodes is the number of nodes waiting for room at which another
	// range is carved, whatever the utilization.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +optional
	WaitingNodes int32 `json:"waitingNodes,omitempty"`
	// PrefixLength is the size of each additional range. It defaults to the
	// size of the first one.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	// +optional
	PrefixLength *int32 `json:"prefixLength,omitempty"`
	// MaxRanges is the maximum number of ranges per subnet, including the
	// first.
	// +kubebuilder:default=8
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=170
	// +optional
	MaxRanges int32 `json:"maxRanges,omitempty"`
	// ReclaimAfter is how long an additional range must be empty before it is
	// removed from the VPC. 0s keeps it.
	// +kubebuilder:default="1h"
	// +optional
	ReclaimAfter *Duration `json:"reclaimAfter,omitempty"`
	// OldReclaimAfter is the name of ReclaimAfter before v0.2.
	// +optional
	OldReclaimAfter *Duration `json:"giveBackAfter,omitempty"`
}

// NewSubnets creates subnets for new nodes when the existing ones are full. A
// node that waits in a full subnet stays there: machines cannot move.
type NewSubnets struct {
	// Blocks are associated with the VPC in this order, when needed and unless it
	// has them; subnets are created in them. They must lie in the Network's
	// supernets. Every VPC accepts 100.64.0.0/10; the cloud refuses some other
	// combinations with the VPC's existing blocks.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:XValidation:rule="self.all(c, !isCIDR(c) || (cidr(c).prefixLength() >= 16 && cidr(c).prefixLength() <= 28))",message="a VPC block must be between /16 and /28"
	// +listType=atomic
	Blocks []CIDR `json:"blocks"`
	// SubnetPrefixLength is the size of each subnet: at least twice an additional
	// range, because machines have their own addresses there too.
	// +kubebuilder:validation:Minimum=16
	// +kubebuilder:validation:Maximum=27
	SubnetPrefixLength int32 `json:"subnetPrefixLength"`
	// MaxSubnets is the maximum number of new subnets per zone.
	// +kubebuilder:default=4
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	// +optional
	MaxSubnets int32 `json:"maxSubnets,omitempty"`
}
