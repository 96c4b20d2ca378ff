package services

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

var ec2Zones = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}

const ec2LocalZone = "eu-west-1-dub-1a"

// amazon is a VPC with a subnet for nodes and one for balancers in each of
// three zones; the nodes are in a security group of their own.
type amazon struct {
	*testing.T
	sim   *awssim.Sim
	url   string
	vpc   string
	ec2   *ec2.Client
	elb   *elb.Client
	group string
	// gateway is the VPC's internet gateway; no route leads there.
	gateway string
	// front and back are the subnets of balancers and of nodes, by zone.
	front, back map[string]string
	machines    map[string]string // name -> ID
}

func newEC2(t *testing.T, o options) place {
	t.Helper()
	c := awssim.Config{Balancers: 500, ElasticIPs: 50, LocalZones: []string{ec2LocalZone}}
	if o.brief {
		c.Fresh, c.Stale, c.Linger, c.Latency = 5*time.Millisecond, 3*time.Millisecond, 10*time.Millisecond, 5*time.Millisecond
	}
	e := &amazon{T: t, sim: awssim.New(c), front: map[string]string{}, back: map[string]string{}, machines: map[string]string{}}
	url, stop, err := e.sim.Serve("127.0.0.1:0")
	e.must(err)
	t.Cleanup(stop)
	e.url = url
	secret := credentials.NewStaticCredentialsProvider("emulator", "emulator", "")
	e.ec2 = ec2.New(ec2.Options{Region: "eu-west-1", BaseEndpoint: &url, Credentials: secret, Retryer: awssdk.NopRetryer{}})
	e.elb = elb.New(elb.Options{Region: "eu-west-1", BaseEndpoint: &url, Credentials: secret, Retryer: awssdk.NopRetryer{}})
	e.vpc, err = e.sim.AddVPC(netip.MustParsePrefix("10.2.0.0/16"))
	e.must(err)
	e.gateway, err = e.sim.AddInternetGateway(e.vpc)
	e.must(err)
	for n, zone := range ec2Zones {
		e.front[zone], err = e.sim.AddSubnet(e.vpc, netip.MustParsePrefix(fmt.Sprintf("10.2.%d.0/24", n)), zone)
		e.must(err)
		e.back[zone], err = e.sim.AddSubnet(e.vpc, netip.MustParsePrefix(fmt.Sprintf("10.2.%d.0/20", 16*(n+1))), zone)
		e.must(err)
		_, err = e.sim.AddIPv6(e.front[zone])
		e.must(err)
		e.tag(e.front[zone], "kubernetes.io/role/elb", "1")
		e.tag(e.front[zone], "Name", "front-"+zone)
		e.tag(e.back[zone], "kubernetes.io/role/internal-elb", "1")
	}
	e.soon(func() error {
		made, err := e.ec2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: new("nodes"), Description: new("nodes"), VpcId: &e.vpc})
		if err == nil {
			e.group = *made.GroupId
		}
		return err
	})
	return e
}

func (e *amazon) settle() { e.sim.Settle() }

