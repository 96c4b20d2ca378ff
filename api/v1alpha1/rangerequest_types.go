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
	// Pods ranges feed the nodes' podCIDRs.
	Pods Purpose = "Pods"
	// Services ranges hold ClusterIPs.
	Services Purpose = "Services"
	// Proxy ranges hold the proxies of managed load balancers.
	Proxy Purpose = "Proxy"
	// Custom ranges are for people's own use.
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

// DeletionPolicy says what becomes of the ranges when their request goes.
//
// +kubebuilder:validation:Enum=Delete;Retain
type DeletionPolicy string

const (
	// Delete removes the ranges from the VPC once nothing uses them.
	Delete DeletionPolicy = "Delete"
	// Retain leaves the ranges in the VPC.
	Retain DeletionPolicy = "Retain"
)

// Attachment is how a node's range comes to its machine.
//
// +kubebuilder:validation:Enum=Prefixes;Routes
type Attachment string

const (
	// AttachPrefixes puts it on the machine's interface.
	AttachPrefixes Attachment = "Prefixes"
	// AttachRoutes makes a route to the machine's interface.
	AttachRoutes Attachment = "Routes"
)

// Adoption is what is done with a Node that published its podCIDR before
// vpcnative put it on a machine, as one of an overlay network.
//
// +kubebuilder:validation:Enum=Observe;Attach
type Adoption string

const (
	// AdoptionObserve keeps its podCIDR from others and leaves it as it is.
	AdoptionObserve Adoption = "Observe"
	// AdoptionAttach attaches its podCIDR to its machine, one Node after the
	// other.
	AdoptionAttach Adoption = "Attach"
)

// NodePrefixAuto sizes each node's range by its own max pods.
const NodePrefixAuto = "Auto"

// SubnetSize is the size of the range in one subnet.
type SubnetSize struct {
	// Name is the subnet's, as in subnets.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// PrefixLength is the size of the block to find there, such as 22.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	PrefixLength int32 `json:"prefixLength"`
}

