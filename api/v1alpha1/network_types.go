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

	// Unreadable names the fields that could not be decoded, and are left out.
	Unreadable []string `json:"-"`
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
// +kubebuilder:validation:XValidation:rule="!self.project.matches('^[0-9]+$') && (!has(self.networkProject) || !self.networkProject.matches('^[0-9]+$')) && (!has(self.instanceProjects) || self.instanceProjects.all(p, !p.matches('^[0-9]+$')))",message="name projects by ID, not by number: the cloud answers with IDs"
// +kubebuilder:validation:XValidation:rule="oldSelf.subnetworks.all(s, s in self.subnetworks)",message="a subnetwork cannot be taken out while nodes may live in it: make a new Network"
type GCPNetwork struct {
	// Project is the ID, not the number, of the one that holds the cluster's
	// instances.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]*[a-z0-9])?$`
	Project string `json:"project"`
	// InstanceProjects are further projects that hold instances of the
	// cluster, in a Shared VPC.
	// +optional
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +listType=set
	InstanceProjects []string `json:"instanceProjects,omitempty"`
	// NetworkProject is the host project that owns the network, in a Shared
	// VPC; it is project where it is not set.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]*[a-z0-9])?$`
	NetworkProject string `json:"networkProject,omitempty"`
	// Network is the name of the VPC network.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Network string `json:"network"`
	// Region is where the nodes' subnetworks are.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Region string `json:"region"`
	// Subnetworks are the subnets that nodes live in.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
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
