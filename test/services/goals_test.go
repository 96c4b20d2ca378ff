package services

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	compute "google.golang.org/api/compute/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// saying is one thing that a Service may say. Two of one subject exclude each
// other.
type saying struct {
	about, value string
	edit         edit
}

func (s saying) String() string { return s.about + "=" + s.value }

// valuesOf are for each annotation that is followed, as people write them too:
// in another case, with blanks, twice.
func (w *world) valuesOf() map[string][]string {
	values := map[string][]string{
		loadbalancer.NetworkAnnotation:                           {"default"},
		"vpcnative.dev/scheme":                                   {"Internal", "external"},
		"networking.gke.io/load-balancer-type":                   {"Internal"},
		"cloud.google.com/load-balancer-type":                    {"External"},
		"service.beta.kubernetes.io/load-balancer-source-ranges": {"192.0.2.0/24,192.0.2.1/32", " 198.51.100.7/24 , 2001:DB8:0:0::/32"},
	}
	for key, list := range map[string][]string{
		"scheme": {"internal", "Internet-Facing"}, "internal": {"true", "false"}, "type": {"nlb", "external", "nlb-ip"},
		"nlb-target-type": {"instance", "ip"}, "ip-address-type": {"ipv4", "dualstack"}, "target-node-labels": {"pool=front"},
		"backend-protocol": {"tcp"}, "healthcheck-protocol": {"HTTP", "tcp"}, "healthcheck-port": {"traffic-port", "10999"}, "healthcheck-path": {"/ready"},
		"healthcheck-interval": {"20", "5"}, "healthcheck-timeout": {"4", "15"}, "healthcheck-healthy-threshold": {"4"}, "healthcheck-unhealthy-threshold": {"5"},
	} {
		values[awsAnnotation+key] = list
	}
	if w.cloud == "gcp" {
		g := w.place.(*gce)
		inside := "projects/" + project + "/regions/" + region + "/subnetworks/inside"
		g.reserve("outside")
		g.reserve("cheap", func(a *compute.Address) { a.NetworkTier = "STANDARD" })
		g.reserve("within", func(a *compute.Address) {
			a.AddressType, a.Subnetwork, a.Purpose = "INTERNAL", inside, "SHARED_LOADBALANCER_VIP"
		})
		for key, list := range map[string][]string{
			"vpcnative.dev/addresses": {"outside", "cheap", "within", "10.128.7.7"}, "vpcnative.dev/subnets": {"inside"}, "vpcnative.dev/backends": {"instancegroups"},
			"networking.gke.io/load-balancer-ip-addresses": {"within"}, "networking.gke.io/load-balancer-subnet": {"inside"},
			"networking.gke.io/internal-load-balancer-subnet":              {"inside"},
			"networking.gke.io/internal-load-balancer-allow-global-access": {"true", "FALSE"},
			"cloud.google.com/network-tier":                                {"standard", "Premium"}, "networking.gke.io/weighted-load-balancing": {"pods-per-node"},
		} {
			values[key] = list
		}
		return values
	}
	e := w.place.(*amazon)
	var eips []string
	for range ec2Zones {
		id, _, err := e.sim.AddElasticIP()
		e.must(err)
		eips = append(eips, id)
	}
	theirs, err := e.ec2.CreateSecurityGroup(e.Context(), &ec2.CreateSecurityGroupInput{GroupName: new("theirs"), Description: new("theirs"), VpcId: &e.vpc})
	e.must(err)
	values["vpcnative.dev/addresses"] = []string{"10.2.0.70"}
	values["vpcnative.dev/subnets"] = []string{"front-eu-west-1b"}
	values["vpcnative.dev/nodes"] = []string{"2", "all"}
	for key, list := range map[string][]string{
		"eip-allocations": {strings.Join(eips, " , "), eips[0]}, "private-ipv4-addresses": {"10.2.0.77", "10.2.0.78, 10.2.1.78"},
		"subnets": {"front-eu-west-1c,front-eu-west-1a"}, "security-groups": {*theirs.GroupId, *theirs.GroupId + "," + *theirs.GroupId},
		"manage-backend-security-group-rules": {"True", "false"}, "additional-resource-tags": {"cost = 12, team=web ,", "team=a,team=b"},
		"cross-zone-load-balancing-enabled": {"TRUE", "false"}, "connection-draining-timeout": {"0", "0120"}, "proxy-protocol": {"*"},
		"access-log-enabled": {"true", "false"}, "access-log-s3-bucket-name": {"logs"}, "access-log-s3-bucket-prefix": {"web"},
		"attributes": {"load_balancing.cross_zone.enabled=True", "dns_record.client_routing_policy=availability_zone_affinity,zonal_shift.config.enabled=true",
			"access_logs.s3.enabled=true,access_logs.s3.bucket=logs", "ipv6.deny_all_igw_traffic=true"},
		"target-group-attributes": {"deregistration_delay.timeout_seconds=009", "preserve_client_ip.enabled=FALSE", "stickiness.enabled=true,stickiness.type=source_ip",
			"target_health_state.unhealthy.connection_termination.enabled=true", "target_health_state.unhealthy.connection_termination.enabled=false",
			"deregistration_delay.connection_termination.enabled=true", "target_group_health.dns_failover.minimum_healthy_targets.percentage=50"},
	} {
		values[awsAnnotation+key] = list
	}
	return values
}

