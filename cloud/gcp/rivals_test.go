package gcp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

func attach(t *testing.T, vpc *cloud.VPC, i cloud.Interface, a cloud.Attachment) error {
	op, err := vpc.Interfaces.Attach(t.Context(), i, a)
	if err != nil {
		return err
	}
	return vpc.Interfaces.Wait(t.Context(), op)
}

func piece(n int) cloud.Attachment {
	return cloud.Attachment{Prefix: nth("10.4.0.0/14", 24, n), Range: "pods"}
}

// Two managers and one machine: what each puts there stays there.
func TestTwoManagersOnOneMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Latency: 20 * time.Millisecond})
	vpcs := []*cloud.VPC{w.vpc, w.connect()}
	i, err := w.vpc.Interfaces.Get(t.Context(), w.AddInstance("vm"))
	w.must(err)
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() {
			if err := attach(t, vpcs[n%2], i, piece(n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if held := w.Held(i.Instance); len(held) != 6 {
		t.Errorf("it holds %v, want all six", held)
	}
}

// Two managers promise one prefix to two machines: one gets it.
func TestTwoManagersWithOnePrefix(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Latency: 20 * time.Millisecond})
	vpcs := []*cloud.VPC{w.vpc, w.connect()}
	results := make([]error, 2)
	var all sync.WaitGroup
	for n, vpc := range vpcs {
		i, err := vpc.Interfaces.Get(t.Context(), w.AddInstance(fmt.Sprint("vm-", n)))
		w.must(err)
		all.Go(func() { results[n] = attach(t, vpc, i, piece(0)) })
	}
	all.Wait()
	if (results[0] == nil) == (results[1] == nil) || !cloud.Is(results[0], cloud.Conflict) && !cloud.Is(results[1], cloud.Conflict) {
		t.Errorf("one has to win and the other to meet a Conflict; got %v and %v", results[0], results[1])
	}
}

func TestLimitsAndQuotas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Quotas: map[string]int{gcesim.QuotaAliases: 151}})
	var full []cloud.Attachment
	for n := range 150 {
		full = append(full, piece(n))
	}
	i, err := w.vpc.Interfaces.Get(t.Context(), w.AddInstance("full", full...))
	w.must(err)
	if err := attach(t, w.vpc, i, piece(200)); !cloud.Is(err, cloud.LimitExceeded) {
		t.Errorf("the 151st range gave %v, want LimitExceeded", err)
	}
	w.AddInstance("last", piece(201))
	i, err = w.vpc.Interfaces.Get(t.Context(), w.AddInstance("over"))
	w.must(err)
	if err := attach(t, w.vpc, i, piece(202)); !cloud.Is(err, cloud.QuotaExceeded) {
		t.Errorf("one over the quota gave %v, want QuotaExceeded", err)
	}
}

func TestRangeLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	all := []gcesim.SecondaryRange{{Name: "pods", Prefix: prefix("10.4.0.0/14")}}
	for n := range 169 {
		all = append(all, gcesim.SecondaryRange{Name: fmt.Sprint("r", n), Prefix: nth("10.64.0.0/12", 24, n)})
	}
	w.must(w.sim.SetSecondaryRanges(project, region, subnet, all...))
	err := w.vpc.Ranges.Create(t.Context(), cloud.Range{Subnet: subnet, Name: "more", Prefix: prefix("10.80.0.0/24")})
	if !cloud.Is(err, cloud.LimitExceeded) {
		t.Errorf("the 171st range gave %v, want LimitExceeded", err)
	}
}

// In a shared VPC the network and its ranges are in the host project, the
// machines and their operations in the service projects.
func TestSharedVPC(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{Latency: 20 * time.Millisecond})
	for _, p := range []string{"svc1", "svc2"} {
		_, err := w.sim.AddInstance(gcesim.Instance{Project: p, Zone: zone, Name: "vm", Interfaces: []gcesim.Interface{{
			Network: "projects/p1/global/networks/vpc", Subnetwork: "projects/p1/regions/us-central1/subnetworks/nodes"}}})
		w.must(err)
	}
	vpc := w.connect(func(c *gcp.Config) {
		c.Project, c.InstanceProjects, c.NetworkProject = "svc1", []string{"svc2"}, project
	})
	w.must(vpc.Ranges.Create(t.Context(), cloud.Range{Subnet: subnet, Name: "ours", Prefix: prefix("10.64.0.0/16")}))
	n := 0
	for i, err := range vpc.Interfaces.List(t.Context()) {
		w.must(err)
		w.must(attach(t, vpc, i, piece(n)))
		n++
	}
	if n != 2 {
		t.Errorf("%d machines, want one in each service project", n)
	}
}

// A node subnet that is gone is said, and what is there is read all the same.
func TestSpaceWithoutANodeSubnet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	snap, err := w.connect(func(c *gcp.Config) { c.Subnetworks = []string{"gone", subnet} }).Space.Read(t.Context())
	if !cloud.Is(err, cloud.NotFound) || !strings.Contains(err.Error(), "gone") || !strings.Contains(err.Error(), subnet) {
		t.Errorf("it gave %v", err)
	}
	if len(snap.Subnets) != 1 || len(snap.Subnets[0].Ranges) != 1 || len(snap.Occupied) == 0 {
		t.Errorf("it read %+v", snap)
	}
	snap, err = w.connect(func(c *gcp.Config) { c.Network = "gone" }).Space.Read(t.Context())
	if !cloud.Is(err, cloud.NotFound) || len(snap.Occupied) > 0 {
		t.Errorf("a network that is gone gave %+v, %v", snap, err)
	}
}

// What the whole network holds, in every region and from every side.
func TestSpaceOfTheWholeNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: "us-east1", Name: "east", Network: "vpc", Primary: prefix("10.1.0.0/20")}))
	w.must(w.sim.AddPeering(project, "vpc", "peer", "projects/p2/global/networks/x", prefix("10.9.0.0/16")))
	w.must(w.sim.AddRoute(gcesim.Route{Project: project, Name: "onprem", Network: "vpc", Dest: prefix("10.8.0.0/16"), NextHopIP: netip.MustParseAddr("10.0.0.9")}))
	w.must(w.sim.AddRoute(gcesim.Route{Project: project, Name: "all", Network: "vpc", Dest: prefix("10.0.0.0/8"), NextHopIP: netip.MustParseAddr("10.0.0.9")}))
	w.must(w.sim.ReserveRange(project, "vpc", "psa", prefix("10.12.0.0/16")))
	w.must(w.sim.AddNetwork(gcesim.Network{Project: project, Name: "other"}))
	w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: "foreign", Network: "other", Primary: prefix("10.50.0.0/20")}))
	snap, err := w.vpc.Space.Read(t.Context())
	w.must(err)
	got := map[string]cloud.Kind{}
	for _, o := range snap.Occupied {
		if o.Kind != cloud.Prohibited {
			got[o.Prefix.String()+" "+o.Name] = o.Kind
		}
	}
	want := map[string]cloud.Kind{
		"10.0.0.0/16 us-central1/nodes":      cloud.SubnetPrimary,
		"10.4.0.0/14 us-central1/nodes/pods": cloud.SecondaryRange,
		"10.1.0.0/20 us-east1/east":          cloud.SubnetPrimary,
		"10.8.0.0/16 onprem":                 cloud.StaticRoute,
		"10.9.0.0/16 peer":                   cloud.PeeringRoute,
		"10.12.0.0/16 psa":                   cloud.Reservation,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
