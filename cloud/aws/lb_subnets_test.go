package aws_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

var atTheEdge = awssim.Config{Zones: zones, LocalZones: []string{"eu-west-1-dub-1a"}, WavelengthZones: []string{"eu-west-1-wl1-dub-wlz-1"}}

var anywhere = netip.MustParsePrefix("0.0.0.0/0")

// newUntagged is a VPC whose subnets nobody tagged. The public ones have a
// route table of their own, which leads to the internet gateway.
func newUntagged(t *testing.T, c awssim.Config) *balanced {
	t.Helper()
	w := newBalanced(t, c)
	for _, subnets := range []map[string]string{w.public, w.places} {
		for _, id := range subnets {
			w.untag(id, "kubernetes.io/role/elb", "kubernetes.io/role/internal-elb")
		}
	}
	w.must(w.sim.AddRoute(w.vpcID, anywhere, "nat-0123"))
	w.table(w.gateway, w.public[zones[0]], w.public[zones[1]], w.public[zones[2]])
	return w
}

func (w *balanced) untag(id string, keys ...string) {
	w.Helper()
	in := &ec2.DeleteTagsInput{Resources: []string{id}}
	for _, key := range keys {
		in.Tags = append(in.Tags, ec2types.Tag{Key: &key})
	}
	_, err := w.ec2.DeleteTags(w.Context(), in)
	w.must(err)
}

// table makes a route table of those subnets that leads to a gateway.
func (w *balanced) table(via string, subnets ...string) (id string) {
	w.Helper()
	id, err := w.sim.AddRouteTable(w.vpcID, subnets...)
	w.must(err)
	w.must(w.sim.AddRouteTo(id, anywhere, via))
	return id
}

func (w *balanced) subnet(in ec2.CreateSubnetInput) string {
	w.Helper()
	in.VpcId = &w.vpcID
	got, err := w.ec2.CreateSubnet(w.Context(), &in)
	w.must(err)
	return *got.Subnet.SubnetId
}

// in wants the one balancer to be in those subnets.
func (w *balanced) in(want map[string]string) {
	w.Helper()
	got := slices.Sorted(slices.Values(w.one().Subnets))
	var ids []string
	for _, id := range want {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		w.Errorf("it is in %v, want %v", got, ids)
	}
}

// said are the remarks on the wanted balancer.
func (w *balanced) said(b lb.LoadBalancer) string {
	w.Helper()
	want, err := w.lb.Want(cloudtest.On(b, w.nodes), w.read())
	w.must(err)
	var all []string
	for _, x := range want {
		all = append(all, x.Remarks...)
	}
	return strings.Join(all, "\n")
}

// TestUntaggedSubnetsAreChosenByWhatTheyAre: what serves is found by the zones,
// the route tables and the room of the subnets, and what is passed over is named.
func TestUntaggedSubnetsAreChosenByWhatTheyAre(t *testing.T) {
	t.Parallel()
	w := newUntagged(t, atTheEdge)
	edge := map[string]string{
		w.subnet(ec2.CreateSubnetInput{CidrBlock: new("10.0.240.0/24"), AvailabilityZone: new("eu-west-1-dub-1a")}):            "it is in a Local Zone",
		w.subnet(ec2.CreateSubnetInput{CidrBlock: new("10.0.241.0/24"), AvailabilityZone: new("eu-west-1-wl1-dub-wlz-1")}):     "it is in a Wavelength Zone",
		w.subnet(ec2.CreateSubnetInput{CidrBlock: new("10.0.224.0/20"), OutpostArn: new("arn:aws:outposts:eu-west-1:1:op-1")}): "it is on an Outpost",
	}
	six, err := w.sim.AddIPv6(w.places[zones[0]])
	w.must(err)
	next := six.Addr().As16()
	next[7]++
	edge[w.subnet(ec2.CreateSubnetInput{Ipv6Native: new(true), Ipv6CidrBlock: new(netip.AddrFrom16(next).String() + "/64"), AvailabilityZone: &zones[1]})] = "it has IPv6 only"
	var all []string
	for id := range edge {
		all = append(all, id)
	}
	w.table(w.gateway, all...)
	for _, one := range []struct {
		scheme lb.Scheme
		want   map[string]string
	}{{lb.External, w.public}, {lb.Internal, w.places}} {
		b := service("web", func(b *lb.LoadBalancer) { b.Scheme = one.scheme })
		w.made(b)
		w.in(one.want)
		w.reaches("tcp", 80, 3)
		said := w.said(b)
		for id, why := range edge {
			if !strings.Contains(said, "subnet "+id+" in ") || !strings.Contains(said, why) {
				t.Errorf("%s: of %s it says\n%s\nwant %s", one.scheme, id, said, why)
			}
			b.Attributes[lb.AttributeSubnets] = id
			_, err := w.lb.Want(cloudtest.On(b, w.nodes), w.read())
			w.refused(err, cloud.Invalid)
		}
		delete(b.Attributes, lb.AttributeSubnets)
		w.must(w.gone(b))
	}
}

