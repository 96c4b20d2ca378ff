package aws_test

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// balanced is a VPC of three zones with subnets for balancers and for nodes,
// nodes in a security group of their own, and an adapter to it.
type balanced struct {
	*testing.T
	sim   *awssim.Sim
	url   string
	vpcID string
	// gateway is its internet gateway; no route leads there.
	gateway string
	ec2     *ec2.Client
	elb     *elb.Client
	lb      lb.Balancers
	nodes   lb.NodeSet
	sg      string            // of the nodes
	public  map[string]string // subnets for balancers, by zone
	places  map[string]string // subnets of nodes, by zone
}

var zones = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}

var client = netip.MustParseAddr("192.0.2.1")

func newBalanced(t *testing.T, c awssim.Config, edits ...func(*aws.BalancerConfig)) *balanced {
	t.Helper()
	w := &balanced{T: t, sim: awssim.New(c), public: map[string]string{}, places: map[string]string{}, nodes: lb.NodeSet{ClusterID: "c1", Name: "all"}}
	url, stop, err := w.sim.Serve("127.0.0.1:0")
	w.must(err)
	t.Cleanup(stop)
	w.url = url
	secret := credentials.NewStaticCredentialsProvider("AKID", "secret", "")
	w.ec2 = ec2.New(ec2.Options{Region: "eu-west-1", BaseEndpoint: &url, Credentials: secret, Retryer: awssdk.NopRetryer{}})
	w.elb = elb.New(elb.Options{Region: "eu-west-1", BaseEndpoint: &url, Credentials: secret, Retryer: awssdk.NopRetryer{}})
	w.vpcID, err = w.sim.AddVPC(prefix("10.0.0.0/16"))
	w.must(err)
	w.gateway, err = w.sim.AddInternetGateway(w.vpcID)
	w.must(err)
	for n, zone := range zones {
		w.public[zone], err = w.sim.AddSubnet(w.vpcID, nth("10.0.0.0/16", 24, n), zone)
		w.must(err)
		w.places[zone], err = w.sim.AddSubnet(w.vpcID, nth("10.0.0.0/16", 20, n+1), zone)
		w.must(err)
		w.tag(w.public[zone], "kubernetes.io/role/elb", "1")
		w.tag(w.places[zone], "kubernetes.io/role/internal-elb", "1")
	}
	w.soon(func() bool {
		made, err := w.ec2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: awssdk.String("nodes"), Description: awssdk.String("nodes"), VpcId: &w.vpcID})
		if err == nil {
			w.sg = *made.GroupId
		}
		return err == nil
	})
	for n := range 3 {
		w.addNode(zones[n])
	}
	w.lb = newAdapter(t, url, w.vpcID, 2*time.Second, edits...)
	return w
}

func newAdapter(t *testing.T, url, vpcID string, patience time.Duration, edits ...func(*aws.BalancerConfig)) lb.Balancers {
	t.Helper()
	b := aws.BalancerConfig{Patience: patience}
	for _, edit := range edits {
		edit(&b)
	}
	_, balancers, closer, err := aws.New(t.Context(), aws.Config{
		Region: "eu-west-1", VPC: vpcID, Endpoint: url, AccessKey: "AKID", SecretKey: "secret", RetryPolicy: cloud.RetryPolicy{BackoffMin: time.Millisecond, BackoffMax: 20 * time.Millisecond, Retries: 4}, ReadLag: readLag}, b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closer)
	return balancers
}

func attribute(key, value string) []elbtypes.LoadBalancerAttribute {
	return []elbtypes.LoadBalancerAttribute{{Key: &key, Value: &value}}
}

func (w *balanced) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *balanced) tag(id, key, value string) {
	w.Helper()
	w.soon(func() bool { // what is fresh is not known everywhere
		_, err := w.ec2.CreateTags(w.Context(), &ec2.CreateTagsInput{Resources: []string{id}, Tags: []ec2types.Tag{{Key: &key, Value: &value}}})
		return err == nil
	})
}

// addNode adds a machine in the nodes' security group.
func (w *balanced) addNode(zone string) lb.Node {
	w.Helper()
	vm, err := w.sim.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: w.places[zone]}}})
	w.must(err)
	w.soon(func() bool {
		_, err := w.ec2.ModifyNetworkInterfaceAttribute(w.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &vm.Interfaces[0].ID, Groups: []string{w.sg}})
		return err == nil
	})
	n := lb.Node{ProviderID: "aws:///" + zone + "/" + vm.ID, Zone: zone, Subnet: w.places[zone], Addresses: []netip.Addr{vm.Interfaces[0].IP}}
	w.nodes.Nodes = append(w.nodes.Nodes, n)
	return n
}