// RangeRequestSpec asks for a range.
//
// +kubebuilder:validation:XValidation:rule="!has(self.subnetSizes) || (self.purpose in ['Pods', 'Custom'] && !has(self.cidrs) && !(has(self.attachment) && self.attachment == 'Routes'))",message="subnetSizes is for purposes Pods and Custom whose ranges are found by size in several subnets: not with cidrs, nor with attachment Routes"
// +kubebuilder:validation:XValidation:rule="!has(self.newSubnets) || (self.purpose == 'Pods' && has(self.growth) && !(has(self.attachment) && self.attachment == 'Routes'))",message="newSubnets is for purpose Pods with growth, which it goes on with where the subnets are full; with attachment Routes no range lies in a subnet"
// +kubebuilder:validation:XValidation:rule="[has(self.cidrs), has(self.prefixLength), has(self.capacity)].filter(x, x).size() <= 1",message="at most one of cidrs, prefixLength and capacity says how big the range is"
// +kubebuilder:validation:XValidation:rule="self.purpose in ['Services', 'Proxy'] || has(self.cidrs) || has(self.prefixLength) || has(self.capacity)",message="one of cidrs, prefixLength and capacity must say how big the range is; only Services and Proxy have a size by default"
// +kubebuilder:validation:XValidation:rule="self.purpose == 'Pods' || !has(self.capacity)",message="capacity counts nodes and pods, so it is for purpose Pods; say prefixLength"
// +kubebuilder:validation:XValidation:rule="self.purpose in ['Pods', 'Services'] || !has(self.growth)",message="growth is for purposes Pods and Services"
// +kubebuilder:validation:XValidation:rule="!has(self.growth) || has(self.growth.prefixLength) || !has(self.cidrs)",message="growth of a request that names its cidrs needs growth.prefixLength: how large is a further range?"
// +kubebuilder:validation:XValidation:rule="!(has(self.growth) && has(self.growth.prefixLength) && has(self.nodePrefixLength) && type(self.nodePrefixLength) == int) || self.nodePrefixLength >= self.growth.prefixLength",message="nodePrefixLength must not be shorter than growth.prefixLength: a node's range has to fit in every range"
// +kubebuilder:validation:XValidation:rule="self.purpose == 'Pods' || self.ipFamilies.size() == 1",message="two families in one request are for purpose Pods"
// +kubebuilder:validation:XValidation:rule="!(has(self.attachment) && self.attachment == 'Routes') || (has(self.nodePrefixLength) && type(self.nodePrefixLength) == int)",message="attachment Routes needs nodePrefixLength as a number: only ranges of one size keep out of each other's way in a route table"
// +kubebuilder:validation:XValidation:rule="!(has(self.attachment) && self.attachment == 'Routes') || !has(self.subnets) || self.subnets.size() == 0",message="subnets is not for attachment Routes, whose ranges lie outside every subnet: pick nodes by nodeSelector"
// +kubebuilder:validation:XValidation:rule="self.purpose == 'Pods' || !(has(self.nodeSelector) || has(self.nodePrefixLength) || has(self.minNodePrefixLength) || has(self.attachment) || has(self.adoption) || has(self.allowUndersized))",message="nodeSelector, nodePrefixLength, minNodePrefixLength, attachment, adoption and allowUndersized are for purpose Pods"
// +kubebuilder:validation:XValidation:rule="!(has(self.prefixLength) && has(self.nodePrefixLength) && type(self.nodePrefixLength) == int) || self.nodePrefixLength >= self.prefixLength",message="nodePrefixLength must not be shorter than prefixLength: a node's range has to fit in the range"
// +kubebuilder:validation:XValidation:rule="!(has(self.cidrs) && has(self.nodePrefixLength) && type(self.nodePrefixLength) == int) || self.cidrs.exists(c, isCIDR(c) && cidr(c).prefixLength() <= self.nodePrefixLength)",message="nodePrefixLength is shorter than every one of cidrs: a node's range has to fit in the range"
// +kubebuilder:validation:XValidation:rule="!has(self.networkRef)",message="networkRef is now networkName: rename it"
// +kubebuilder:validation:XValidation:rule="!has(self.families)",message="families is now ipFamilies: rename it"
// +kubebuilder:validation:XValidation:rule="!has(self.newSpace)",message="newSpace is now newSubnets: rename it"
// +kubebuilder:validation:XValidation:rule="!has(self.supernets) || !has(self.cidrs) || has(self.growth)",message="supernets says where blocks are chosen, and cidrs names them: leave supernets out, or add growth"
// +kubebuilder:validation:XValidation:rule="!has(self.supernets) || !has(self.prefixLength) || !self.supernets.all(c, isCIDR(c)) || self.supernets.exists(c, cidr(c).prefixLength() <= self.prefixLength)",message="no range of prefixLength fits in any of supernets: name larger ones, or a smaller range"
type RangeRequestSpec struct {
	// NetworkName names the Network to carve from.
	// +kubebuilder:default=default
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +optional
	NetworkName string `json:"networkName,omitempty"`

	// Purpose is what the range is for.
	Purpose Purpose `json:"purpose"`

	// IPFamilies are the address families, in the order of podCIDRs. A node
	// gets all or none. Its IPv6 prefix comes with its instance's interface
	// (on Compute Engine the first /112 of its /96): the sizes here are about
	// IPv4, and IPv6 alone is not provided.
	// +kubebuilder:default={IPv4}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:XValidation:rule="self.size() < 2 || self[0] != self[1]",message="ipFamilies must differ"
	// +listType=atomic
	// +optional
	IPFamilies []Family `json:"ipFamilies,omitempty"`

	// Subnets are the node subnets of the Network that get a range each;
	// all of them where it is empty. Sizes count per subnet. A subnet in which
	// a range is granted cannot be taken out.
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +listType=set
	// +optional
	Subnets []string `json:"subnets,omitempty"`

	// Supernets are those parts of the Network's supernets from which the
	// request is carved, and in which it grows. Without it the first range may lie
	// anywhere in the Network's, and further ones go where the first ones are: in
	// the same supernet while there is room, then in others of the same kind of
	// space (private addresses of RFC 1918, the shared ones of 100.64.0.0/10, or
	// any other). It may be changed; what was granted stays.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	Supernets []CIDR `json:"supernets,omitempty"`

	// SubnetSizes say the size of the range in subnets that are smaller or
	// larger than the others, in place of prefixLength or capacity. A size
	// cannot change where a range is granted, and one that is added for such
	// a subnet changes nothing there.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	SubnetSizes []SubnetSize `json:"subnetSizes,omitempty"`

	// CIDRs are the very blocks to use. More may be added later, none taken
	// away. They go to one subnet: with several, name it in subnets.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	CIDRs []CIDR `json:"cidrs,omitempty"`

	// PrefixLength is the size of the block to find, such as 16.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	// +optional
	PrefixLength *int32 `json:"prefixLength,omitempty"`

	// Capacity is the number of nodes and pods to make room for.
	// +optional
	Capacity *Capacity `json:"capacity,omitempty"`

	// NodeSelector picks the nodes that draw from this range; all nodes
	// where it is not set. Where several requests pick a node, those with
	// the most selector terms come first, and among equals the oldest with
	// room.
	// +optional
	NodeSelector *LabelSelector `json:"nodeSelector,omitempty"`

	// NodePrefixLength is the size of each node's range: a number such as
	// 24, or Auto for twice the node's max pods (on EC2 once), rounded up to
	// a power of two.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? (self >= 8 && self <= 128) : self == 'Auto'",message="nodePrefixLength must be a number from 8 to 128 or Auto"
	// +optional
	NodePrefixLength *intstr.IntOrString `json:"nodePrefixLength,omitempty"`

	// MinNodePrefixLength bounds what Auto gives a node: no range is larger
	// than this prefix length. A node that would get fewer addresses than
	// its max pods waits, unless allowUndersized.
	// +kubebuilder:validation:Minimum=8
	// +kubebuilder:validation:Maximum=128
	// +optional
	MinNodePrefixLength *int32 `json:"minNodePrefixLength,omitempty"`

	// Attachment is how a node's range comes to its machine: by what the
	// cloud has for that on its interface (alias ranges on Compute Engine,
	// Prefixes on EC2) where it is not set. With Routes (EC2) the range lies
	// outside every block of the VPC, and every route table of the node
	// subnets leads each node CIDR to the node's interface.
	// +optional
	Attachment Attachment `json:"attachment,omitempty"`

	// Adoption is what is done with Nodes whose podCIDR lies in the ranges and
	// that vpcnative never attached: Observe, the default, counts them and
	// gives what they publish to nobody else; Attach attaches them, Node by
	// Node, and stops at a failure.
	// +optional
	Adoption Adoption `json:"adoption,omitempty"`

	// AllowUndersized gives a node a range also where it holds fewer
	// addresses than the node's max pods.
	// +optional
	AllowUndersized bool `json:"allowUndersized,omitempty"`

	// Growth carves further ranges when the request runs full. Without it a
	// full range stays full.
	// +optional
	Growth *Growth `json:"growth,omitempty"`

	// NewSubnets has subnets made for new nodes where growth finds no room in
	// those there are, on EC2. Without it a full subnet stays full.
	// +optional
	NewSubnets *NewSubnets `json:"newSubnets,omitempty"`

	// DeletionPolicy says what becomes of the ranges when the request goes.
	// +kubebuilder:default=Delete
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// RenamedSpec holds what earlier versions stored.
	RenamedSpec `json:",inline"`

	// Unreadable names the fields that could not be decoded, and are left out.
	Unreadable []string `json:"-"`
}

