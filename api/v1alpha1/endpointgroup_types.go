package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Protocol is the protocol of a port.
//
// +kubebuilder:validation:Enum=TCP;UDP
type Protocol string

const (
	ProtocolTCP Protocol = "TCP"
	ProtocolUDP Protocol = "UDP"
)

// EndpointGroupSpec selects the endpoints that the cloud's groups hold.
//
// +kubebuilder:validation:XValidation:rule="has(self.networkName) == has(oldSelf.networkName) && (!has(self.networkName) || self.networkName == oldSelf.networkName)",message="networkName is immutable; create a new EndpointGroup"
// +kubebuilder:validation:XValidation:rule="self.serviceName == oldSelf.serviceName && self.port == oldSelf.port && self.protocol == oldSelf.protocol && self.ipFamily == oldSelf.ipFamily",message="serviceName, port, protocol and ipFamily are immutable; create a new EndpointGroup"
type EndpointGroupSpec struct {
	// NetworkName names the Network of the pods' machines; by default the only
	// one, or the one named default.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +optional
	NetworkName string `json:"networkName,omitempty"`

	// ServiceName names the Service, in the same namespace, whose endpoints the
	// group holds. It can be of any type, also headless or without a selector.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	ServiceName string `json:"serviceName"`

	// Port is the name or the number of the Service's port. Each endpoint is
	// registered with the port that it has for it (targetPort).
	Port intstr.IntOrString `json:"port"`

	// Protocol is the protocol of the port. On Compute Engine endpoints are
	// registered alike for both.
	// +kubebuilder:default=TCP
	// +optional
	Protocol Protocol `json:"protocol,omitempty"`

	// IPFamily is the family of the endpoints' addresses.
	// +kubebuilder:default=IPv4
	// +optional
	IPFamily Family `json:"ipFamily,omitempty"`

	// HealthCheck is how a target group on EC2 checks its targets; by default it
	// connects to the endpoint's port. On Compute Engine the check belongs to
	// the backend service, and the field is not supported.
	// +optional
	HealthCheck *EndpointHealthCheck `json:"healthCheck,omitempty"`
}

// EndpointHealthCheck is how targets are checked.
//
// +kubebuilder:validation:XValidation:rule="!has(self.path) || self.protocol == 'HTTP'",message="path is for protocol HTTP"
type EndpointHealthCheck struct {
	// Protocol is TCP, to connect, or HTTP, to ask for path.
	// +kubebuilder:default=TCP
	// +kubebuilder:validation:Enum=TCP;HTTP
	// +optional
	Protocol string `json:"protocol,omitempty"`
	// Path is asked for with protocol HTTP; / by default.
	// +kubebuilder:validation:Pattern=`^/`
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Path string `json:"path,omitempty"`
	// Port of the pod; by default the endpoint's own.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	Port int32 `json:"port,omitempty"`
	// IntervalSeconds between two checks; 10 by default.
	// +kubebuilder:validation:Minimum=5
	// +kubebuilder:validation:Maximum=300
	// +optional
	IntervalSeconds int32 `json:"intervalSeconds,omitempty"`
}

// EndpointGroupStatus is what the cloud's groups hold.
type EndpointGroupStatus struct {
	// Groups are the groups in the cloud: on Compute Engine one for each zone
	// and subnetwork with nodes, on EC2 one target group.
	// +listType=atomic
	// +optional
	Groups []CloudEndpointGroup `json:"groups,omitempty"`
	// Endpoints is how many endpoints are ready, and Attached how many the
	// groups hold.
	// +optional
	Endpoints int32 `json:"endpoints,omitempty"`
	// +optional
	Attached int32 `json:"attached,omitempty"`
	// Conditions are Ready, and those of trouble once it occurs.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// CloudEndpointGroup is a group of endpoints in the cloud.
type CloudEndpointGroup struct {
	// Zone is the zone of a zonal group.
	// +optional
	Zone string `json:"zone,omitempty"`
	// Name is its name in the cloud.
	Name string `json:"name"`
	// ID is by what a load balancer refers to it: the link of a network endpoint
	// group, the ARN of a target group.
	// +optional
	ID string `json:"id,omitempty"`
	// Endpoints is how many it should hold, and Attached how many it holds.
	Endpoints int32 `json:"endpoints"`
	Attached  int32 `json:"attached"`
}

// EndpointGroup has the endpoints of a Service's port registered in the cloud,
// for load balancers that send straight to pods.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=epg,categories=vpcnative
// +kubebuilder:printcolumn:name="Service",type=string,JSONPath=`.spec.serviceName`
// +kubebuilder:printcolumn:name="Port",type=string,JSONPath=`.spec.port`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Endpoints",type=integer,JSONPath=`.status.endpoints`
// +kubebuilder:printcolumn:name="Attached",type=integer,JSONPath=`.status.attached`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type EndpointGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   EndpointGroupSpec   `json:"spec"`
	Status EndpointGroupStatus `json:"status,omitempty"`
}

// NamedNetwork returns the name of the Network that the spec names; empty where
// it names none.
func (g *EndpointGroup) NamedNetwork() string { return g.Spec.NetworkName }

// EndpointGroupList is a list of EndpointGroups.
//
// +kubebuilder:object:root=true
type EndpointGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []EndpointGroup `json:"items"`
}