// service is a balancer for TCP port 80 on NodePort 30080, for everyone.
func service(name string, edits ...func(*lb.LoadBalancer)) lb.LoadBalancer {
	b := lb.LoadBalancer{
		Owner: cloud.Owner{ClusterID: "c1", Kind: "Service", Namespace: "default", Name: name}, Scheme: lb.External,
		Frontends: []lb.Frontend{{Family: lb.IPv4}}, Backends: map[string]lb.Backend{"nodes": {Check: lb.KubeProxyCheck, Attributes: map[string]string{}}},
		AllowedSources: []netip.Prefix{prefix("0.0.0.0/0")}, Attributes: map[string]string{},
	}
	b.Listeners = []lb.Listener{port(lb.TCP, 80, 30080)}
	for _, edit := range edits {
		edit(&b)
	}
	return b
}

func port(protocol lb.Protocol, number, node uint16) lb.Listener {
	return lb.Listener{Protocol: protocol, Port: number, To: lb.Target{Backend: "nodes", NodePort: node}}
}

func (w *balanced) read(of ...cloud.Owner) lb.State {
	w.Helper()
	w.sim.Settle()
	got, err := w.lb.Read(w.Context(), "c1", of...)
	w.must(err)
	return got
}

func (w *balanced) plan(b lb.LoadBalancer, got lb.State) lb.Actions {
	w.Helper()
	want, err := w.lb.Want(cloudtest.On(b, w.nodes), got)
	w.must(err)
	return lb.Plan(w.lb.Rules(), got, lb.Goal{Owner: b.Owner, Want: want})
}

// apply makes it so, by one plan, and gives the plan.
func (w *balanced) apply(b lb.LoadBalancer) (lb.Actions, error) {
	w.Helper()
	got := w.read(b.Owner)
	w.look(b, got)
	p := w.plan(b, got)
	err := lb.Run(w.Context(), w.lb, p, got)
	return p, errors.Join(err, w.keep(got))
}

// changes are what is to change of what the pools hold.
func (w *balanced) changes(got lb.State) []members.Change {
	w.Helper()
	changes, err := cloudtest.MemberChanges(w.Context(), w.lb, w.nodes, got)
	w.must(err)
	return changes
}

// keep brings about what the pools hold.
func (w *balanced) keep(got lb.State) error {
	return cloudtest.KeepMembers(w.Context(), w.lb, w.nodes, got)
}

// look enters how what the plan waits for is by now.
func (w *balanced) look(b lb.LoadBalancer, got lb.State) {
	w.Helper()
	at := lb.State{}
	for _, ref := range w.plan(b, got).Looks() {
		at[ref] = got[ref]
	}
	w.sim.Settle()
	seen, err := w.lb.Look(w.Context(), at)
	w.must(err)
	maps.Copy(got, seen)
}

// settled wants it to be as it should be, by both ways of reading.
func (w *balanced) settled(b lb.LoadBalancer) {
	w.Helper()
	for name, got := range map[string]lb.State{"the whole": w.read(), "the owner": w.read(b.Owner)} {
		if p := w.plan(b, got); len(p) > 0 {
			w.Errorf("by reading %s there is still\n%s", name, p)
		}
	}
}

// made applies as often as it takes: what serves goes when what takes its place
// serves, which shows in the next reading.
func (w *balanced) made(b lb.LoadBalancer) {
	w.Helper()
	for range 100 {
		p, err := w.apply(b)
		w.must(err)
		if len(p.Waits()) == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.settled(b)
}

// gone takes all that the owner has away.
func (w *balanced) gone(b lb.LoadBalancer) error {
	w.Helper()
	got := w.read(b.Owner)
	return lb.Run(w.Context(), w.lb, lb.Plan(w.lb.Rules(), got, lb.Goal{Owner: b.Owner}), got)
}

// one is the balancer that there is.
func (w *balanced) one() awssim.Balancer {
	w.Helper()
	all := w.sim.Balancers()
	if len(all) != 1 {
		w.Fatalf("there are %d balancers", len(all))
	}
	return all[0]
}

// reaches wants clients to arrive at so many nodes.
func (w *balanced) reaches(protocol string, port, nodes int) {
	w.Helper()
	got, err := w.sim.Reaches(w.one().Name, protocol, port, client)
	if len(got) != nodes || err != nil && nodes > 0 {
		w.Errorf("%s port %d reaches %v (%v), want %d nodes", protocol, port, got, err, nodes)
	}
}

func (w *balanced) refused(err error, r cloud.Reason) {
	w.Helper()
	if !cloud.Is(err, r) {
		w.Errorf("got %v (%s), want %s", err, cloud.ReasonOf(err), r)
		return
	}
	if e, _ := errors.AsType[*cloud.Error](err); e.Remedy == "" {
		w.Errorf("%v says nothing to do about it", err)
	}
}

func names(p lb.Actions) (out []string) {
	for _, a := range p {
		out = append(out, string(a.Verb)+" "+a.Kind)
	}
	slices.Sort(out)
	return out
}
