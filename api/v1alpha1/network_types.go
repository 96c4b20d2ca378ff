package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// DefaultNetwork is the Network that requests use by default.
const DefaultNetwork = "default"

// NetworkSpec names a VPC and the space that ranges may be carved from.
//
// +kubebuilder:validation:XValidation:rule="has(self.gcp) != has(self.aws)",message="exactly one of gcp and aws must be set"
// +kubebuilder:validation:XValidation:rule="has(self.gcp) == has(oldSelf.gcp)",message="a Network cannot move to another cloud; create a new one"
type NetworkSpec struct {
	// GCP names a Compute Engine VPC network.
	// +optional
	GCP *GCPNetwork `json:"gcp,omitempty"`
	// AWS names an EC2 VPC.
	// +optional
	AWS *AWSNetwork `json:"aws,omitempty"`

	// Supernets are the blocks that ranges may be carved from. Space that is
	// already in use inside them is left alone.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	Supernets []CIDR `json:"supernets"`

	// Reserved blocks are never carved.
	// +optional
	// +kubebuilder:validation:MaxItems=256
	// +listType=map
	// +listMapKey=cidr
	Reserved []ReservedBlock `json:"reserved,omitempty"`

	// Firewall is Report to report missing VPC firewall rules for the pod
	// ranges, the default, or Manage to maintain such a rule.
	// +kubebuilder:default=Report
	// +optional
	Firewall FirewallPolicy `json:"firewall,omitempty"`

	// Unreadable names the fields that could not be decoded, and are left out.
	Unreadable []string `json:"-"`
}

// FirewallPolicy selects whether vpcnative manages the firewall.
//
// +kubebuilder:validation:Enum=Manage;Report
type FirewallPolicy string

const (
	// ManageFirewall maintains a rule that allows the pod ranges.
	ManageFirewall FirewallPolicy = "Manage"
	// ReportFirewall changes nothing, and reports the missing rule.
	ReportFirewall FirewallPolicy = "Report"
)

// GCPNetwork names a Compute Engine VPC network and the cluster's subnetworks
// in it.
//
// +kubebuilder:validation:XValidation:rule="self.project == oldSelf.project && self.network == oldSelf.network && self.region == oldSelf.region && has(self.networkProject) == has(oldSelf.networkProject) && (!has(self.networkProject) || self.networkProject == oldSelf.networkProject)",message="project, networkProject, network and region are immutable; create a new Network"
// +kubebuilder:validation:XValidation:rule="!self.project.matches('^[0-9]+$') && (!has(self.networkProject) || !self.networkProject.matches('^[0-9]+$')) && (!has(self.instanceProjects) || self.instanceProjects.all(p, !p.matches('^[0-9]+$')))",message="use project IDs, not numbers: the cloud returns IDs"
// +kubebuilder:validation:XValidation:rule="oldSelf.subnetworks.all(s, s in self.subnetworks)",message="a subnetwork cannot be removed while nodes may use it; create a new Network"
type GCPNetwork struct {
	// Project is the ID, not the number, of the project with the cluster's
	// instances.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]*[a-z0-9])?$`
	Project string `json:"project"`
	// InstanceProjects are additional projects with instances of the cluster,
	// in a Shared VPC.
	// +optional
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +listType=set
	InstanceProjects []string `json:"instanceProjects,omitempty"`
	// NetworkProject is the host project that owns the network, in a Shared
	// VPC. It defaults to project.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9.-]+:)?[a-z]([-a-z0-9]*[a-z0-9])?$`
	NetworkProject string `json:"networkProject,omitempty"`
	// Network is the name of the VPC network.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Network string `json:"network"`
	// Region is the region of the nodes' subnetworks.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	Region string `json:"region"`
	// Subnetworks are the names of the node subnets.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +listType=set
	Subnetworks []string `json:"subnetworks"`
}

// AWSNetwork names an EC2 VPC and the cluster's subnets in it.
//
// +kubebuilder:validation:XValidation:rule="self.vpcID == oldSelf.vpcID && has(self.region) == has(oldSelf.region) && (!has(self.region) || self.region == oldSelf.region)",message="vpcID and region are immutable; create a new Network"
// +kubebuilder:validation:XValidation:rule="oldSelf.subnets.all(s, s in self.subnets)",message="a subnet cannot be removed while nodes may use it; create a new Network"
type AWSNetwork struct {
	// VPCID is the ID of the VPC.
	// +kubebuilder:validation:Pattern=`^vpc-[0-9a-f]{8,17}$`
	VPCID string `json:"vpcID"`
	// Region is the VPC's region. It defaults to --aws-region, to the AWS
	// configuration, or to the region of the manager's machine.
	// +optional
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]+)+-[0-9]+$`
	// +kubebuilder:validation:MaxLength=32
	Region string `json:"region,omitempty"`
	// Subnets are the IDs of the node subnets, usually one per zone.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:Pattern=`^subnet-[0-9a-f]{8,17}$`
	// +listType=set
	Subnets []string `json:"subnets"`
	// RoutesPerTable is the account's quota of routes per route table, which
	// EC2 does not report. It limits the number of nodes with attachment Routes.
	// +kubebuilder:default=500
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	RoutesPerTable int32 `json:"routesPerTable,omitempty"`
}

// ReservedBlock is space that is never carved.
type ReservedBlock struct {
	CIDR CIDR `json:"cidr"`
	// Reason is for people, such as "the office VPN".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason"`
}

// Network is a VPC and the space in it that ranges may be carved from.
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