// soon does what may fail while what it names is fresh.
func (e *amazon) soon(do func() error) {
	e.Helper()
	var err error
	for range 100 {
		if err = do(); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	e.must(err)
}

func (e *amazon) must(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e *amazon) tag(id, key, value string) {
	e.Helper()
	e.soon(func() error {
		_, err := e.ec2.CreateTags(e.Context(), &ec2.CreateTagsInput{Resources: []string{id}, Tags: []ec2types.Tag{{Key: &key, Value: &value}}})
		return err
	})
}

// untag takes the roles off all subnets, leads those of balancers to the internet
// gateway, and adds a public one in a Local Zone.
func (e *amazon) untag() (local string) {
	e.Helper()
	var public []string
	for _, zone := range ec2Zones {
		public = append(public, e.front[zone])
		for _, id := range []string{e.front[zone], e.back[zone]} {
			_, err := e.ec2.DeleteTags(e.Context(), &ec2.DeleteTagsInput{Resources: []string{id}, Tags: []ec2types.Tag{{Key: new("kubernetes.io/role/elb")}, {Key: new("kubernetes.io/role/internal-elb")}}})
			e.must(err)
		}
	}
	e.wayOut(public...)
	e.must(e.sim.AddRoute(e.vpc, netip.MustParsePrefix("0.0.0.0/0"), "nat-0123456789abcdef0"))
	return e.public("10.2.9.0/24", ec2LocalZone)
}

// public makes a public subnet.
func (e *amazon) public(block, zone string) (id string) {
	e.Helper()
	id, err := e.sim.AddSubnet(e.vpc, netip.MustParsePrefix(block), zone)
	e.must(err)
	e.wayOut(id)
	return id
}

// wayOut gives subnets a route table that leads to the internet gateway.
func (e *amazon) wayOut(subnets ...string) {
	e.Helper()
	table, err := e.sim.AddRouteTable(e.vpc, subnets...)
	e.must(err)
	e.must(e.sim.AddRouteTo(table, netip.MustParsePrefix("0.0.0.0/0"), e.gateway))
}

// isIn wants a Service's balancer to be in those subnets alone.
func (e *amazon) isIn(o cloud.Owner, want map[string]string) {
	e.Helper()
	for _, id := range e.balancer(o).Subnets {
		if !slices.Contains(slices.Collect(maps.Values(want)), id) {
			e.Errorf("it is in %s, want %v", id, want)
		}
	}
}

func (e *amazon) nodeSubnets() (out []string) {
	for _, zone := range ec2Zones {
		out = append(out, e.back[zone])
	}
	return out
}

func (e *amazon) network() v1alpha1.NetworkSpec {
	return v1alpha1.NetworkSpec{
		AWS:       &v1alpha1.AWSNetwork{VPCID: e.vpc, Region: "eu-west-1", Subnets: e.nodeSubnets()},
		Supernets: []v1alpha1.CIDR{"10.0.0.0/8"},
	}
}

func (e *amazon) open(t *testing.T) lb.Balancers {
	t.Helper()
	_, b, closer, err := aws.New(t.Context(), aws.Config{
		Region: "eu-west-1", VPC: e.vpc, Subnets: e.nodeSubnets(), Endpoint: e.url, AccessKey: "emulator", SecretKey: "emulator",
		RetryPolicy: cloud.RetryPolicy{BackoffMin: quickly, BackoffMax: 20 * quickly, Retries: 4}, ReadLag: 50 * quickly,
	}, aws.BalancerConfig{Patience: 100 * quickly})
	e.must(err)
	t.Cleanup(closer)
	return b
}

func (e *amazon) machine(name string, zone int) (providerID, address string) {
	e.Helper()
	in := ec2Zones[zone%len(ec2Zones)]
	i, err := e.sim.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: e.back[in]}}})
	e.must(err)
	e.soon(func() error {
		_, err := e.ec2.ModifyNetworkInterfaceAttribute(e.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &i.Interfaces[0].ID, Groups: []string{e.group}})
		return err
	})
	e.machines[name] = i.ID
	return "aws:///" + in + "/" + i.ID, i.Interfaces[0].IP.String()
}

func (e *amazon) destroy(name string) {
	e.Helper()
	e.must(e.sim.TerminateInstance(e.machines[name]))
}

// of tells whether tags say that something is the owner's.
func of(tags map[string]string, o cloud.Owner) bool {
	return tags["vpcnative.dev/cluster-id"] == o.ClusterID && tags["vpcnative.dev/kind"] == o.Kind &&
		tags["vpcnative.dev/namespace"] == o.Namespace && tags["vpcnative.dev/name"] == o.Name
}

func (e *amazon) shape(o cloud.Owner) (s shape, ok bool) {
	e.Helper()
	all := e.sim.Balancers()
	at := slices.IndexFunc(all, func(b awssim.Balancer) bool { return of(b.Tags, o) })
	if at < 0 {
		return s, false
	}
	b := all[at]
	s = shape{Scheme: strings.Replace(b.Scheme, "internet-facing", "external", 1), Families: []string{"IPv4"}, Status: []string{b.Host + " no mode"},
		More: map[string]string{"zones": fmt.Sprint(len(b.Subnets)), "groups": fmt.Sprint(len(b.Groups))}}
	for key, value := range b.Tags {
		s.More["tag "+key] = value
	}
	e.details(&s, b)
	groups := e.sim.TargetGroups()
	for _, l := range b.Listeners {
		for _, arn := range l.TargetGroups {
			at := slices.IndexFunc(groups, func(g awssim.TargetGroup) bool { return g.ARN == arn })
			if at < 0 { // it went meanwhile
				return s, false
			}
			g := groups[at]
			for _, p := range strings.Split(strings.ToLower(l.Protocol), "_") {
				s.Listens = append(s.Listens, fmt.Sprintf("%s/%d", p, l.Port))
				s.To = append(s.To, fmt.Sprintf("%s/%d:%d", p, l.Port, g.Port))
			}
			s.target(e, g)
		}
	}
	e.sources(&s, b, o)
	return s, true
}

