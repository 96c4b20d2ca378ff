package aws

import "context"

// balancing is every call that load balancers are made by, in thin values:
// of ELB, and of EC2 for their security groups. Errors are the SDK's own.
type balancing interface {
	vpcSubnets(ctx context.Context, vpcID, token string) (page[place], error)
	// zoneTypes are those of all zones of the region, by their names.
	zoneTypes(ctx context.Context) (map[string]string, error)
	// elasticIPs are all of the region.
	elasticIPs(ctx context.Context) ([]elasticIP, error)
	// securityGroups are those of the VPC that a filter of EC2 finds.
	securityGroups(ctx context.Context, vpcID, filter, value, token string) (page[group], error)
	createGroup(ctx context.Context, vpcID string, g group) (id string, err error)
	tagGroup(ctx context.Context, id string, tags map[string]string) error
	deleteGroup(ctx context.Context, id string) error
	authorize(ctx context.Context, id string, rules []rule) error
	revoke(ctx context.Context, id string, rules []rule) error

	balancers(ctx context.Context, token string) (page[balancer], error)
	createBalancer(ctx context.Context, b balancer, tags map[string]string) (balancer, error)
	setSubnets(ctx context.Context, arn string, b balancer) error
	setGroups(ctx context.Context, arn string, groups []string) error
	setAddressType(ctx context.Context, arn, addressType string) error
	deleteBalancer(ctx context.Context, arn string) error
	balancerAttributes(ctx context.Context, arn string) (map[string]string, error)
	setBalancerAttributes(ctx context.Context, arn string, a map[string]string) error

	pools(ctx context.Context, token string) (page[pool], error)
	createPool(ctx context.Context, vpcID string, p pool, tags map[string]string) (pool, error)
	setCheck(ctx context.Context, arn string, c check) error
	deletePool(ctx context.Context, arn string) error
	poolAttributes(ctx context.Context, arn string) (map[string]string, error)
	setPoolAttributes(ctx context.Context, arn string, a map[string]string) error
	members(ctx context.Context, arn string) ([]member, error)
	register(ctx context.Context, arn string, targets []string) error
	deregister(ctx context.Context, arn string, targets []string) error

	listeners(ctx context.Context, balancerARN, token string) (page[listener], error)
	createListener(ctx context.Context, l listener) (listener, error)
	setListener(ctx context.Context, l listener) error
	deleteListener(ctx context.Context, arn string) error

	tagsOf(ctx context.Context, arns []string) (map[string]map[string]string, error)
	addTags(ctx context.Context, arn string, tags map[string]string) error
	removeTags(ctx context.Context, arn string, keys []string) error
}

// place is a subnet that balancers may be in.
type place struct {
	id, zone, cidr string // no CIDR where it has IPv6 only
	outpost        string // ARN
	ipv6           bool
	free           *int32 // addresses
	tags           map[string]string
}

// elasticIP is an allocation, and the interface that has it.
type elasticIP struct{ allocation, user string }

type group struct {
	id, name, description string
	rules                 []rule
	tags                  map[string]string
}

// rule lets traffic in from a CIDR or from a group.
type rule struct {
	protocol    string // tcp or udp
	from, to    int32
	cidr        string
	group       string
	description string
}

type balancer struct {
	arn, name, host    string
	vpc                string
	scheme, state, why string
	addressType        string // ipv4 or dualstack
	groups             []string
	zones              []zoneOf
}

// zoneOf is a subnet of a balancer, with the address that was asked for there.
type zoneOf struct{ subnet, allocation, private string }

// pool is a target group.
type pool struct {
	arn, name, protocol string
	vpc                 string
	port                int32
	targets             string // byInstance or byIP
	addresses           string // ipv4 or ipv6
	check               check
	balancers           []string // that send to it: one at most
}

type check struct {
	protocol, port, path string
	interval, timeout    int32 // seconds
	healthy, unhealthy   int32
}

// member is a target: an instance, or an address and port.
type member struct {
	target            string
	draining, healthy bool
}

type listener struct {
	arn, balancer, protocol string
	port                    int32
	pool                    string // ARN
}
