package stress

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/test/e2e"
)

// blocks are the subnets' own on EC2, in which ranges lie.
var blocks = map[string]netip.Prefix{subnets[0]: netip.MustParsePrefix("10.2.0.0/16"), subnets[1]: netip.MustParsePrefix("10.3.0.0/16")}

// peoples is the first part of a subnet, which the Network reserves.
func peoples(subnet string) netip.Prefix { return netip.PrefixFrom(blocks[subnet].Addr(), 20) }

var ec2 = ground{
	name: "aws", sizes: assign.Bounds{PerPod: 1, Smallest: 28}, noPlace: "InvalidParameterValue",
	inside: true, noProxy: true, noFirewall: true,
	named: netip.MustParsePrefix("10.2.192.0/19"), routes: netip.MustParsePrefix("10.0.0.0/16"),
	ranges: func(subnet string) netip.Prefix { return blocks[subnet] },
	// What EC2 documents nowhere differs with the seed; so does whether its
	// token buckets are on, which the managers of both clusters share.
	serve: func(seed uint64) (e2e.Cloud, func(), error) {
		c, stop, err := e2e.NewEC2(awssim.Config{Seed: seed, Fresh: 200 * time.Millisecond, AssignAgain: seed%2 == 0, Throttle: seed%3 == 0})
		if err == nil {
			err = c.(*e2e.EC2).AddTable("other", subnets[1])
		}
		return c, stop, err
	},
	// No two side by side: they would read as one.
	pieces: func(subnet string, n int) netip.Prefix { return nth(peoples(subnet), 28, n%128*2) },
	small:  map[string]string{"type": "t3.medium"},
	slots:  map[string]int{"t3.medium": 6, "m5.4xlarge": 30},
	network: func(spec *v1alpha1.NetworkSpec) {
		for _, name := range subnets {
			spec.Reserved = append(spec.Reserved, v1alpha1.ReservedBlock{CIDR: v1alpha1.CIDR(peoples(name).String()), Reason: "people's own"})
		}
	},
	lacks: []string{"VM re-created, same node"}, // another instance is another Node
	own: []operation{
		{"VM terminated, its node goes later", 4, terminate},
		{"interface of theirs made", 2, occupy},
		{"interface of theirs deleted", 2, vacate},
	},
	pools: []poolSpec{{routed, byRoutes}},
	faults: []fault{
		{"the reply to a route is lost", e2e.Fault{Method: "CreateRoute", Lost: true}},
		{"the reply to the end of a route is lost", e2e.Fault{Method: "DeleteRoute", Lost: true}},
		{"the reply to a source check turned off is lost", e2e.Fault{Method: "ModifyNetworkInterfaceAttribute", Lost: true}},
		{"a route that is there", e2e.Fault{Method: "CreateRoute", Error: "400:RouteAlreadyExists"}},
		{"no room in the table", e2e.Fault{Method: "CreateRoute", Error: "400:RouteLimitExceeded"}},
		{"no permission to route", e2e.Fault{Method: "CreateRoute", Error: "denied"}},
		{"a slow route", e2e.Fault{Method: "CreateRoute", Slow: 2 * time.Second}},
		{"a stale read of the route tables", e2e.Fault{Method: "DescribeRouteTables", Stale: staleness - time.Millisecond}},
		{"throttled", e2e.Fault{Method: "*", Error: "throttled"}},
		{"unavailable", e2e.Fault{Method: "*", Error: "unavailable"}},
		{"an internal error", e2e.Fault{Method: "look", Error: "500:InternalError"}},
		{"the reply to an attachment is lost", e2e.Fault{Method: "attach", Lost: true}},
		{"the reply to a detachment is lost", e2e.Fault{Method: "detach", Lost: true}},
		{"the reply to a reservation is lost", e2e.Fault{Method: "carve", Lost: true}},
		{"the reply to the end of a reservation is lost", e2e.Fault{Method: "uncarve", Lost: true}},
		{"the reply to a read is lost", e2e.Fault{Method: "look", Lost: true}},
		{"an interface that is not known yet", e2e.Fault{Method: "attach", Error: "400:InvalidNetworkInterfaceID.NotFound"}},
		{"a subnet that is not known yet", e2e.Fault{Method: "carve", Error: "400:InvalidSubnetID.NotFound"}},
		{"a slow attachment", e2e.Fault{Method: "attach", Slow: 2 * time.Second}},
		{"a slow reservation", e2e.Fault{Method: "carve", Slow: 2 * time.Second}},
		{"no free block", e2e.Fault{Method: "attach", Error: "400:InsufficientCidrBlocks"}},
		{"addresses that are in use", e2e.Fault{Method: "attach", Error: "400:Resource.AlreadyAssigned"}},
		{"slots that are in use", e2e.Fault{Method: "attach", Error: "400:PrivateIpAddressLimitExceeded"}},
		{"a reservation that overlaps", e2e.Fault{Method: "carve", Error: "400:InvalidParameterValue", Message: "Reservation CIDR has overlap with existing reserved CIDR block"}},
		{"a stale list of interfaces", e2e.Fault{Method: "list", Stale: staleness - time.Millisecond}},
		{"a stale read of an instance", e2e.Fault{Method: "read", Stale: staleness - time.Millisecond}},
		{"a stale read of the reservations", e2e.Fault{Method: "survey", Stale: staleness - time.Millisecond}},
		{"no permission to attach", e2e.Fault{Method: "attach", Error: "denied"}},
		{"no permission to detach", e2e.Fault{Method: "detach", Error: "denied"}},
		{"no permission to reserve", e2e.Fault{Method: "carve", Error: "denied"}},
	},
}

// routed is the pool whose nodes have their ranges by routes, which two route
// tables hold.
const routed = "routed"

func byRoutes(*rig, *rand.Rand) v1alpha1.RangeRequestSpec {
	bits, node := int32(24), intstr.FromInt32(26)
	return v1alpha1.RangeRequestSpec{PrefixLength: &bits, NodePrefixLength: &node, Attachment: v1alpha1.AttachRoutes}
}

// terminate ends an instance under its Node, which the cloud controller
// deletes by and by.
func terminate(r *rig, c *cluster, rng *rand.Rand) string {
	name, n := one(c.nodes, rng), 1+rng.IntN(20)
	if name == "" || !c.vms[name] {
		return ""
	}
	r.shutDown(c, name)
	r.later(n, func() {
		if c.nodes[name] && !c.vms[name] {
			r.unregister(c, name)
		}
	})
	return fmt.Sprintf("%s, for %d operations", name, n)
}

// occupy has a load balancer of theirs take an address in the middle of the
// space that is carved.
func occupy(r *rig, _ *cluster, rng *rand.Rand) string {
	subnet := subnets[rng.IntN(len(subnets))]
	a := nth(blocks[subnet], 32, 4096+rng.IntN(16384)).Addr()
	id, err := r.cloud.(*e2e.EC2).Occupy(subnet, a)
	if err != nil {
		return "" // somebody has it
	}
	r.hands.addresses[id] = a
	return fmt.Sprintf("%s in %s", a, subnet)
}

func vacate(r *rig, _ *cluster, rng *rand.Rand) string {
	id := oneOf(r.hands.addresses, rng)
	if id == "" {
		return ""
	}
	r.must(r.cloud.(*e2e.EC2).Vacate(id))
	delete(r.hands.addresses, id)
	return id
}