// details are what is only shown by asking for it.
func (e *amazon) details(s *shape, b awssim.Balancer) {
	if got, err := e.elb.DescribeLoadBalancers(e.Context(), &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{b.ARN}}); err == nil {
		one := got.LoadBalancers[0]
		if one.IpAddressType == types.IpAddressTypeDualstack {
			s.Families = append(s.Families, "IPv6")
		}
		var addresses, zones []string
		for _, z := range one.AvailabilityZones {
			zones = append(zones, *z.ZoneName)
			for _, a := range z.LoadBalancerAddresses {
				addresses = append(addresses, cmp.Or(awssdk.ToString(a.AllocationId), awssdk.ToString(a.PrivateIPv4Address)))
			}
		}
		if s.More["addresses"] = strings.Join(addresses, " "); strings.Contains(s.More["addresses"], "eipalloc-") {
			s.More["addresses"] = fmt.Sprintf("%d of Elastic IPs", strings.Count(s.More["addresses"], "eipalloc-"))
		}
		s.More["in"] = strings.Join(zones, " ")
	}
	if got, err := e.elb.DescribeLoadBalancerAttributes(e.Context(), &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &b.ARN}); err == nil {
		for _, a := range got.Attributes {
			s.More["balancer "+*a.Key] = awssdk.ToString(a.Value)
		}
	}
}

// target adds a target group's check, stickiness and attributes.
func (s *shape) target(e *amazon, g awssim.TargetGroup) {
	for key, value := range g.Attributes {
		s.More[key] = value
	}
	s.Affinity = g.Attributes["stickiness.enabled"] == "true"
	got, err := e.elb.DescribeTargetGroups(e.Context(), &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{g.ARN}})
	if err != nil {
		return
	}
	one := got.TargetGroups[0]
	s.Check = strings.ToLower(string(one.HealthCheckProtocol)) + ":" + *one.HealthCheckPort + awssdk.ToString(one.HealthCheckPath)
	s.More["interval"] = fmt.Sprint(awssdk.ToInt32(one.HealthCheckIntervalSeconds))
}

// sources adds who may connect, and which nodes a packet of theirs arrives at.
func (e *amazon) sources(s *shape, b awssim.Balancer, o cloud.Owner) {
	for _, g := range e.sim.SecurityGroups() {
		if !of(g.Tags, o) {
			continue
		}
		for _, r := range g.Rules {
			peer, _, _ := strings.Cut(strings.TrimPrefix(r, "peer: "), ",")
			s.From = append(s.From, peer)
		}
	}
	for _, from := range s.From {
		p, err := netip.ParsePrefix(from)
		if err != nil || p.Addr().Is6() {
			continue
		}
		client := p.Addr().Next()
		for _, l := range s.Listens {
			protocol, port, _ := strings.Cut(l, "/")
			var n int
			_, _ = fmt.Sscan(port, &n)
			ids, _ := e.sim.Reaches(b.Name, protocol, n, client)
			for name, id := range e.machines {
				if slices.Contains(ids, id) {
					s.Nodes = append(s.Nodes, name)
				}
			}
		}
	}
}

func (e *amazon) marked() map[string]cloud.Owner {
	out := map[string]cloud.Owner{}
	note := func(kind, name string, tags map[string]string) {
		if id := tags["vpcnative.dev/cluster-id"]; id != "" {
			out[kind+" "+name] = cloud.Owner{ClusterID: id, Kind: tags["vpcnative.dev/kind"], Namespace: tags["vpcnative.dev/namespace"], Name: tags["vpcnative.dev/name"]}
		}
	}
	for _, b := range e.sim.Balancers() {
		note("LoadBalancer", b.Name, b.Tags)
	}
	for _, g := range e.sim.TargetGroups() {
		note("TargetGroup", g.Name, g.Tags)
	}
	for _, g := range e.sim.SecurityGroups() {
		note("SecurityGroup", g.Name, g.Tags)
	}
	return out
}

