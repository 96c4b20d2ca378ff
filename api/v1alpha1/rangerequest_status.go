package v1alpha1

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RangeState tells how far something that the request gets in the cloud has come.
//
// +kubebuilder:validation:Enum=Claimed;Granted
type RangeState string

const (
	// RangeClaimed is what the cloud is about to be asked for, or was asked for
	// with an unknown outcome. It is occupied, and nothing is given out of it.
	RangeClaimed RangeState = "Claimed"
	// RangeGranted is what the cloud has made.
	RangeGranted RangeState = "Granted"
)

// GrantedRange is one block of the VPC that the request got, or is about to.
type GrantedRange struct {
	CIDR string `json:"cidr"`
	// State is Claimed before the cloud is asked for the range, so that nothing
	// comes to be there that no object names, and Granted once it is there.
	// Versions before v0.2 did not say it: then the range is granted.
	// +optional
	State RangeState `json:"state,omitempty"`
	// Subnet is where it is; it is empty for a range that no subnet has, such
	// as one for Services on EC2, or one that is attached by routes.
	// +kubebuilder:validation:MaxLength=63
	Subnet string `json:"subnet"`
	// Name is its name in the cloud.
	Name string `json:"name"`
	// Reason says why this block was taken.
	// +optional
	Reason string `json:"reason,omitempty"`
	// Adopted means that it was in the VPC before the request named it: it is
	// used, and never removed.
	// +optional
	Adopted bool `json:"adopted,omitempty"`
	// MadeSubnet means that its subnet was made for the request.
	// +optional
	MadeSubnet bool `json:"madeSubnet,omitempty"`
	// Grown means that growth carved it.
	// +optional
	Grown bool `json:"grown,omitempty"`
	// EmptySince is since when nothing uses a range that growth carved.
	// +optional
	EmptySince *metav1.Time `json:"emptySince,omitempty"`
	// Leaving means that the range is being given back: no node gets a CIDR
	// of it any more.
	// +optional
	Leaving bool `json:"leaving,omitempty"`
	// ServiceCIDR names the object that has the API server allocate ClusterIPs
	// from it.
	// +optional
	ServiceCIDR string `json:"serviceCIDR,omitempty"`
}

// RefusedBlock is a block that the cloud refused, though no reading shows what
// has it.
type RefusedBlock struct {
	CIDR string `json:"cidr"`
	// Time is when it was refused last, and Count how often.
	Time  metav1.Time `json:"time"`
	Count int32       `json:"count"`
	// Message is what the cloud said.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message,omitempty"`
}

// Prefix parses the range's CIDR; ok is false where a person broke it.
func (g GrantedRange) Prefix() (p netip.Prefix, ok bool) {
	p, err := netip.ParsePrefix(g.CIDR)
	return p, err == nil
}

// Prefixes are those of the ranges.
func Prefixes(ranges []GrantedRange) (out []netip.Prefix) {
	for _, g := range ranges {
		if p, ok := g.Prefix(); ok {
			out = append(out, p)
		}
	}
	return out
}

// Range returns the entry of exactly that prefix, or nil.
func (s *RangeRequestStatus) Range(p netip.Prefix) *GrantedRange {
	for i := range s.Ranges {
		if q, ok := s.Ranges[i].Prefix(); ok && q == p {
			return &s.Ranges[i]
		}
	}
	return nil
}

// Claimed reports whether the range may not be in the cloud.
func (g GrantedRange) Claimed() bool { return g.State == RangeClaimed }

// Granted returns the ranges that are in the cloud: what is given out, counted
// and let through comes out of these. Occupied are all of Ranges.
func (s *RangeRequestStatus) Granted() (out []GrantedRange) {
	for _, g := range s.Ranges {
		if !g.Claimed() {
			out = append(out, g)
		}
	}
	return out
}