// The rules below judge a change of the spec by the status, and never a change
// of the status itself: what was granted must come into it whatever the spec
// says by then. A request that was never granted anything, nor is about to be,
// can be corrected freely.

// RangeRequest asks for a range of the VPC.
//
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || ((has(self.spec.networkRef) ? self.spec.networkRef : has(self.spec.networkName) ? self.spec.networkName : 'default') == (has(oldSelf.spec.networkRef) ? oldSelf.spec.networkRef : has(oldSelf.spec.networkName) ? oldSelf.spec.networkName : 'default'))",message="networkName cannot change once something is granted: make a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (self.spec.purpose == oldSelf.spec.purpose)",message="purpose cannot change once something is granted: make a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || ((has(self.spec.families) ? self.spec.families : has(self.spec.ipFamilies) ? self.spec.ipFamilies : ['IPv4']) == (has(oldSelf.spec.families) ? oldSelf.spec.families : has(oldSelf.spec.ipFamilies) ? oldSelf.spec.ipFamilies : ['IPv4']))",message="ipFamilies cannot change once something is granted: make a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (has(self.spec.cidrs) == has(oldSelf.spec.cidrs) && has(self.spec.prefixLength) == has(oldSelf.spec.prefixLength) && has(self.spec.capacity) == has(oldSelf.spec.capacity))",message="how the size is said cannot change once something is granted: make a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(oldSelf.spec.cidrs) || !has(self.spec.cidrs) || oldSelf.spec.cidrs.all(c, c in self.spec.cidrs))",message="a granted range can neither move nor shrink: add a block, or make a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(oldSelf.spec.prefixLength) || !has(self.spec.prefixLength) || self.spec.prefixLength == oldSelf.spec.prefixLength)",message="a granted range can neither grow nor shrink in place: make a further RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(oldSelf.spec.capacity) || !has(self.spec.capacity) || self.spec.capacity == oldSelf.spec.capacity)",message="a granted range can neither grow nor shrink in place: make a further RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || ((has(self.spec.attachment) == has(oldSelf.spec.attachment) && (!has(self.spec.attachment) || self.spec.attachment == oldSelf.spec.attachment)))",message="attachment cannot change once something is granted: make a new RangeRequest"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.status) || ((!has(oldSelf.status.ranges) || oldSelf.status.ranges.size() == 0) && !has(oldSelf.status.newSubnets)) || (!has(self.spec.attachment) || self.spec.attachment != 'Routes' || (has(self.spec.nodePrefixLength) == has(oldSelf.spec.nodePrefixLength) && (!has(self.spec.nodePrefixLength) || self.spec.nodePrefixLength == oldSelf.spec.nodePrefixLength)))",message="nodePrefixLength cannot change with attachment Routes once something is granted: only ranges of one size keep out of each other's way in a route table"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.spec.subnetSizes) || !has(self.status) || !has(self.status.ranges) || self.status.ranges.size() == 0 || oldSelf.spec.subnetSizes.all(o, (has(self.spec.subnetSizes) && self.spec.subnetSizes.exists(x, x == o)) || (has(self.status.subnets) && self.status.subnets.exists(s, s.name == o.name)))",message="a granted range can neither grow nor shrink in place: subnetSizes may change for the subnets of status.subnets only, which have no range"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.subnets) || self.spec.subnets.size() == 0 || (has(oldSelf.spec.subnets) && self.spec.subnets == oldSelf.spec.subnets) || !has(self.status) || !has(self.status.ranges) || self.status.ranges.all(g, g.subnet in self.spec.subnets || (has(g.madeSubnet) && g.madeSubnet))",message="a granted range can neither move nor shrink: subnets must name every subnet in which a range is granted"
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

// NetworkName is the name of the Network to carve from.
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
