// Package explain says what an address, a prefix or a name is: whose it is,
// or why it is free or forbidden. It is pure.
package explain

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
)

// World is all that an explanation depends on.
type World struct {
	cluster.State
	// VPC is what is known of each Network's VPC, by the Network's name.
	VPC          map[string]preview.VPC
	ServiceCIDRs []networkingv1.ServiceCIDR
	// IPAddresses and Pods are those of the address that is asked about.
	IPAddresses []networkingv1.IPAddress
	Pods        []corev1.Pod
	// Carried is what interfaces carry there; it is known only where the
	// cloud was read.
	Carried []Carried
	// ClusterID tells marks of this cluster from others'. It is known only
	// where the cloud was read.
	ClusterID string
}

// Carried is a prefix on an interface of an instance.
type Carried struct {
	Instance string
	Prefix   netip.Prefix
}

// Answer is what vpcnative thinks of what was asked about.
type Answer string

const (
	// InUse has an owner.
	InUse Answer = "InUse"
	// Granted lies in a range of ours, and nobody holds it.
	Granted Answer = "Granted"
	// Free may be carved.
	Free Answer = "Free"
	// Forbidden is never carved, for the reason given.
	Forbidden Answer = "Forbidden"
	// Outside is in no supernet.
	Outside Answer = "Outside"
	// Mixed is a prefix of which parts are different things.
	Mixed Answer = "Mixed"
)

// Explanation is one thing explained.
type Explanation struct {
	// Subject is what it is about: "10.4.3.7", "Node a".
	Subject string `json:"subject"`
	Answer  Answer `json:"answer"`
	// Text is the answer in a sentence.
	Text string `json:"text"`
	// Around is what contains it, the largest first, Inside what it holds.
	Around []Block `json:"around,omitempty"`
	Inside []Block `json:"inside,omitempty"`
	// More counts what Inside leaves out.
	More int `json:"more,omitempty"`
	// FreeBlocks are the largest free blocks inside a prefix, or the one
	// around an address.
	FreeBlocks []string `json:"freeBlocks,omitempty"`
	Notes      []string `json:"notes,omitempty"`
}

// Block is a prefix that is something.
type Block struct {
	CIDR string `json:"cidr"`
	Kind Kind   `json:"kind"`
	// Name is whose it is, or what it is called.
	Name string `json:"name"`
	// Text says more.
	Text string `json:"text,omitempty"`

	p netip.Prefix
}

// Kind is what a block is.
type Kind string

// The kinds that are no cloud.Kind.
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
