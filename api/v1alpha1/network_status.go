package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OccupiedBlock is space that was found in use.
type OccupiedBlock struct {
	CIDR string `json:"cidr"`
	// Kind is what it is: SubnetPrimary, SecondaryRange, SubnetReservation,
	// StaticRoute, PeeringRoute, DynamicRoute for one that the other side announces, Reservation, ProxyOnly, Prohibited, ServiceCIDR for one of
	// the cluster's that the VPC knows nothing of, PodCIDR for what a Node publishes
	// outside of every granted range, RouteRange for a range of which
	// routes lead to nodes (they are not listed one by one), or Reserved for a
	// block of spec.reserved.
	Kind string `json:"kind"`
	// Name is the cloud's name of it (of a learned route the router's and the peer's), that of the Node, or the reason of the reserved block.
	// +optional
	Name string `json:"name,omitempty"`
	// Owner is who it belongs to, where that is known: "RangeRequest pods"
	// of this cluster, what its mark says of another vpcnative cluster's, or the
	// other Network of the VPC that reserves it.
	// +optional
	Owner string `json:"owner,omitempty"`
}

// FreeSpace is what can still be carved out of the supernets of one family.
type FreeSpace struct {
	// Family is IPv4 or IPv6.
	Family string `json:"family"`
	// Addresses is the number of free addresses, in decimal.
	Addresses string `json:"addresses"`
	// Share is the free part of the supernets, in percent.
	Share int32 `json:"share"`
	// LargestBlocks are the largest free blocks, at most eight.
	// +optional
	LargestBlocks []string `json:"largestBlocks,omitempty"`
}

// SubnetSpace is what a node subnet's own block still holds.
type SubnetSpace struct {
	// Name is the subnet's name or ID.
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Zone is where it is.
	// +optional
	Zone string `json:"zone,omitempty"`
	// Made is the name under which it was made for new nodes of a RangeRequest,
	// where it was, and Owner that request.
	// +optional
	Made string `json:"made,omitempty"`
	// +optional
	Owner string `json:"owner,omitempty"`
	// CIDR is its own block.
	CIDR string `json:"cidr"`
	// Ranges counts the ranges carved out of it, whoever made them.
	// +optional
	Ranges int32 `json:"ranges,omitempty"`
	// InUse is how many addresses outside of the ranges are in use, in
	// decimal: machines' own, other parties', and the cloud's.
	// +optional
	InUse string `json:"inUse,omitempty"`
	// Free is how many addresses are in no range, in the supernets, neither in
	// use nor reserved, in decimal.
	Free string `json:"free"`
	// Fits is how many aligned blocks of each size are free, the largest
	// first: a range needs one block, however many single addresses are free.
	// +optional
	// +listType=map
	// +listMapKey=prefixLength
	Fits []SubnetFit `json:"fits,omitempty"`
	// FreeBlocks are the free blocks, at most 64, the largest first.
	// +optional
	// +listType=atomic
	FreeBlocks []string `json:"freeBlocks,omitempty"`
}

// SubnetFit counts the free aligned blocks of one size.
type SubnetFit struct {
	PrefixLength int32 `json:"prefixLength"`
	Blocks       int64 `json:"blocks"`
}

// RouteRoom is how many more routes fit into the route tables, each of which
// has to lead to every node.
type RouteRoom struct {
	// Table is the fullest one that the node subnets use.
	Table string `json:"table"`
	// Limit is its quota, Used how many routes it has, whoever made them.
	Limit int32 `json:"limit"`
	Used  int32 `json:"used"`
}

// NetworkStatus is what was found in the VPC.
type NetworkStatus struct {
	// ObservedGeneration is the generation of the spec this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Occupied is what lies in the supernets and is in use; at most 1,000
	// blocks are listed, and occupiedCount counts all.
	// +optional
	Occupied []OccupiedBlock `json:"occupied,omitempty"`
	// OccupiedCount counts the blocks in use.
	// +optional
	OccupiedCount int32 `json:"occupiedCount,omitempty"`
	// Free is what is left, a family each.
	// +optional
	Free []FreeSpace `json:"free,omitempty"`
	// Subnets are the node subnets, where ranges are carved out of the
	// subnets' own blocks.
	// +optional
	// +listType=map
	// +listMapKey=name
	Subnets []SubnetSpace `json:"subnets,omitempty"`
	// Blocks are the VPC's own blocks, in which a subnet may be made at any
	// time, where there are such.
	// +optional
	// +listType=atomic
	Blocks []string `json:"blocks,omitempty"`
	// Routes is the room for routes to nodes, where a node's range can be one.
	// +optional
	Routes *RouteRoom `json:"routes,omitempty"`
	// LastRead is when the VPC was last read.
	// +optional
	LastRead *metav1.Time `json:"lastRead,omitempty"`
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
