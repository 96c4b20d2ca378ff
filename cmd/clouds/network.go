package clouds

import (
	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// Of is the cloud that a Network's VPC is of; empty where it names none.
func Of(n *v1alpha1.Network) string {
	p, _ := of(n)
	return p.name
}

// Blank is a Network's VPC where nobody has read it: its node subnets, and
// what its cloud keeps from everybody.
func Blank(n *v1alpha1.Network) cloud.Snapshot {
	if p, ok := of(n); ok {
		return p.blank(n)
	}
	return cloud.Snapshot{}
}
