package aws_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

var owner = cloud.Owner{ClusterID: "c", Kind: "RangeRequest", Name: "pods"}

func (w *world) ours(p string) cloud.Range {
	return cloud.Range{Subnet: w.subnet, Name: owner.ObjectName(0), Prefix: prefix(p)}
}

// The description cannot be changed, so that a lost tag loses no range.
func TestAMarkOutlivesItsTag(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	r := w.ours("10.0.128.0/20")
	w.must(w.vpc.Ranges.Create(t.Context(), r))
	made := w.sim.Reservations(w.subnet)[1]
	if made.Type != "explicit" || made.Description != r.Name || made.Tags["Name"] != r.Name {
		t.Fatalf("made %+v", made)
	}
	w.must(w.sim.Retag(made.ID, nil))
	snap, err := w.settled().Space.Read(t.Context())
	w.must(err)
	if got := snap.Subnets[0].Ranges; !slices.Contains(got, r) {
		t.Errorf("read %v", got)
	}
	w.must(w.vpc.Ranges.Create(t.Context(), r))
	w.must(w.vpc.Ranges.Delete(t.Context(), r))
	if left := w.sim.Reservations(w.subnet); len(left) != 1 {
		t.Errorf("left are %+v", left)
	}
}

func TestAReservationOfAnotherTypeIsConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	r := w.ours("10.0.128.0/20")
	_, err := w.sim.AddReservation(awssim.Reservation{Subnet: w.subnet, Prefix: r.Prefix, Type: "prefix", Description: r.Name})
	w.must(err)
	w.wants(cloud.Conflict, w.vpc.Ranges.Create(t.Context(), r), "type prefix")
	w.wants(cloud.Conflict, w.vpc.Ranges.Delete(t.Context(), r), "type prefix")
}

func TestARaceForAPrefixIsConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	r := w.ours("10.0.128.0/20")
	w.sim.Inject(awssim.Fault{Action: "CreateSubnetCidrReservation", Count: 1, Before: func(awssim.Call) {
		w.AddRange(cloud.Range{Subnet: w.subnet, Name: "theirs", Prefix: prefix("10.0.130.0/24")})
	}})
	w.wants(cloud.Conflict, w.vpc.Ranges.Create(t.Context(), r), "theirs")
}

func TestRangesThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	for _, p := range []netip.Prefix{{}, prefix("10.0.128.0/29"), prefix("10.0.128.1/20"), prefix("2001:db8::/64"), prefix("10.1.0.0/20")} {
		w.wants(cloud.Invalid, w.vpc.Ranges.Create(t.Context(), cloud.Range{Subnet: w.subnet, Name: "x", Prefix: p}))
	}
	absent := w.ours("10.0.128.0/20")
	absent.Subnet = "subnet-0badc0ffee"
	w.wants(cloud.NotFound, w.vpc.Ranges.Create(t.Context(), absent), absent.Subnet)
	w.wants(cloud.NotFound, w.vpc.Ranges.Delete(t.Context(), absent), absent.Subnet)
}

func TestARangeInUseSaysByWhom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	r := w.ours("10.0.128.0/20")
	w.must(w.vpc.Ranges.Create(t.Context(), r))
	_, err := w.sim.AddInterface(awssim.Interface{Subnet: w.subnet, IP: netip.MustParseAddr("10.0.129.5"), Description: "NAT"})
	w.must(err)
	id := w.add("m5.8xlarge", "vm")
	w.must(w.attach(w.get(id), "10.0.130.0/24"))
	w.wants(cloud.Conflict, w.vpc.Ranges.Delete(t.Context(), r), w.get(id).InstanceUID, "10.0.130.0/28")
	w.must(w.detach(w.get(id), "10.0.130.0/24"))
	w.must(w.vpc.Ranges.Delete(t.Context(), r)) // the lone address stays, and is no obstacle
}

// EC2 refuses no deletion of a reservation.
func TestADeletedRangeOutOfWhichOneDrawsIsPutBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	r := w.ours("10.0.128.0/20")
	w.must(w.vpc.Ranges.Create(t.Context(), r))
	id := w.add("m5.8xlarge", "vm")
	w.sim.Inject(awssim.Fault{Action: "DeleteSubnetCidrReservation", Count: 1, Before: func(awssim.Call) {
		w.must(w.sim.Assign(w.card(id).ID, prefix("10.0.130.0/28")))
	}})
	w.wants(cloud.Conflict, w.vpc.Ranges.Delete(t.Context(), r), w.get(id).InstanceUID, "10.0.130.0/28")
	if got := w.sim.Reservations(w.subnet); len(got) != 2 || got[1].Prefix != r.Prefix || got[1].Description != r.Name {
		t.Errorf("the subnet has %+v", got)
	}
}

func TestARangeIsOneOfManyPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	for n := range 1100 {
		w.AddRange(cloud.Range{Subnet: w.subnet, Name: "theirs", Prefix: nth("10.0.128.0/17", 28, n)})
	}
	r := w.ours("10.0.32.0/20")
	w.must(w.vpc.Ranges.Create(t.Context(), r))
	w.must(w.settled().Ranges.Create(t.Context(), r))
	if n := w.sim.CallCounts()["CreateSubnetCidrReservation"]; n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestSpaceShowsWhatIsUsedInASubnet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	_, err := w.sim.AddInterface(awssim.Interface{Subnet: w.subnet, IP: netip.MustParseAddr("10.0.7.7"), Description: "ELB net/lb", Prefixes: []netip.Prefix{prefix("10.0.65.0/28")}})
	w.must(err)
	_, err = w.sim.AddInterface(awssim.Interface{Subnet: w.subnet, IP: netip.MustParseAddr("10.0.7.6"), Prefixes: []netip.Prefix{prefix("10.0.65.16/28")}})
	w.must(err)
	for to, via := range map[string]string{"0.0.0.0/0": "igw-1", "10.0.0.0/8": "tgw-1", "192.168.9.0/24": "tgw-1", "10.8.0.0/16": "pcx-1"} {
		w.must(w.sim.AddRoute(w.vpcID, prefix(to), via))
	}
	snap, err := w.settled().Space.Read(t.Context())
	w.must(err)
	want := []netip.Prefix{prefix("10.0.0.0/30"), prefix("10.0.7.6/31"), prefix("10.0.65.0/27"), prefix("10.0.255.255/32")}
	if got := snap.Subnets[0]; !slices.Equal(got.Used, want) || got.Primary != prefix("10.0.0.0/16") {
		t.Errorf("read %+v", got)
	}
	kinds := map[netip.Prefix]cloud.Kind{}
	for _, o := range snap.Occupied {
		kinds[o.Prefix] = o.Kind
	}
	for p, kind := range map[string]cloud.Kind{"10.0.0.0/16": cloud.SubnetPrimary, podRange: cloud.SubnetReservation,
		"192.168.9.0/24": cloud.StaticRoute, "10.8.0.0/16": cloud.PeeringRoute, "0.0.0.0/0": "", "10.0.0.0/8": "", "169.254.0.0/16": cloud.Prohibited} {
		if kinds[prefix(p)] != kind {
			t.Errorf("%s is %q, want %q", p, kinds[prefix(p)], kind)
		}
	}
}

func TestSpaceCallsGrowWithPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	for range 1500 {
		w.add("t3.small", "vm")
	}
	_, err := w.settled().Space.Read(t.Context())
	w.must(err)
	if n := len(w.sim.Calls()); n != 6 {
		t.Errorf("%d calls: %v", n, w.sim.CallCounts())
	}
}

// A node subnet that is gone is said, and what is there is read all the same.
func TestSpaceWithoutANodeSubnet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	const gone = "subnet-0123456789abcdef0"
	snap, err := w.connect(func(c *aws.Config) { c.Subnets = []string{gone, w.subnet} }).Space.Read(t.Context())
	if !cloud.Is(err, cloud.NotFound) || !strings.Contains(err.Error(), gone) || !strings.Contains(err.Error(), w.subnet) {
		t.Errorf("it gave %v", err)
	}
	if len(snap.Subnets) != 1 || len(snap.Subnets[0].Ranges) != 1 || len(snap.Occupied) == 0 {
		t.Errorf("it read %+v", snap)
	}
	snap, err = w.connect(func(c *aws.Config) { c.VPC = "vpc-0123456789abcdef0" }).Space.Read(t.Context())
	if !cloud.Is(err, cloud.NotFound) || len(snap.Occupied) > 0 {
		t.Errorf("a VPC that is gone gave %+v, %v", snap, err)
	}
}