func (e *amazon) balancer(o cloud.Owner) awssim.Balancer {
	all := e.sim.Balancers()
	return all[slices.IndexFunc(all, func(b awssim.Balancer) bool { return of(b.Tags, o) })]
}

func (e *amazon) harms(o cloud.Owner) []harm {
	target := func() *string { return &e.balancer(o).Listeners[0].TargetGroups[0] }
	group := func() *string {
		all := e.sim.SecurityGroups()
		return &all[slices.IndexFunc(all, func(g awssim.SecurityGroup) bool { return of(g.Tags, o) })].ID
	}
	world := []ec2types.IpPermission{{IpProtocol: new("tcp"), FromPort: new(int32(80)), ToPort: new(int32(80)), IpRanges: []ec2types.IpRange{{CidrIp: new("0.0.0.0/0")}}}}
	others := []ec2types.IpPermission{{IpProtocol: new("tcp"), FromPort: new(int32(22)), ToPort: new(int32(22)), IpRanges: []ec2types.IpRange{{CidrIp: new("192.0.2.0/24")}}}}
	return []harm{
		{"the listener is deleted", func() {
			_, err := e.elb.DeleteListener(e.Context(), &elb.DeleteListenerInput{ListenerArn: &e.balancer(o).Listeners[0].ARN})
			e.must(err)
		}},
		{"the rule for clients is revoked", func() {
			_, err := e.ec2.RevokeSecurityGroupIngress(e.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: group(), IpPermissions: world})
			e.must(err)
		}},
		{"others are let in", func() {
			_, err := e.ec2.AuthorizeSecurityGroupIngress(e.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: group(), IpPermissions: others})
			e.must(err)
		}},
		{"a target is taken out", func() {
			_, err := e.elb.DeregisterTargets(e.Context(), &elb.DeregisterTargetsInput{TargetGroupArn: target(), Targets: []types.TargetDescription{{Id: new(e.machines["n1"])}}})
			e.must(err)
		}},
		{"another check", func() {
			_, err := e.elb.ModifyTargetGroup(e.Context(), &elb.ModifyTargetGroupInput{TargetGroupArn: target(), HealthCheckPath: new("/livez")})
			e.must(err)
		}},
		{"the balancer is deleted", func() {
			_, err := e.elb.DeleteLoadBalancer(e.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: new(e.balancer(o).ARN)})
			e.must(err)
		}},
	}
}

// impossibleAddress is the subnet's router.
func (e *amazon) impossibleAddress() []string {
	return []string{"vpcnative.dev/subnets", e.back[ec2Zones[0]], "service.beta.kubernetes.io/aws-load-balancer-private-ipv4-addresses", "10.2.16.1"}
}

func (e *amazon) fullSubnet() []string {
	e.Helper()
	id, err := e.sim.AddSubnet(e.vpc, netip.MustParsePrefix("10.2.8.0/28"), ec2Zones[0])
	e.must(err)
	for range 4 { // 11 are free, and ELB wants 8
		_, err := e.sim.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: id}}})
		e.must(err)
	}
	return []string{"vpcnative.dev/subnets", id}
}

func (e *amazon) onChange(do func(string)) {
	e.sim.Inject(awssim.Fault{Before: func(c awssim.Call) {
		if c.Mutating {
			do(strings.TrimSpace(c.Action + " " + c.Resource))
		}
	}})
}

func (e *amazon) reads() int   { return len(e.sim.Calls()) - e.sim.MutatingCalls() }
func (e *amazon) changes() int { return e.sim.MutatingCalls() }

func (e *amazon) fail(f fault) (undo func()) {
	out := awssim.Fault{Action: f.method, Count: f.count, Every: f.every, LostReply: f.lost, Hang: f.hang}
	switch {
	case f.denied:
		out.Error = &awssim.APIError{Status: 403, Code: "AccessDenied", Message: "User is not authorized to perform: elasticloadbalancing:" + f.method}
	case f.throttled:
		out.Error = &awssim.APIError{Status: 503, Code: "RequestLimitExceeded", Message: "Request limit exceeded."}
	case f.quota:
		out.Error = &awssim.APIError{Status: 400, Code: "TooManyLoadBalancers", Message: "The maximum number of load balancers has been reached"}
	}
	return e.sim.Inject(out).Remove
}