// sayings are all that Services may say: what its spec has, and a value and
// more of each annotation that is followed.
func (w *world) sayings() []saying {
	w.Helper()
	dual := families(corev1.IPFamilyPolicyRequireDualStack, corev1.IPv4Protocol, corev1.IPv6Protocol)
	out := []saying{
		{"ports", "udp", ports(udp(53))}, {"ports", "both", ports(tcp(53), udp(53))}, {"ports", "seven", ports(tcp(1), tcp(2), tcp(3), tcp(4), tcp(5), tcp(6), udp(7))},
		{"families", "dual", dual}, {"families", "IPv6", families(corev1.IPFamilyPolicySingleStack, corev1.IPv6Protocol)},
		{"policy", "Local", local}, {"affinity", "ClientIP", func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP }},
		{"sources", "none", func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"2001:db8::/32"} }},
	}
	values := w.valuesOf()
	for _, a := range build.Annotations {
		if a.Effect != build.Followed || a.Cloud != "" && a.Cloud != w.cloud {
			continue
		}
		if len(values[a.Key]) == 0 {
			w.Errorf("the test has no value of annotation %s", a.Key)
		}
		for _, v := range values[a.Key] {
			out = append(out, saying{a.Key, v, annotate(a.Key, v)})
		}
	}
	return out
}

// goals plans for Services of one cloud, without a controller.
type goals struct {
	*world
	b     lb.Balancers
	nodes []*corev1.Node
	in    build.Cluster
}

// said is the Service that says all of it.
func (g *goals) said(list []saying) *corev1.Service {
	return admitted(row{name: "web", edit: func(s *corev1.Service) {
		for _, x := range list {
			x.edit(s)
		}
	}}, 0)
}

func (g *goals) preview(state lb.State, s *corev1.Service) build.Preview {
	return build.PreviewOf(g.b, state, g.in, s, false, g.nodes)
}

func (g *goals) read() lb.State {
	g.Helper()
	g.settle()
	state, err := g.b.Read(g.Context(), g.in.ID)
	g.must(err)
	return state
}

