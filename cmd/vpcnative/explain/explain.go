// Package explain explains what an address, a prefix or a name is: its owner,
// or why it is free or off limits. It is pure.
package explain

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
)

// World is the input of an explanation.
type World struct {
	cluster.State
	// VPC is the state of each Network's VPC, by the Network's name.
	VPC          map[string]preview.VPC
	ServiceCIDRs []networkingv1.ServiceCIDR
	// IPAddresses and Pods are those with the address in question.
	IPAddresses []networkingv1.IPAddress
	Pods        []corev1.Pod
	// Carried are the prefixes on interfaces; known only if the cloud was read.
	Carried []Carried
	// ClusterID identifies marks of this cluster; known only if the cloud was
	// read.
	ClusterID string
}

// Carried is a prefix on an interface of an instance.
type Carried struct {
	Instance string
	Prefix   netip.Prefix
}

// Answer classifies the subject.
type Answer string

const (
	// InUse has an owner.
	InUse Answer = "InUse"
	// Granted lies in a granted range, and nobody holds it.
	Granted Answer = "Granted"
	// Free may be carved.
	Free Answer = "Free"
	// Forbidden is never carved, for the reason given.
	Forbidden Answer = "Forbidden"
	// Outside is in no supernet.
	Outside Answer = "Outside"
	// Mixed is a prefix whose parts differ.
	Mixed Answer = "Mixed"
)

// Explanation is the result for one subject.
type Explanation struct {
	// Subject is what it is about: "10.4.3.7", "Node a".
	Subject string `json:"subject"`
	Answer  Answer `json:"answer"`
	// Text is the answer in a sentence.
	Text string `json:"text"`
	// Around are the blocks that contain it, the largest first, and Inside those
	// that it contains.
	Around []Block `json:"around,omitempty"`
	Inside []Block `json:"inside,omitempty"`
	// More is the number of blocks that Inside omits.
	More int `json:"more,omitempty"`
	// FreeBlocks are the largest free blocks inside a prefix, or the one
	// around an address.
	FreeBlocks []string `json:"freeBlocks,omitempty"`
	Notes      []string `json:"notes,omitempty"`
}

// Block is a prefix with a meaning.
type Block struct {
	CIDR string `json:"cidr"`
	Kind Kind   `json:"kind"`
	// Name is its owner or its name.
	Name string `json:"name"`
	// Text has details.
	Text string `json:"text,omitempty"`

	p netip.Prefix
}

// Kind is what a block is.
type Kind string

// The kinds in addition to cloud.Kind.
const (
	supernet    Kind = "Supernet"
	reserved    Kind = "Reserved"
	granted     Kind = "Range"
	serviceCIDR Kind = "ServiceCIDR"
	attached    Kind = "Attached"
	nodeRange   Kind = "NodeRange"
	nodeAddress Kind = "NodeAddress"
	pod         Kind = "Pod"
	service     Kind = "ClusterIP"
)
