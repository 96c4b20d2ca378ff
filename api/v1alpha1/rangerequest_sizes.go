package v1alpha1

// Capacity asks for room in the words of a cluster.
type Capacity struct {
	// Nodes is how many nodes are to fit, in each subnet.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	Nodes int32 `json:"nodes"`
	// PodsPerNode is the max pods of a node.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65536
	PodsPerNode int32 `json:"podsPerNode"`
}

// Growth says when a further range is carved, how large, and up to where.
//
// +kubebuilder:validation:XValidation:rule="!has(self.giveBackAfter)",message="giveBackAfter is now reclaimAfter: rename it"
type Growth struct {
	// Threshold is the utilization, in percent, from which a further range is
	// carved, in each subnet by itself.
	// +kubebuilder:default=80
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Threshold int32 `json:"threshold,omitempty"`
	// WaitingNodes is the number of nodes that wait for room from which a
	// further range is carved, whatever the utilization.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +optional
	WaitingNodes int32 `json:"waitingNodes,omitempty"`
	// PrefixLength is the size of each further range; the size of the first
	// where it is not set.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	// +optional
	PrefixLength *int32 `json:"prefixLength,omitempty"`
	// MaxRanges is how many ranges each subnet has at most, the first among
	// them.
	// +kubebuilder:default=8
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=170
	// +optional
	MaxRanges int32 `json:"maxRanges,omitempty"`
	// ReclaimAfter is how long a further range stays empty before the VPC
	// gets it back; 0s keeps it.
	// +kubebuilder:default="1h"
	// +optional
	ReclaimAfter *Duration `json:"reclaimAfter,omitempty"`
	// OldReclaimAfter is ReclaimAfter as it was stored before v0.2.
	// +optional
	OldReclaimAfter *Duration `json:"giveBackAfter,omitempty"`
}

// NewSubnets has subnets made for new nodes where those there are run full. A
// node that waits in a full subnet stays there: a machine cannot move.
type NewSubnets struct {
	// Blocks are associated with the VPC one after the other, as they are
	// needed, unless it has them; subnets are made in them. They must lie in the
	// Network's supernets. 100.64.0.0/10 goes with any VPC; the cloud refuses
	// blocks of some families beside those it has.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:XValidation:rule="self.all(c, !isCIDR(c) || (cidr(c).prefixLength() >= 16 && cidr(c).prefixLength() <= 28))",message="a block of a VPC is between /16 and /28"
	// +listType=atomic
	Blocks []CIDR `json:"blocks"`
	// SubnetPrefixLength is the size of each subnet: at least twice a further
	// range, since machines have their own addresses there too.
	// +kubebuilder:validation:Minimum=16
	// +kubebuilder:validation:Maximum=27
	SubnetPrefixLength int32 `json:"subnetPrefixLength"`
	// MaxSubnets is how many subnets are made in each zone at most.
	// +kubebuilder:default=4
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=32
	// +optional
	MaxSubnets int32 `json:"maxSubnets,omitempty"`
}