// TestTheMainTableCountsWhereASubnetHasNone, and its own where it has one.
func TestTheMainTableCountsWhereASubnetHasNone(t *testing.T) {
	t.Parallel()
	w := newUntagged(t, awssim.Config{})
	for _, r := range w.sim.Routes(w.vpcID, "") {
		main, err := w.ec2.DescribeRouteTables(t.Context(), &ec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{{Name: new("association.main"), Values: []string{"true"}}}})
		w.must(err)
		w.must(w.sim.RemoveRoute(*main.RouteTables[0].RouteTableId, netip.MustParsePrefix(r.To)))
	}
	w.must(w.sim.AddRoute(w.vpcID, anywhere, w.gateway))
	w.table("nat-0123", w.public[zones[0]], w.public[zones[1]], w.public[zones[2]])
	b := service("web")
	w.made(b)
	w.in(w.places)

	none := w.table("nat-0123", w.places[zones[0]], w.places[zones[1]], w.places[zones[2]])
	_, err := w.lb.Want(cloudtest.On(service("other"), w.nodes), w.read())
	w.refused(err, cloud.NotFound)
	if want := "its route table " + none + " leads 0.0.0.0/0 to nat-0123"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not say %s", err, want)
	}
	w.settled(b) // which has no better place
}

// TestWhereABalancerIsItStays: how much room a subnet has changes all the time.
func TestWhereABalancerIsItStays(t *testing.T) {
	t.Parallel()
	w := newUntagged(t, awssim.Config{})
	wide := map[string]string{}
	for n, zone := range zones {
		wide[zone] = w.subnet(ec2.CreateSubnetInput{CidrBlock: new(nth("10.0.128.0/17", 23, n).String()), AvailabilityZone: &zone})
	}
	w.table(w.gateway, wide[zones[0]], wide[zones[1]], wide[zones[2]])
	b := service("web")
	w.made(b)
	w.in(wide)
	arn := w.one().ARN
	for n, zone := range zones {
		id := w.subnet(ec2.CreateSubnetInput{CidrBlock: new(nth("10.0.192.0/18", 21, n).String()), AvailabilityZone: &zone})
		w.table(w.gateway, id)
	}
	for range 510 {
		if _, err := w.sim.AddInterface(awssim.Interface{Subnet: wide[zones[0]]}); err != nil {
			break
		}
	}
	w.settled(b)
	b.Listeners = append(b.Listeners, port(lb.TCP, 443, 30443))
	w.made(b)
	w.in(wide)

	// A public place says nothing about where one for clients inside is to be.
	b.Scheme = lb.Internal
	w.made(b)
	if w.one().ARN == arn {
		t.Error("it was not replaced")
	}
	w.in(w.places)
}

// TestASubnetWithTheAddressAskedForIsTaken, whichever has more room.
func TestASubnetWithTheAddressAskedForIsTaken(t *testing.T) {
	t.Parallel()
	w := newUntagged(t, awssim.Config{})
	tiny := w.subnet(ec2.CreateSubnetInput{CidrBlock: new("10.0.250.0/28"), AvailabilityZone: &zones[0]})
	for range 9 { // two are left, of which the address asked for is enough
		_, err := w.sim.AddInterface(awssim.Interface{Subnet: tiny})
		w.must(err)
	}
	b := service("web", func(b *lb.LoadBalancer) {
		b.Scheme, b.Attributes[lb.AttributePrivateIPv4] = lb.Internal, "10.0.250.14"
	})
	w.made(b)
	w.in(map[string]string{"": tiny})
}

// TestWhoMayNotAskForZonesKeepsWhatServes: a policy from before this version.
func TestWhoMayNotAskForZonesKeepsWhatServes(t *testing.T) {
	t.Parallel()
	w := newUntagged(t, awssim.Config{})
	b := service("web")
	w.made(b)
	w.sim.Inject(awssim.Fault{Action: "DescribeAvailabilityZones", Error: &awssim.APIError{Status: 403, Code: "UnauthorizedOperation", Message: "no"}})
	w.lb = newAdapter(t, w.url, w.vpcID, 0)
	b.Listeners = append(b.Listeners, port(lb.TCP, 443, 30443))
	w.made(b)
	w.reaches("tcp", 443, 3)
	_, err := w.lb.Want(cloudtest.On(service("other"), w.nodes), w.read())
	w.refused(err, cloud.NotFound)
	if err == nil || !strings.Contains(err.Error(), "allow ec2:DescribeAvailabilityZones") {
		t.Errorf("%v does not say what to allow", err)
	}
}

// TestZonesAreAskedForOnce: a zone's type does not change.
func TestZonesAreAskedForOnce(t *testing.T) {
	t.Parallel()
	w := newUntagged(t, awssim.Config{})
	for range 3 {
		w.read()
	}
	if n := w.sim.CallCounts()["DescribeAvailabilityZones"]; n != 1 {
		t.Errorf("%d calls", n)
	}
}
