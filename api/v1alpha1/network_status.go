package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OccupiedBlock is a block that is in use.
type OccupiedBlock struct {
	CIDR string `json:"cidr"`
	// Kind is SubnetPrimary, SecondaryRange, SubnetReservation, StaticRoute,
	// PeeringRoute, DynamicRoute (learned), Reservation, ProxyOnly, Prohibited,
	// ServiceCIDR (of the cluster), PodCIDR (published by a Node outside every
	// granted range), RouteRange (of routes to nodes, which are not listed one
	// by one), or Reserved (spec.reserved).
	Kind string `json:"kind"`
	// Name is its name in the cloud (for a learned route the router's and the
	// peer's), the Node's name, or the reason of the reserved block.
	// +optional
	Name string `json:"name,omitempty"`
	// Owner is its owner, if known: a RangeRequest of this cluster, another
	// vpcnative cluster by its mark, or the other Network of the VPC that
	// reserves it.
	// +optional
	Owner string `json:"owner,omitempty"`
}

// FreeSpace is the free space in the supernets of one IP family.
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

// SubnetSpace is the use of a node subnet's own block.
type SubnetSpace struct {
	// Name is the subnet's name or ID.
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Zone is its zone.
	// +optional
	Zone string `json:"zone,omitempty"`
	// Made is the name of a subnet that was created for new nodes of a
	// RangeRequest, and Owner that request.
	// +optional
	Made string `json:"made,omitempty"`
	// +optional
	Owner string `json:"owner,omitempty"`
	// CIDR is the subnet's own block.
	CIDR string `json:"cidr"`
	// Ranges is the number of ranges carved from it, by any owner.
	// +optional
	Ranges int32 `json:"ranges,omitempty"`
	// InUse is the number of addresses in use outside the ranges, in decimal:
	// of machines, other parties and the cloud.
	// +optional
	InUse string `json:"inUse,omitempty"`
	// Free is the number of addresses inside the supernets that are in no range,
	// not in use and not reserved, in decimal.
	Free string `json:"free"`
	// Fits is the number of free aligned blocks of each size, the largest
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

// SubnetFit is the number of free aligned blocks of one size.
type SubnetFit struct {
	PrefixLength int32 `json:"prefixLength"`
	Blocks       int64 `json:"blocks"`
}

// RouteRoom is the room for routes in the route tables. Each table needs a
// route to every node.
type RouteRoom struct {
	// Table is the fullest route table of the node subnets.
	Table string `json:"table"`
	// Limit is its quota, and Used the number of its routes, by any owner.
	Limit int32 `json:"limit"`
	Used  int32 `json:"used"`
}

// NetworkStatus is the observed state of the VPC.
type NetworkStatus struct {
	// ObservedGeneration is the generation of the spec this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Occupied are the blocks in use inside the supernets. At most 1,000 are
	// listed; occupiedCount counts all.
	// +optional
	Occupied []OccupiedBlock `json:"occupied,omitempty"`
	// OccupiedCount is the number of blocks in use.
	// +optional
	OccupiedCount int32 `json:"occupiedCount,omitempty"`
	// Free is the free space of each IP family.
	// +optional
	Free []FreeSpace `json:"free,omitempty"`
	// Subnets are the node subnets, if ranges are carved from the subnets' own
	// blocks.
	// +optional
	// +listType=map
	// +listMapKey=name
	Subnets []SubnetSpace `json:"subnets,omitempty"`
	// Blocks are the VPC's own CIDR blocks, if it has any. A subnet may be
	// created in them at any time.
	// +optional
	// +listType=atomic
	Blocks []string `json:"blocks,omitempty"`
	// Routes is the room for routes to nodes, if attachment Routes is supported.
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
