package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Purpose is what a range is for.
//
// +kubebuilder:validation:Enum=Pods;Services;Proxy;Custom
type Purpose string

const (
	// Pods ranges provide the nodes' podCIDRs.
	Pods Purpose = "Pods"
	// Services ranges provide ClusterIPs.
	Services Purpose = "Services"
	// Proxy ranges are proxy-only subnets for managed load balancers.
	Proxy Purpose = "Proxy"
	// Custom ranges are reserved for any other use.
	Custom Purpose = "Custom"
)

// Family is an address family.
//
// +kubebuilder:validation:Enum=IPv4;IPv6
type Family string

const (
	IPv4 Family = "IPv4"
	IPv6 Family = "IPv6"
)

// DeletionPolicy is what happens to the ranges of a deleted request.
//
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// Delete removes the ranges from the VPC once nothing uses them.
	Delete DeletionPolicy = "Delete"
	// Retain leaves the ranges in the VPC.
	Retain DeletionPolicy = "Retain"
)

// Attachment is how a node CIDR is attached to its machine.
//
// +kubebuilder:validation:Enum=Prefixes;Routes
type Attachment string

const (
	// AttachPrefixes attaches it to the machine's interface.
	AttachPrefixes Attachment = "Prefixes"
	// AttachRoutes creates a route to the machine's interface.
	AttachRoutes Attachment = "Routes"
)

// Adoption is what is done with a Node that publishes a podCIDR which vpcnative
// never attached, as Nodes of an overlay network do.
//
// +kubebuilder:validation:Enum=Observe;Attach
type Adoption string

const (
	// AdoptionObserve keeps its podCIDR occupied, and changes nothing.
	AdoptionObserve Adoption = "Observe"
	// AdoptionAttach attaches its podCIDR to its machine, one Node at a time.
	AdoptionAttach Adoption = "Attach"
)

// NodePrefixAuto sizes each node CIDR by its node's max pods.
const NodePrefixAuto = "Auto"

// SubnetSize is the size of the range in one subnet.
type SubnetSize struct {
	// Name is the subnet's name or ID, as in subnets.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// PrefixLength is the size of the range there, such as 22.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	PrefixLength int32 `json:"prefixLength"`
}

