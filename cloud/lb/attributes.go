package lb

// Keys of [LoadBalancer.Attributes], and what their values are. Each adapter
// knows some of them, and refuses the others.
const (
	// AttributeGlobalAccess (Compute Engine): true lets clients of every region
	// reach an internal balancer.
	AttributeGlobalAccess = "global-access"
	// AttributeNetworkTier (Compute Engine): Premium or Standard, for external
	// addresses.
	AttributeNetworkTier = "network-tier"
	// AttributeSubnetwork (Compute Engine): the name of the subnetwork that an
	// internal address is taken from.
	AttributeSubnetwork = "subnetwork"
	// AttributeDraining (Compute Engine): how many seconds connections last on
	// a node that is taken out.
	AttributeDraining = "draining-seconds"
	// AttributeWeighted (Compute Engine): true shares connections by the number
	// of a node's own pods.
	AttributeWeighted = "weighted"

	// AttributeSubnets (EC2): the balancer's subnets, one a zone, by ID or by
	// the tag Name, separated by commas.
	AttributeSubnets = "subnets"
	// AttributePrivateIPv4 (EC2): the addresses of an internal balancer, one a
	// subnet, in the order of AttributeSubnets; AttributeIPv6 the same.
	AttributePrivateIPv4 = "private-ipv4"
	AttributeIPv6        = "ipv6"
	// AttributeSecurityGroups (EC2): the balancer's security groups, by ID or
	// name, instead of one of ours.
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
)
