package lb

import "strings"

// Keys of [LoadBalancer.Attributes] and [Backend.Attributes], and what their values are. Each adapter
// knows some of them, and refuses the others.
const (
	// AttributeSubnets: the subnets of the balancer's own addresses, by name or
	// ID, separated by commas: one on Compute Engine, one a zone on EC2.
	AttributeSubnets = "subnets"

	// AttributeGlobalAccess (Compute Engine): true lets clients of every region
	// reach an internal balancer.
	AttributeGlobalAccess = "global-access"
	// AttributeNetworkTier (Compute Engine): Premium or Standard, for external
	// addresses.
	AttributeNetworkTier = "network-tier"
	// AttributeBackends (Compute Engine): EndpointGroups or InstanceGroups.
	AttributeBackends = "backends"
	// AttributeWeighted (Compute Engine): true shares connections by the number
	// of a node's own pods.
	AttributeWeighted = "weighted"

	// AttributePrivateIPv4 (EC2): the addresses of an internal balancer, one a
	// subnet, in the order of AttributeSubnets.
	AttributePrivateIPv4 = "private-ipv4"
	// AttributeSecurityGroups (EC2): the balancer's security groups, by ID,
	// instead of one of ours.
	AttributeSecurityGroups = "security-groups"
	// AttributeNodeRules (EC2): false leaves the nodes' security groups alone.
	AttributeNodeRules = "node-rules"
	// AttributeTags (EC2): further tags of all that is made, k=v,k=v.
	AttributeTags = "tags"
	// AttributeLoadBalancer and AttributeTargetGroup (EC2) begin the keys of
	// ELBv2's own attributes:
	// "load-balancer/load_balancing.cross_zone.enabled".
	AttributeLoadBalancer = "load-balancer/"
	AttributeTargetGroup  = "target-group/"
	// AttributeProtected (EC2): true keeps the balancer from being deleted.
	AttributeProtected = AttributeLoadBalancer + "deletion_protection.enabled"
)

// OfBackend reports whether an attribute is a backend's, and not the balancer's.
func OfBackend(key string) bool {
	return key == AttributeBackends || key == AttributeWeighted || strings.HasPrefix(key, AttributeTargetGroup)
}

// Values of AttributeBackends.
const (
	EndpointGroups = "EndpointGroups"
	InstanceGroups = "InstanceGroups"
)
