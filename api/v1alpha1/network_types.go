package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DefaultNetwork is the name of the Network where there is only one.
const DefaultNetwork = "default"

// NetworkSpec says which VPC it is and what may be carved out of it.
//
// +kubebuilder:validation:XValidation:rule="has(self.gcp) != has(self.aws)",message="exactly one of gcp and aws must be set"
// +kubebuilder:validation:XValidation:rule="has(self.gcp) == has(oldSelf.gcp)",message="a Network cannot move to another cloud: make a new one"
type NetworkSpec struct {
	// GCP names a VPC network of Compute Engine.
	// +optional
	GCP *GCPNetwork `json:"gcp,omitempty"`
	// AWS names a VPC of EC2.
	// +optional
	AWS *AWSNetwork `json:"aws,omitempty"`

	// Supernets is the space that ranges may be carved from. What the VPC
	// already uses inside it is left alone.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	Supernets []CIDR `json:"supernets"`

	// Reserved is never touched, each block for the reason given.
	// +optional
	// +kubebuilder:validation:MaxItems=256
	// +listType=map
	// +listMapKey=cidr
	Reserved []ReservedBlock `json:"reserved,omitempty"`

	// Firewall says who lets traffic between pods through the VPC's
	// firewall.
	// +kubebuilder:default=Report
	// +optional
	Firewall FirewallPolicy `json:"firewall,omitempty"`
}

// FirewallPolicy says who keeps the firewall.
//
// +kubebuilder:validation:Enum=Manage;Report
type FirewallPolicy string

const (
	// ManageFirewall keeps a rule of ours that lets the pod ranges through.
	ManageFirewall FirewallPolicy = "Manage"
	// ReportFirewall changes nothing, and says which rule is missing.
	ReportFirewall FirewallPolicy = "Report"
)

// GCPNetwork names a VPC network of Compute Engine and the cluster's place
// in it.
//
// +kubebuilder:validation:XValidation:rule="self.project == oldSelf.project && self.network == oldSelf.network && self.region == oldSelf.region && has(self.networkProject) == has(oldSelf.networkProject) && (!has(self.networkProject) || self.networkProject == oldSelf.networkProject)",message="project, networkProject, network and region cannot change: make a new Network"
// +kubebuilder:validation:XValidation:rule="oldSelf.subnetworks.all(s, s in self.subnetworks)",message="a subnetwork cannot be taken out while nodes may live in it: make a new Network"
type GCPNetwork struct {
	// Project holds the cluster's instances.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Project string `json:"project"`
	// InstanceProjects are further projects that hold instances of the
	// cluster, in a Shared VPC.
	// +optional
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	InstanceProjects []string `json:"instanceProjects,omitempty"`
	// NetworkProject is the host project that owns the network, in a Shared
	// VPC; it is project where it is not set.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	NetworkProject string `json:"networkProject,omitempty"`
	// Network is the name of the VPC network.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Network string `json:"network"`
	// Region is where the nodes' subnetworks are.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Region string `json:"region"`
	// Subnetworks are the subnets that nodes live in.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +listType=set
	Subnetworks []string `json:"subnetworks"`
}

// AWSNetwork names a VPC of EC2 and the cluster's place in it.
//
// +kubebuilder:validation:XValidation:rule="self.vpcID == oldSelf.vpcID && has(self.region) == has(oldSelf.region) && (!has(self.region) || self.region == oldSelf.region)",message="vpcID and region cannot change: make a new Network"
// +kubebuilder:validation:XValidation:rule="oldSelf.subnets.all(s, s in self.subnets)",message="a subnet cannot be taken out while nodes may live in it: make a new Network"
type AWSNetwork struct {
	// VPCID is the VPC's identifier.
	// +kubebuilder:validation:Pattern=`^vpc-[0-9a-f]{8,17}$`
	VPCID string `json:"vpcID"`
	// Region is where the VPC is; where it is not set, --aws-region, the AWS
	// configuration, or the machine that the manager runs on say it.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]+$`
	// +kubebuilder:validation:MaxLength=32
	Region string `json:"region,omitempty"`
	// Subnets are the IDs of the subnets that nodes live in, as a rule one in
	// each zone.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:Pattern=`^subnet-[0-9a-f]{8,17}$`
	// +listType=set
	Subnets []string `json:"subnets"`
	// RoutesPerTable is the account's quota of routes in a route table, which
	// EC2 does not tell: it bounds how many nodes get their range by routes.
	// +kubebuilder:default=500
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	RoutesPerTable int32 `json:"routesPerTable,omitempty"`
}

// ReservedBlock is space that is never carved.
type ReservedBlock struct {
	CIDR CIDR `json:"cidr"`
	// Reason says to people why: "the office VPN".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason"`
}

// OccupiedBlock is space that was found in use.
type OccupiedBlock struct {
	CIDR string `json:"cidr"`
	// Kind is what it is: SubnetPrimary, SecondaryRange, SubnetReservation,
	// StaticRoute, PeeringRoute, Reservation, ProxyOnly, Prohibited, ServiceCIDR for one of
	// the cluster's that the VPC knows nothing of, RouteRange for a range of which
	// routes lead to nodes (they are not listed one by one), or Reserved for a
	// block of spec.reserved.
	Kind string `json:"kind"`
	// Name is the cloud's name of it, or the reason of the reserved block.
	// +optional
	Name string `json:"name,omitempty"`
	// Owner is who it belongs to, where that is known: "RangeRequest pods"
	// of this cluster, or what its mark says of another vpcnative cluster's.
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

// Network is one VPC and the space in it that vpcnative may carve.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=vpcnet,categories=vpcnative
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Supernets",type=string,JSONPath=`.spec.supernets`
// +kubebuilder:printcolumn:name="Free %",type=integer,JSONPath=`.status.free[0].share`
// +kubebuilder:printcolumn:name="Largest free",type=string,JSONPath=`.status.free[0].largestBlocks[0]`
// +kubebuilder:printcolumn:name="Occupied",type=integer,JSONPath=`.status.occupiedCount`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Network struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   NetworkSpec   `json:"spec"`
	Status NetworkStatus `json:"status,omitempty"`
}

// NetworkList is a list of Networks.
//
// +kubebuilder:object:root=true
type NetworkList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Network `json:"items"`
}
