package aws

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// subnetIn is a public subnet with 100 free addresses in a zone.
func subnetIn(zone, name string, edits ...func(lb.Fields)) lb.Resource {
	f := lb.Fields{fieldZone: {zone}, fieldZoneType: {ordinaryZone}, fieldCIDR: {"10.0.0.0/24"}, fieldIPv6: {"true"}, fieldFree: {"100"},
		fieldTable: {"rtb-1"}, fieldWay: {"igw-1"}, fieldWay6: {"igw-1"}}
	for _, edit := range edits {
		edit(f)
	}
	return lb.Resource{Ref: lb.Ref{Kind: kindSubnet, Name: name}, Fields: f}
}

func free(n int) func(lb.Fields) {
	return func(f lb.Fields) { f[fieldFree] = []string{strconv.Itoa(n)} }
}
func with(field, value string) func(lb.Fields) {
	return func(f lb.Fields) { f[field] = []string{value} }
}

var private = with(fieldWay, "nat-1")

func TestTheChoiceOfSubnets(t *testing.T) {
	t.Parallel()
	internal := choice{scheme: lb.Internal}
	for name, test := range map[string]struct {
		c    choice
		from []lb.Resource
		want string // the chosen ones
		said []string
	}{
		"one of each zone": {choice{}, []lb.Resource{subnetIn("a", "s3"), subnetIn("b", "s1"), subnetIn("a", "s2")}, "s2 s1", nil},
		"the roomiest":     {choice{}, []lb.Resource{subnetIn("a", "s1"), subnetIn("a", "s2", free(101)), subnetIn("a", "s3")}, "s2", nil},
		"not one that is full, and that is said where the zone has no other": {choice{},
			[]lb.Resource{subnetIn("a", "s1", free(7)), subnetIn("a", "s2", free(8)), subnetIn("b", "s3", free(7))}, "s2", []string{"s3 in b: fewer than 8 "}},
		"not a Local Zone, a Wavelength Zone, or an Outpost": {choice{}, []lb.Resource{subnetIn("a-lax-1a", "s1", with(fieldZoneType, "local-zone")),
			subnetIn("a-wl1", "s2", with(fieldZoneType, "wavelength-zone")), subnetIn("a", "s3", with(fieldOutpost, "arn:op-1"), free(200)), subnetIn("a", "s4")},
			"s4", []string{"s1 in a-lax-1a: it is in a Local Zone", "s2 in a-wl1: it is in a Wavelength Zone", "s3 in a: it is on an Outpost"}},
		"nor where they are tagged for it": {choice{meant: true}, []lb.Resource{subnetIn("a-lax-1a", "s1", with(fieldZoneType, "local-zone")), subnetIn("a", "s2", free(3))},
			"", []string{"s1 in a-lax-1a: it is in a Local Zone", "s2 in a: fewer than 8"}},
		"nor IPv6 only":           {internal, []lb.Resource{subnetIn("a", "s1", with(fieldCIDR, ""), free(0))}, "", []string{"s1 in a: it has IPv6 only"}},
		"a zone of no known type": {internal, []lb.Resource{subnetIn("a", "s1", with(fieldZoneType, ""))}, "", []string{"allow ec2:DescribeAvailabilityZones"}},
		"a public one faces the internet": {choice{}, []lb.Resource{subnetIn("a", "s1", private, free(200)), subnetIn("a", "s2"), subnetIn("b", "s3", with(fieldWay, ""))},
			"s2", []string{"s3 in b: its route table rtb-1 leads 0.0.0.0/0 to nowhere, and not to an internet gateway"}},
		"what is tagged is believed": {choice{meant: true}, []lb.Resource{subnetIn("a", "s1", with(fieldWay, "vpce-1"))}, "s1", nil},
		"but the public one first":   {choice{meant: true}, []lb.Resource{subnetIn("a", "s1", private, free(200)), subnetIn("a", "s2")}, "s2", nil},
		"IPv6 needs a way too": {choice{dual: true}, []lb.Resource{subnetIn("a", "s1", with(fieldWay6, "eigw-1"), free(200)), subnetIn("a", "s2"), subnetIn("b", "s3", with(fieldIPv6, "false"))},
			"s2", []string{"s3 in b: it has no IPv6 block"}},
		"a private one inside":                        {internal, []lb.Resource{subnetIn("a", "s1", free(200)), subnetIn("a", "s2", private)}, "s2", nil},
		"a public one where the zone has none":        {internal, []lb.Resource{subnetIn("a", "s1"), subnetIn("b", "s2", private)}, "s1 s2", nil},
		"the cluster's before the roomiest":           {choice{cluster: "c"}, []lb.Resource{subnetIn("a", "s1", free(200)), subnetIn("a", "s2", with(fieldClusters, "c"))}, "s2", nil},
		"what is in use, whatever its room":           {choice{current: map[string]bool{"s2": true}}, []lb.Resource{subnetIn("a", "s1"), subnetIn("a", "s2", free(0))}, "s2", nil},
		"what is in use inside, though public":        {choice{scheme: lb.Internal, current: map[string]bool{"s1": true}}, []lb.Resource{subnetIn("a", "s1"), subnetIn("a", "s2", private)}, "s1", nil},
		"but not where no client gets there any more": {choice{current: map[string]bool{"s1": true}}, []lb.Resource{subnetIn("a", "s1", private), subnetIn("a", "s2")}, "s2", nil},
		"which it keeps for want of another, and says so": {choice{current: map[string]bool{"s1": true}}, []lb.Resource{subnetIn("a", "s1", private), subnetIn("a", "s2", private)},
			"s1", []string{"s1 in a: it is in use, but its route table rtb-1 leads 0.0.0.0/0 to nat-1"}},
		"and also where nobody may say what zone it is in": {choice{current: map[string]bool{"s1": true}}, []lb.Resource{subnetIn("a", "s1", with(fieldZoneType, ""))}, "s1", nil},
		"that with the address asked for": {choice{scheme: lb.Internal, addresses: []netip.Addr{netip.MustParseAddr("10.0.9.9")}, current: map[string]bool{"s1": true}},
			[]lb.Resource{subnetIn("a", "s1"), subnetIn("a", "s2", with(fieldCIDR, "10.0.9.0/24"), free(1))}, "s2", nil},
	} {
		for range 2 { // in whatever order they come
			slices.Reverse(test.from)
			chosen, out := test.c.make(test.from)
			var names []string
			for _, x := range chosen {
				names = append(names, x.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("%s: chose %q, want %q", name, got, test.want)
			}
			if len(out) != len(test.said) {
				t.Errorf("%s: passed over %+v, want %q", name, out, test.said)
				continue
			}
			for n, says := range test.said {
				if !strings.Contains(out[n].text(), says) {
					t.Errorf("%s: says %q, want %q", name, out[n].text(), says)
				}
			}
		}
	}
}
