package v1alpha1

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RangeState is the progress of a range or subnet that the request gets.
//
// +kubebuilder:validation:Enum=Claimed;Granted
type RangeState string

const (
	// RangeClaimed is about to be created in the cloud, or its creation has an
	// unknown outcome. It is occupied, and nothing is allocated from it.
	RangeClaimed RangeState = "Claimed"
	// RangeGranted exists in the cloud.
	RangeGranted RangeState = "Granted"
)

// GrantedRange is a block of the VPC that the request has, or is about to get.
type GrantedRange struct {
	CIDR string `json:"cidr"`
	// State is Claimed before the range is created in the cloud, so that nothing
	// is created that no object names, and Granted once it exists. Versions
	// before v0.2 do not set it: then the range is granted.
	// +optional
	State RangeState `json:"state,omitempty"`
	// Subnet is its subnet. It is empty for a range in no subnet, such as one
	// for Services on EC2, or one with attachment Routes.
	// +kubebuilder:validation:MaxLength=63
	Subnet string `json:"subnet"`
	// Name is its name in the cloud.
	Name string `json:"name"`
	// Reason explains why this block was chosen.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Adopted is true if it was in the VPC before the request named it. It is
	// used, and never removed.
	// +optional
	Adopted bool `json:"adopted,omitempty"`
	// MadeSubnet is true if its subnet was created for the request.
	// +optional
	MadeSubnet bool `json:"madeSubnet,omitempty"`
	// Grown is true if growth carved it.
	// +optional
	Grown bool `json:"grown,omitempty"`
	// EmptySince is when a range that growth carved became empty.
	// +optional
	EmptySince *metav1.Time `json:"emptySince,omitempty"`
	// Leaving is true while the range is being reclaimed: no node CIDR is
	// allocated from it.
	// +optional
	Leaving bool `json:"leaving,omitempty"`
	// ServiceCIDR is the name of the ServiceCIDR object with which the API
	// server allocates ClusterIPs from it.
	// +optional
	ServiceCIDR string `json:"serviceCIDR,omitempty"`
}

