package survey

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestARouteRangeIsInUse: though nothing in the VPC reserves it but the routes
// to its nodes, which are not listed one by one.
func TestARouteRangeIsInUse(t *testing.T) {
	t.Parallel()
	n := &v1alpha1.Network{}
	n.Name, n.Spec.Supernets = "default", []v1alpha1.CIDR{"172.24.0.0/16"}
	r := v1alpha1.RangeRequest{Spec: v1alpha1.RangeRequestSpec{NetworkName: "default", Purpose: v1alpha1.Pods, Attachment: v1alpha1.AttachRoutes}}
	r.Name, r.Status.Ranges = "routed", []v1alpha1.GrantedRange{{CIDR: "172.24.0.0/17", Name: "vn-routed"}}
	other := *r.DeepCopy()
	other.Spec.NetworkName = "elsewhere"
	route := func(p string) cloud.Occupied {
		return cloud.Occupied{Prefix: netip.MustParsePrefix(p), Kind: cloud.StaticRoute, Name: "rtb-1/eni-1"}
	}
	s := cloud.Snapshot{Routes: &cloud.RouteRoom{Table: "rtb-1", Limit: 500, Used: 3}, Occupied: []cloud.Occupied{route("172.24.3.0/24"), route("172.24.128.0/24")}}
	got, err := Take(n, s, Around{Requests: []v1alpha1.RangeRequest{r, other}}, "cluster")
	if err != nil {
		t.Fatal(err)
	}
	want := []v1alpha1.OccupiedBlock{
		{CIDR: "172.24.0.0/17", Kind: RouteRange, Name: "vn-routed", Owner: "RangeRequest routed"},
		{CIDR: "172.24.128.0/24", Kind: "StaticRoute", Name: "rtb-1/eni-1"},
	}
	if !slices.Equal(got.Occupied, want) || got.FreeAddresses["IPv4"] != 1<<15-256 {
		t.Errorf("got %v with %v free, want %v", got.Occupied, got.FreeAddresses, want)
	}
	if got.Routes == nil || *got.Routes != (v1alpha1.RouteRoom{Table: "rtb-1", Limit: 500, Used: 3}) {
		t.Errorf("got %v", got.Routes)
	}
}