// RangeRequestSpec describes the requested range.
//
// +kubebuilder:validation:XValidation:rule="!has(self.subnetSizes) || (self.purpose in ['Pods', 'Custom'] && !has(self.cidrs) && !(has(self.attachment) && self.attachment == 'Routes'))",message="subnetSizes is for purposes Pods and Custom, and not supported with cidrs or with attachment Routes"
// +kubebuilder:validation:XValidation:rule="!has(self.newSubnets) || (self.purpose == 'Pods' && has(self.growth) && !(has(self.attachment) && self.attachment == 'Routes'))",message="newSubnets is for purpose Pods and requires growth; it is not supported with attachment Routes, whose ranges lie in no subnet"
// +kubebuilder:validation:XValidation:rule="[has(self.cidrs), has(self.prefixLength), has(self.capacity)].filter(x, x).size() <= 1",message="at most one of cidrs, prefixLength and capacity can be set"
// +kubebuilder:validation:XValidation:rule="self.purpose in ['Services', 'Proxy'] || has(self.cidrs) || has(self.prefixLength) || has(self.capacity)",message="one of cidrs, prefixLength and capacity must be set; only purposes Services and Proxy have a default size"
// +kubebuilder:validation:XValidation:rule="self.purpose == 'Pods' || !has(self.capacity)",message="capacity is for purpose Pods; use prefixLength"
// +kubebuilder:validation:XValidation:rule="self.purpose in ['Pods', 'Services'] || !has(self.growth)",message="growth is for purposes Pods and Services"
// +kubebuilder:validation:XValidation:rule="!has(self.growth) || has(self.growth.prefixLength) || !has(self.cidrs)",message="growth with cidrs requires growth.prefixLength, the size of additional ranges"
// +kubebuilder:validation:XValidation:rule="!(has(self.growth) && has(self.growth.prefixLength) && has(self.nodePrefixLength) && type(self.nodePrefixLength) == int) || self.nodePrefixLength >= self.growth.prefixLength",message="nodePrefixLength must not be shorter than growth.prefixLength: a node CIDR must fit in every range"
// +kubebuilder:validation:XValidation:rule="self.purpose == 'Pods' || self.ipFamilies.size() == 1",message="two ipFamilies are supported for purpose Pods only"
// +kubebuilder:validation:XValidation:rule="!(has(self.attachment) && self.attachment == 'Routes') || (has(self.nodePrefixLength) && type(self.nodePrefixLength) == int)",message="attachment Routes requires nodePrefixLength as a number: node CIDRs of one size cannot overlap in a route table"
// +kubebuilder:validation:XValidation:rule="!(has(self.attachment) && self.attachment == 'Routes') || !has(self.subnets) || self.subnets.size() == 0",message="subnets is not supported with attachment Routes, whose ranges lie outside every subnet: select nodes with nodeSelector"
// +kubebuilder:validation:XValidation:rule="self.purpose == 'Pods' || !(has(self.nodeSelector) || has(self.nodePrefixLength) || has(self.minNodePrefixLength) || has(self.attachment) || has(self.adoption) || has(self.allowUndersized))",message="nodeSelector, nodePrefixLength, minNodePrefixLength, attachment, adoption and allowUndersized are for purpose Pods"
// +kubebuilder:validation:XValidation:rule="!(has(self.prefixLength) && has(self.nodePrefixLength) && type(self.nodePrefixLength) == int) || self.nodePrefixLength >= self.prefixLength",message="nodePrefixLength must not be shorter than prefixLength: a node CIDR must fit in the range"
// +kubebuilder:validation:XValidation:rule="!(has(self.cidrs) && has(self.nodePrefixLength) && type(self.nodePrefixLength) == int) || self.cidrs.exists(c, isCIDR(c) && cidr(c).prefixLength() <= self.nodePrefixLength)",message="nodePrefixLength is shorter than every entry of cidrs: a node CIDR must fit in the range"
// +kubebuilder:validation:XValidation:rule="!has(self.networkRef)",message="networkRef is now networkName: rename it"
// +kubebuilder:validation:XValidation:rule="!has(self.families)",message="families is now ipFamilies: rename it"
// +kubebuilder:validation:XValidation:rule="!has(self.newSpace)",message="newSpace is now newSubnets: rename it"
// +kubebuilder:validation:XValidation:rule="!has(self.supernets) || !has(self.cidrs) || has(self.growth)",message="supernets has no effect with cidrs and without growth: remove supernets, or add growth"
// +kubebuilder:validation:XValidation:rule="!has(self.supernets) || !has(self.prefixLength) || !self.supernets.all(c, isCIDR(c)) || self.supernets.exists(c, cidr(c).prefixLength() <= self.prefixLength)",message="no range of prefixLength fits in any of supernets: use larger supernets or a smaller range"
type RangeRequestSpec struct {
	// NetworkName names the Network to carve from.
	// +kubebuilder:default=default
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +optional
	NetworkName string `json:"networkName,omitempty"`

	// Purpose is what the range is used for.
	Purpose Purpose `json:"purpose"`

	// IPFamilies are the IP families, in the order of podCIDRs. A node gets all
	// or none. Its IPv6 prefix comes with its instance's interface (on Compute
	// Engine the first /112 of its /96): sizes refer to IPv4. IPv6 alone is not
	// supported.
	// +kubebuilder:default={IPv4}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:XValidation:rule="self.size() < 2 || self[0] != self[1]",message="ipFamilies must be different"
	// +listType=atomic
	// +optional
	IPFamilies []Family `json:"ipFamilies,omitempty"`

	// Subnets are the node subnets of the Network that get a range each, by
	// default all. Sizes are per subnet. A subnet with a granted range cannot be
	// removed.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +listType=set
	// +optional
	Subnets []string `json:"subnets,omitempty"`

	// Supernets are the parts of the Network's supernets in which the request is
	// carved and grows. By default the first range may lie anywhere in the
	// Network's, and additional ones in the same supernet, or in others of the
	// same kind of space (RFC 1918, 100.64.0.0/10, class E, or other). It may
	// be changed; granted ranges stay.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	Supernets []CIDR `json:"supernets,omitempty"`

	// SubnetSizes override prefixLength or capacity for single subnets. The size
	// of a subnet with a granted range is immutable; adding one for such a
	// subnet has no effect.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	SubnetSizes []SubnetSize `json:"subnetSizes,omitempty"`

	// CIDRs are the exact blocks to use. Blocks can be added later, but not
	// removed. They are for one subnet: if the Network has several, name it in
	// subnets.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	CIDRs []CIDR `json:"cidrs,omitempty"`

	// PrefixLength is the size of the range, such as 16.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	// +optional
	PrefixLength *int32 `json:"prefixLength,omitempty"`

	// Capacity sizes the range by the number of nodes and pods.
	// +optional
	Capacity *Capacity `json:"capacity,omitempty"`

	// NodeSelector selects the nodes that get their CIDR from this request, by
	// default all. If several requests select a node, those with the most
	// selector terms come first, and among equals the oldest with room.
	// +optional
	NodeSelector *LabelSelector `json:"nodeSelector,omitempty"`

	// NodePrefixLength is the prefix length of each node CIDR: a number such as
	// 24, or Auto for twice the node's max pods (on EC2 once), rounded up to
	// a power of two.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? (self >= 8 && self <= 128) : self == 'Auto'",message="nodePrefixLength must be a number from 8 to 128 or Auto"
	// +optional
	NodePrefixLength *intstr.IntOrString `json:"nodePrefixLength,omitempty"`

	// MinNodePrefixLength limits Auto: no node CIDR is larger than this prefix
	// length. A node that would get fewer addresses than its max pods waits,
	// unless allowUndersized is set.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	// +optional
	MinNodePrefixLength *int32 `json:"minNodePrefixLength,omitempty"`

	// Attachment is how a node CIDR is attached to its machine, by default on its
	// interface (alias ranges on Compute Engine, Prefixes on EC2). With Routes
	// (EC2 only) the range lies outside every block of the VPC, and every route
	// table of the node subnets has a route for each node CIDR to the node's
	// interface.
	// +optional
	Attachment Attachment `json:"attachment,omitempty"`

	// Adoption is what is done with Nodes whose podCIDR lies in the ranges and
	// was never attached by vpcnative: Observe, the default, counts them and
	// keeps their podCIDRs occupied; Attach attaches them, one Node at a time,
	// and stops at a failure.
	// +optional
	Adoption Adoption `json:"adoption,omitempty"`

	// AllowUndersized allows node CIDRs with fewer addresses than the node's max
	// pods.
	// +optional
	AllowUndersized bool `json:"allowUndersized,omitempty"`

	// Growth carves additional ranges when the request is nearly full. Without
	// it a full range stays full.
	// +optional
	Growth *Growth `json:"growth,omitempty"`

	// NewSubnets creates subnets for new nodes if growth finds no room in the
	// existing ones (EC2 only). Without it a full subnet stays full.
	// +optional
	NewSubnets *NewSubnets `json:"newSubnets,omitempty"`

	// DeletionPolicy is what happens to the ranges when the request is deleted.
	// +kubebuilder:default=Delete
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// RenamedSpec has the fields that earlier versions stored.
	RenamedSpec `json:",inline"`

	// Unreadable names the fields that could not be decoded, and are left out.
	Unreadable []string `json:"-"`
}