// RefusedBlock is a block that the cloud refused, although it appears free.
type RefusedBlock struct {
	CIDR string `json:"cidr"`
	// Time is the last refusal, and Count the number of refusals.
	Time  metav1.Time `json:"time"`
	Count int32       `json:"count"`
	// Message is the cloud's error.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// Prefix parses the range's CIDR; ok is false if somebody made it invalid.
func (g GrantedRange) Prefix() (p netip.Prefix, ok bool) {
	p, err := netip.ParsePrefix(g.CIDR)
	return p, err == nil
}

// Prefixes returns the valid prefixes of the ranges.
func Prefixes(ranges []GrantedRange) (out []netip.Prefix) {
	for _, g := range ranges {
		if p, ok := g.Prefix(); ok {
			out = append(out, p)
		}
	}
	return out
}

// Range returns the range with exactly that prefix, or nil.
func (s *RangeRequestStatus) Range(p netip.Prefix) *GrantedRange {
	for i := range s.Ranges {
		if q, ok := s.Ranges[i].Prefix(); ok && q == p {
			return &s.Ranges[i]
		}
	}
	return nil
}

// Claimed reports whether the range may not exist in the cloud.
func (g GrantedRange) Claimed() bool { return g.State == RangeClaimed }

// Granted returns the ranges that exist in the cloud. Only these are allocated
// from, counted and allowed by the firewall; all of Ranges are occupied.
func (s *RangeRequestStatus) Granted() (out []GrantedRange) {
	for _, g := range s.Ranges {
		if !g.Claimed() {
			out = append(out, g)
		}
	}
	return out
}

// Made returns what was added to the VPC for new nodes.
func (s *RangeRequestStatus) Made() MadeSpace {
	if s.NewSubnets == nil {
		return MadeSpace{}
	}
	return *s.NewSubnets
}

// UnservedSubnet is a subnet without the range that the request asks for.
type UnservedSubnet struct {
	Name string `json:"name"`
	// Reason is a reason of condition Ready, and Message names the remedy.
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Room is the free room of the granted ranges, for one node CIDR size.
type Room struct {
	// PrefixLength is a recently used size of node CIDRs.
	PrefixLength int32 `json:"prefixLength"`
	// Nodes is the number of node CIDRs of that size that still fit.
	Nodes int64 `json:"nodes"`
	// LargestBlock is how many of them fit in the largest free block.
	LargestBlock int64 `json:"largestBlock"`
}

// RangeRequestStatus is what is granted, and its utilization.
type RangeRequestStatus struct {
	// ObservedGeneration is the generation of the spec this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Ranges are the granted and claimed blocks, at most 170 in each of 32
	// subnets.
	// +kubebuilder:validation:MaxItems=5440
	// +optional
	// +listType=map
	// +listMapKey=cidr
	Ranges []GrantedRange `json:"ranges,omitempty"`
	// Refused are the last 64 blocks that the cloud refused although they appear
	// free. Other blocks are tried first.
	// +kubebuilder:validation:MaxItems=64
	// +optional
	// +listType=map
	// +listMapKey=cidr
	Refused []RefusedBlock `json:"refused,omitempty"`
	// Subnets are those without the range that the request asks for. The other
	// subnets serve their nodes meanwhile.
	// +kubebuilder:validation:MaxItems=64
	// +optional
	// +listType=map
	// +listMapKey=name
	Subnets []UnservedSubnet `json:"subnets,omitempty"`
	// Capacity is the number of addresses in the ranges, in decimal.
	// +optional
	Capacity string `json:"capacity,omitempty"`
	// Allocated is the number of allocated addresses, in decimal.
	// +optional
	Allocated string `json:"allocated,omitempty"`
	// Utilization is the allocated share of the capacity, in percent, rounded
	// up: it is 0 only if nothing is allocated.
	// +optional
	Utilization int32 `json:"utilization"`
	// Nodes is the number of nodes with a node CIDR in the ranges.
	// +optional
	Nodes int32 `json:"nodes"`
	// ObservedNodes is how many of these publish a CIDR that vpcnative never
	// attached to their machines (see adoption).
	// +optional
	ObservedNodes int32 `json:"observedNodes,omitempty"`
	// WaitingNodes is the number of nodes that wait for room.
	// +optional
	WaitingNodes int32 `json:"waitingNodes"`
	// Room is how many nodes still fit, for each recently used size, the most
	// frequent first; at most four sizes.
	// +optional
	// +listType=map
	// +listMapKey=prefixLength
	Room []Room `json:"room,omitempty"`
	// LargestFree are the largest free blocks of the ranges, at most four.
	// +optional
	// +listType=atomic
	LargestFree []string `json:"largestFree,omitempty"`
	// NewSubnets is what was added to the VPC for new nodes.
	// +optional
	NewSubnets *MadeSpace `json:"newSubnets,omitempty"`
	// OldNewSubnets is the name of NewSubnets before v0.2.
	// +optional
	OldNewSubnets *MadeSpace `json:"newSpace,omitempty"`
	// Routes is the use of the route tables by routes other than to this
	// request's nodes, with attachment Routes.
	// +optional
	Routes *OtherRoutes `json:"routes,omitempty"`
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MadeSpace is what was added to the VPC for new nodes.
type MadeSpace struct {
	// Blocks are recorded before they are associated.
	// +optional
	// +listType=map
	// +listMapKey=cidr
	Blocks []MadeBlock `json:"blocks,omitempty"`
	// Subnets are claimed before they are created.
	// +optional
	// +listType=map
	// +listMapKey=name
	Subnets []MadeSubnet `json:"subnets,omitempty"`
}

// MadeBlock is a CIDR block of the VPC.
type MadeBlock struct {
	CIDR string `json:"cidr"`
	// Adopted is true if the VPC had it before. It is never removed.
	// +optional
	Adopted bool `json:"adopted,omitempty"`
}

// MadeSubnet is a subnet for new nodes.
type MadeSubnet struct {
	// Subnet is its ID, once it exists.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Subnet string `json:"subnet,omitempty"`
	// Name is the name that it is created with.
	Name string `json:"name"`
	Zone string `json:"zone"`
	CIDR string `json:"cidr"`
	// Reason explains why it was created.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// OtherRoutes limits the number of nodes with attachment Routes.
type OtherRoutes struct {
	// Table is the fullest route table of the node subnets, and Limit its quota
	// of routes.
	Table string `json:"table"`
	Limit int32  `json:"limit"`
	// Others is the number of its routes outside the request's ranges.
	Others int32 `json:"others"`
}
