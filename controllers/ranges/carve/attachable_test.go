package carve

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// TestRoomIsWhatCanBeAttached: an address in use keeps its piece from every
// node, unless a node has the piece.
func TestRoomIsWhatCanBeAttached(t *testing.T) {
	t.Parallel()
	s := cloud.Snapshot{Traits: ec2, Subnets: []cloud.Subnet{subnetOf("a", "10.0.0.0/24", "10.0.0.0/30", "10.0.0.65/32", "10.0.0.81/32", "10.0.0.96/28", "10.0.0.200/32")}}
	held := netip.MustParsePrefix("10.0.0.96/28")
	r := withRanges("10.0.0.64/26")
	u := UseOf(r)
	u.Held, u.Sizes = []netip.Prefix{held}, map[int]int{28: 1}
	u.By[netip.MustParsePrefix("10.0.0.64/26")] = prefix.NewCount(16)
	u.Without(Unattachable(v1alpha1.Prefixes(r.Status.Ranges), s, u.Held))
	room, largest := Forecast(r, u)
	if got := fmt.Sprint(room, " ", largest); got != "[{28 1 1}] [10.0.0.112/28]" {
		t.Errorf("got %s", got)
	}
	if got := u.UsableOf(netip.MustParsePrefix("10.0.0.64/26")).String(); got != "32" {
		t.Errorf("%s addresses can be in use", got)
	}
	for cidr, want := range map[string]string{"10.0.0.64/26": "2", "10.0.0.128/26": "4", "10.0.0.192/28": "0"} {
		if got := Feeds(netip.MustParsePrefix(cidr), 28, s, u.Held).String(); got != want {
			t.Errorf("%s feeds %s nodes, want %s", cidr, got, want)
		}
	}
}