// The rules below validate changes of the spec against the status, and never
// changes of the status itself: grants must be recorded whatever the spec says
// by then. A request without grants and claims can be corrected freely.

// RangeRequest requests a range of the VPC.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || ((has(self.spec.networkRef) ? self.spec.networkRef : has(self.spec.networkName) ? self.spec.networkName : 'default') == (has(oldSelf.spec.networkRef) ? oldSelf.spec.networkRef : has(oldSelf.spec.networkName) ? oldSelf.spec.networkName : 'default'))",message="networkName is immutable once a range is granted; create a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (self.spec.purpose == oldSelf.spec.purpose)",message="purpose is immutable once a range is granted; create a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || ((has(self.spec.families) ? self.spec.families : has(self.spec.ipFamilies) ? self.spec.ipFamilies : ['IPv4']) == (has(oldSelf.spec.families) ? oldSelf.spec.families : has(oldSelf.spec.ipFamilies) ? oldSelf.spec.ipFamilies : ['IPv4']))",message="ipFamilies is immutable once a range is granted; create a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (has(self.spec.cidrs) == has(oldSelf.spec.cidrs) && has(self.spec.prefixLength) == has(oldSelf.spec.prefixLength) && has(self.spec.capacity) == has(oldSelf.spec.capacity))",message="the sizing field is immutable once a range is granted; create a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(oldSelf.spec.cidrs) || !has(self.spec.cidrs) || oldSelf.spec.cidrs.all(c, c in self.spec.cidrs))",message="a granted range cannot move or shrink; add a block, or create a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(oldSelf.spec.prefixLength) || !has(self.spec.prefixLength) || self.spec.prefixLength == oldSelf.spec.prefixLength)",message="a granted range cannot be resized; create another RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(oldSelf.spec.capacity) || !has(self.spec.capacity) || self.spec.capacity == oldSelf.spec.capacity)",message="a granted range cannot be resized; create another RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || ((has(self.spec.attachment) == has(oldSelf.spec.attachment) && (!has(self.spec.attachment) || self.spec.attachment == oldSelf.spec.attachment)))",message="attachment is immutable once a range is granted; create a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(self.spec.attachment) || self.spec.attachment != 'Routes' || (has(self.spec.nodePrefixLength) == has(oldSelf.spec.nodePrefixLength) && (!has(self.spec.nodePrefixLength) || self.spec.nodePrefixLength == oldSelf.spec.nodePrefixLength)))",message="nodePrefixLength is immutable with attachment Routes once a range is granted: node CIDRs of one size cannot overlap in a route table"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.spec.subnetSizes) || !has(self.status) || !has(self.status.ranges) || self.status.ranges.size() == 0 || oldSelf.spec.subnetSizes.all(o, (has(self.spec.subnetSizes) && self.spec.subnetSizes.exists(x, x == o)) || (has(self.status.subnets) && self.status.subnets.exists(s, s.name == o.name)))",message="a granted range cannot be resized; subnetSizes can change only for subnets in status.subnets, which have no range"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.subnets) || self.spec.subnets.size() == 0 || (has(oldSelf.spec.subnets) && self.spec.subnets == oldSelf.spec.subnets) || !has(self.status) || !has(self.status.ranges) || self.status.ranges.all(g, g.subnet in self.spec.subnets || (has(g.madeSubnet) && g.madeSubnet))",message="a granted range cannot move; subnets must include every subnet with a granted range"
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=rr,categories=vpcnative
// +kubebuilder:printcolumn:name="Purpose",type=string,JSONPath=`.spec.purpose`
// +kubebuilder:printcolumn:name="Range",type=string,JSONPath=`.status.ranges[*].cidr`
// +kubebuilder:printcolumn:name="Nodes",type=integer,JSONPath=`.status.nodes`
// +kubebuilder:printcolumn:name="Used %",type=integer,JSONPath=`.status.utilization`
// +kubebuilder:printcolumn:name="Waiting",type=integer,JSONPath=`.status.waitingNodes`
// +kubebuilder:printcolumn:name="Fits",type=integer,JSONPath=`.status.room[0].nodes`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Network",type=string,priority=1,JSONPath=`.spec.networkName`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type RangeRequest struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   RangeRequestSpec   `json:"spec"`
	Status RangeRequestStatus `json:"status,omitempty"`
}

// NetworkName returns the name of the Network to carve from.
func (r *RangeRequest) NetworkName() string {
	if r.Spec.NetworkName == "" {
		return DefaultNetwork
	}
	return r.Spec.NetworkName
}

// RangeRequestList is a list of RangeRequests.
//
// +kubebuilder:object:root=true
type RangeRequestList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []RangeRequest `json:"items"`
}
