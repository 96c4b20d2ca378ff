package explain

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// verdict says what it means to lie in a block. What lies inside of the
// subject is in use, whatever the block is for.
func verdict(subject string, b Block, inside bool) (Answer, string) {
	answer, text := inCluster(subject, b, inside)
	if text == "" {
		answer, text = Forbidden, "is off limits: "+inVPC(b)
	}
	return answer, subject + " " + text
}

// inCluster is for blocks that objects of the cluster tell of; the text is empty
// for any other.
func inCluster(subject string, b Block, inside bool) (Answer, string) {
	switch b.Kind {
	case pod:
		return InUse, fmt.Sprintf("is the address of Pod %s, %s", b.Name, b.Text)
	case service:
		return InUse, "is the ClusterIP of Service " + b.Name
	case nodeAddress:
		return InUse, fmt.Sprintf("is node %s itself (its %s)", b.Name, b.Text)
	case nodeRange:
		if subject == b.CIDR {
			return InUse, "is the pod range of node " + b.Name
		}
		return InUse, fmt.Sprintf("lies in %s, the pod CIDR of node %s; no Pod has it now", b.CIDR, b.Name)
	case attached:
		return InUse, fmt.Sprintf("lies in %s, which is on the interface of %s and which no node publishes: it is being attached or detached, or belongs to another party", b.CIDR, b.Name)
	case granted:
		return inGranted(subject, b, inside)
	case serviceCIDR:
		switch {
		case subject == b.CIDR:
			return Granted, fmt.Sprintf("is ServiceCIDR %s; %s", b.Name, b.Text)
		case inside:
			return Mixed, fmt.Sprintf("lies in %s, ServiceCIDR %s, and is in use at least in part; %s", b.CIDR, b.Name, b.Text)
		}
		return Granted, fmt.Sprintf("lies in %s, ServiceCIDR %s, and no Service has it; %s", b.CIDR, b.Name, b.Text)
	case reserved:
		return Forbidden, fmt.Sprintf("is off limits: %s is reserved in %s: %s", b.CIDR, b.Name, b.Text)
	}
	return "", ""
}

func inGranted(subject string, b Block, inside bool) (Answer, string) {
	switch {
	case subject == b.CIDR:
		return Granted, fmt.Sprintf("is a range of %s (%s)", b.Name, b.Text)
	case inside:
		return Mixed, fmt.Sprintf("lies in %s, a range of %s (%s), and is in use at least in part", b.CIDR, b.Name, b.Text)
	case strings.HasPrefix(b.Text, string(v1alpha1.Pods)):
		return Granted, fmt.Sprintf("lies in %s, a range of %s, and no node publishes it: it is available to nodes, unless it is claimed or quarantined", b.CIDR, b.Name)
	case strings.HasPrefix(b.Text, string(v1alpha1.Proxy)):
		return Granted, fmt.Sprintf("lies in %s, the proxy-only subnet of %s (%s): the proxies of the region's load balancers use its addresses", b.CIDR, b.Name, b.Text)
	}
	return Granted, fmt.Sprintf("lies in %s, a range of %s (%s); nothing in this cluster holds it", b.CIDR, b.Name, b.Text)
}

// inVPC says what the VPC has there.
func inVPC(b Block) string {
	whose := cmp.Or(b.Text, "an owner without a vpcnative mark")
	switch cloud.Kind(b.Kind) {
	case cloud.SubnetPrimary:
		return fmt.Sprintf("%s is the primary range of subnet %s", b.CIDR, b.Name)
	case cloud.SecondaryRange:
		return fmt.Sprintf("%s is secondary range %s, of %s", b.CIDR, b.Name, whose)
	case cloud.SubnetReservation:
		return fmt.Sprintf("%s is subnet CIDR reservation %s, of %s", b.CIDR, b.Name, whose)
	case cloud.StaticRoute:
		return fmt.Sprintf("route %s leads %s elsewhere", b.Name, b.CIDR)
	case cloud.PeeringRoute:
		return fmt.Sprintf("%s belongs to the network behind peering %s", b.CIDR, b.Name)
	case cloud.DynamicRoute:
		return fmt.Sprintf("%s is beyond %s, which learned the way to it from the other side", b.CIDR, b.Name)
	case cloud.Reservation:
		return fmt.Sprintf("the VPC's reservation %s keeps %s", b.Name, b.CIDR)
	case cloud.ProxyOnly:
		return fmt.Sprintf("%s is the proxy-only subnet %s, whose addresses the proxies of load balancers have", b.CIDR, b.Name)
	case cloud.Prohibited:
		return fmt.Sprintf("the cloud allows no subnet in %s, %s", b.CIDR, b.Name)
	}
	return fmt.Sprintf("%s is %s %s", b.CIDR, b.Kind, b.Name)
}
