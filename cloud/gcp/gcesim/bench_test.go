package gcesim_test

import (
	"fmt"
	"net/netip"
	"testing"

	rest "google.golang.org/api/compute/v1"
	"google.golang.org/api/option"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

const fleetSize = 10_000

// bigWorld has 10,000 VMs, each with a /24 alias range.
func bigWorld(b *testing.B) (*gcesim.Sim, *rest.Service) {
	b.Helper()
	sim := gcesim.New(gcesim.Config{Instant: true})
	url, stop, err := sim.Serve("127.0.0.1:0")
	check(b, err)
	b.Cleanup(stop)
	check(b, sim.AddNetwork(gcesim.Network{Project: projectID, Name: "vpc"}))
	check(b, sim.AddSubnetwork(gcesim.Subnetwork{
		Project: projectID, Region: region, Name: "nodes", Network: "vpc", Primary: pfx("10.0.0.0/16"),
		Secondary: []gcesim.SecondaryRange{{Name: "pods", Prefix: pfx("11.0.0.0/8")}},
	}))
	for i := range fleetSize {
		_, err := sim.AddInstance(gcesim.Instance{Project: projectID, Zone: zone, Name: fmt.Sprintf("vm-%05d", i),
			Interfaces: []gcesim.Interface{{Subnetwork: "nodes", Aliases: []gcesim.Alias{{Prefix: block(i), RangeName: "pods"}}}}})
		check(b, err)
	}
	s, err := rest.NewService(b.Context(), option.WithEndpoint(url+"/compute/v1/"), option.WithoutAuthentication())
	check(b, err)
	return sim, s
}

func block(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 24)
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// One update is a clear and a set, over HTTP, by one client.
func BenchmarkUpdate(b *testing.B) {
	sim, s := bigWorld(b)
	n := 0
	for b.Loop() {
		name := fmt.Sprintf("vm-%05d", n%fleetSize)
		for _, list := range [][]*rest.AliasIpRange{{}, {alias(block(n % fleetSize).String())}} {
			i, _ := sim.Instance(projectID, zone, name)
			op, err := s.Instances.UpdateNetworkInterface(projectID, zone, name, "nic0", &rest.NetworkInterface{
				Fingerprint: i.Interfaces[0].Fingerprint, AliasIpRanges: list, ForceSendFields: []string{"AliasIpRanges"},
			}).Do()
			check(b, err)
			if op.Error != nil {
				b.Fatal(op.Error.Errors[0].Message)
			}
		}
		n++
	}
}

func BenchmarkListFleet(b *testing.B) {
	_, s := bigWorld(b)
	for b.Loop() {
		n := 0
		err := s.Instances.AggregatedList(projectID).
			Fields("nextPageToken,items/*/instances(id,name,networkInterfaces(name,fingerprint,aliasIpRanges))").
			Pages(b.Context(), func(l *rest.InstanceAggregatedList) error {
				for _, in := range l.Items {
					n += len(in.Instances)
				}
				return nil
			})
		check(b, err)
		if n != fleetSize {
			b.Fatal(n)
		}
	}
}

func BenchmarkPollOperations(b *testing.B) {
	_, s := bigWorld(b)
	for i := range 2 * fleetSize {
		_, err := s.Instances.Start(projectID, zone, fmt.Sprintf("vm-%05d", i%fleetSize)).Do()
		check(b, err)
	}
	for b.Loop() {
		l, err := s.ZoneOperations.List(projectID, zone).Filter("status != DONE").Do()
		check(b, err)
		if len(l.Items) != 0 {
			b.Fatal(len(l.Items))
		}
	}
}