func (g *goals) must(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// settles makes what the Service asks for, and wants nothing left to do; then
// takes it away.
func (g *goals) settles(s *corev1.Service) error {
	owner := build.Owner(g.in.ID, s.Namespace, s.Name)
	defer func() {
		state := g.read()
		g.must(lb.Run(context.Background(), g.b, lb.Plan(g.b.Rules(), state, lb.Goal{Owner: owner}), state))
	}()
	asked := build.Make(s, g.in, "")
	set := loadbalancer.NodeSetOf(g.in.ID, asked.Nodes, g.nodes)
	for try := 0; ; try++ {
		state := g.read()
		p := g.preview(state, s)
		if p.Refused.Reason != "" {
			return fmt.Errorf("refused after all: %s", p.Refused.Text)
		}
		pools := lb.Plan(g.b.Rules(), state, lb.Goal{Owner: set.Owner(), Want: g.b.Pools(set, state), Keep: true})
		changes, err := cloudtest.MemberChanges(context.Background(), g.b, set, state)
		g.must(err)
		if try > 0 && len(p.Plan)+len(pools)+len(changes) == 0 {
			return nil
		}
		if try > 1 { // the members of what was made come second
			return fmt.Errorf("it is never done: %s%s%v", p.Plan, pools, changes)
		}
		for _, plan := range []lb.Actions{p.Plan, pools} {
			err := lb.Run(context.Background(), g.b, plan, state)
			if err != nil && (strings.Contains(err.Error(), "Requested internal IP address is outside") || strings.Contains(err.Error(), "The subnetwork has no")) {
				return nil // which ranges a subnetwork has is not read
			}
			if err != nil {
				return fmt.Errorf("the cloud refuses what was planned: %w", err)
			}
		}
		g.must(cloudtest.KeepMembers(context.Background(), g.b, set, state))
	}
}

// TestNoGoalDiffersFromWhatTheCloudAnswers: whatever two things a Service says
// together are refused, or made and then as they are wanted.
func TestNoGoalDiffersFromWhatTheCloudAnswers(t *testing.T) {
	t.Parallel()
	for cloudName := range clouds {
		t.Run(cloudName, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, place: clouds[cloudName](t, options{brief: true}), cloud: cloudName, name: "goals"}
			g := &goals{world: w, b: w.open(t), in: build.Cluster{ID: "goals", Cloud: cloudName}}
			for i := range 3 {
				id, address := w.machine(fmt.Sprint("n", i), i)
				g.nodes = append(g.nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("n", i), Labels: map[string]string{"pool": []string{"front", "back"}[i%2]}},
					Spec:   corev1.NodeSpec{ProviderID: id},
					Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}}})
			}
			all := w.sayings()
			made := 0
			for list := range g.pairwise(all) {
				made++
				if err := g.settles(g.said(list)); err != nil {
					t.Errorf("%v: %v", list, err)
				}
			}
			t.Logf("%d things to say, %d Services were made", len(all), made)
		})
	}
}

// pairwise gives lists in which every two sayings are together that are not
// refused so.
func (g *goals) pairwise(all []saying) func(yield func([]saying) bool) {
	type pair [2]int
	left := map[pair]bool{}
	var order []pair
	for a := range all {
		for b := range a {
			if all[a].about != all[b].about {
				left[pair{b, a}] = true
				order = append(order, pair{b, a})
			}
		}
	}
	const most = 10 // sayings of a Service; with more, too many are refused
	r, nothing := rand.New(rand.NewPCG(1, 2)), g.read()
	fits := func(list []int) ([]saying, bool) {
		var said []saying
		for _, n := range list {
			said = append(said, all[n])
		}
		return said, g.preview(nothing, g.said(said)).Refused.Reason == ""
	}
	return func(yield func([]saying) bool) {
		for _, p := range order {
			if !left[p] {
				continue
			}
			delete(left, p)
			list := p[:]
			said, ok := fits(list)
			if !ok {
				continue
			}
			for _, n := range r.Perm(len(all)) {
				fresh := slices.ContainsFunc(list, func(m int) bool { return left[pair{min(m, n), max(m, n)}] })
				taken := slices.ContainsFunc(list, func(m int) bool { return all[m].about == all[n].about })
				if !fresh || taken || len(list) == most {
					continue
				}
				if more, ok := fits(append(slices.Clone(list), n)); ok {
					list, said = append(list, n), more
				}
			}
			for _, m := range list {
				for _, n := range list {
					delete(left, pair{min(m, n), max(m, n)})
				}
			}
			if !yield(said) {
				return
			}
		}
	}
}