// UnservedSubnet is a subnet in which the request does not have what it asks for.
type UnservedSubnet struct {
	Name string `json:"name"`
	// Reason is one of those of condition Ready, and Message says what to do.
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// Room is what still fits in the granted ranges.
type Room struct {
	// PrefixLength is the size of a node's range, among the sizes seen lately.
	PrefixLength int32 `json:"prefixLength"`
	// Nodes is how many nodes of that size still fit, if all were of it.
	Nodes int64 `json:"nodes"`
	// LargestBlock is how many of them fit in the largest free block.
	LargestBlock int64 `json:"largestBlock"`
}

// RangeRequestStatus is what was granted and how full it is.
type RangeRequestStatus struct {
	// ObservedGeneration is the generation of the spec this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Ranges are the granted and the claimed blocks: at most 170 in each of 32
	// subnets.
	// +kubebuilder:validation:MaxItems=5440
	// +optional
	// +listType=map
	// +listMapKey=cidr
	Ranges []GrantedRange `json:"ranges,omitempty"`
	// Refused are blocks that the cloud refused although they read as free, the
	// last 64. Others are taken while there are any.
	// +kubebuilder:validation:MaxItems=64
	// +optional
	// +listType=map
	// +listMapKey=cidr
	Refused []RefusedBlock `json:"refused,omitempty"`
	// Subnets are those in which the request does not have what it asks for.
	// The others serve their nodes meanwhile.
	// +kubebuilder:validation:MaxItems=64
	// +optional
	// +listType=map
	// +listMapKey=name
	Subnets []UnservedSubnet `json:"subnets,omitempty"`
	// Capacity is how many addresses the ranges hold, in decimal.
	// +optional
	Capacity string `json:"capacity,omitempty"`
	// Allocated is how many of them nodes hold, in decimal.
	// +optional
	Allocated string `json:"allocated,omitempty"`
	// Utilization is the allocated part of the capacity, in percent, rounded
	// up, so that it is 0 only when nothing is allocated.
	// +optional
	Utilization int32 `json:"utilization"`
	// Nodes is how many nodes hold a CIDR.
	// +optional
	Nodes int32 `json:"nodes"`
	// ObservedNodes is how many of them publish a CIDR that vpcnative never
	// attached to their machines (see adoption).
	// +optional
	ObservedNodes int32 `json:"observedNodes,omitempty"`
	// WaitingNodes is how many nodes wait for a CIDR that is not there.
	// +optional
	WaitingNodes int32 `json:"waitingNodes"`
	// Room is how many nodes still fit, for each size seen lately, the most
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
	// OldNewSubnets is NewSubnets as it was stored before v0.2.
	// +optional
	OldNewSubnets *MadeSpace `json:"newSpace,omitempty"`
	// Routes is what the route tables hold besides routes to this request's
	// nodes, with attachment Routes.
	// +optional
	Routes *OtherRoutes `json:"routes,omitempty"`
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MadeSpace is what was added to the VPC for new nodes.
type MadeSpace struct {
	// Blocks are recorded before they are asked for.
	// +optional
	// +listType=map
	// +listMapKey=cidr
	Blocks []MadeBlock `json:"blocks,omitempty"`
	// Subnets are claimed before they are asked for.
	// +optional
	// +listType=map
	// +listMapKey=name
	Subnets []MadeSubnet `json:"subnets,omitempty"`
}

// MadeBlock is a block of the VPC.
type MadeBlock struct {
	CIDR string `json:"cidr"`
	// Adopted means that the VPC had it before: it is never removed.
	// +optional
	Adopted bool `json:"adopted,omitempty"`
}

// MadeSubnet is a subnet for new nodes.
type MadeSubnet struct {
	// Subnet is its ID, which it has once it was made.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Subnet string `json:"subnet,omitempty"`
	// Name is the one it is made under.
	Name string `json:"name"`
	Zone string `json:"zone"`
	CIDR string `json:"cidr"`
	// Reason says why it was made.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// OtherRoutes bounds how many nodes get their range by routes.
type OtherRoutes struct {
	// Table is the fullest route table that the node subnets use, and Limit
	// its quota of routes.
	Table string `json:"table"`
	Limit int32  `json:"limit"`
	// Others is how many routes it has that lie in none of the request's ranges.
	Others int32 `json:"others"`
}
