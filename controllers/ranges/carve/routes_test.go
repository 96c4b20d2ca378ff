package carve

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/test/golden"
)

// byRoute asks for a range that is attached by routes, of nodes of one size,
// in a VPC of one block whose fullest table has 5 routes of 20.
func byRoute(spec v1alpha1.RangeRequestSpec, granted ...string) Input {
	spec.Purpose, spec.Attachment = v1alpha1.Pods, v1alpha1.AttachRoutes
	spec.NodePrefixLength = ptr.To(intstr.FromInt32(26))
	in := inSubnets(spec, subnetOf("a", "10.0.0.0/20"), subnetOf("b", "10.0.16.0/20"))
	in.Snapshot.Traits.Routes = true
	in.Snapshot.Routes = &cloud.RouteRoom{Table: "rtb-1", Limit: 20, Used: 5}
	for i, g := range granted {
		in.Request.Status.Ranges = append(in.Request.Status.Ranges, v1alpha1.GrantedRange{CIDR: g, Name: fmt.Sprintf("vn-%d", i)})
	}
	return in
}

func (in Input) led(routes ...string) Input {
	for _, p := range routes {
		in.Snapshot.Occupied = append(in.Snapshot.Occupied, cloud.Occupied{Prefix: netip.MustParsePrefix(p), Kind: cloud.StaticRoute, Name: "rtb-1/eni-1"})
	}
	return in
}

// published has Nodes publish these.
func (in Input) published(cidrs ...string) Input {
	in.Others[0] = *in.Request
	for _, c := range cidrs {
		n := &corev1.Node{}
		n.Spec.PodCIDRs = []string{c}
		in.Nodes = append(in.Nodes, n)
	}
	return in
}

// TestRouted: ranges that are attached by routes, outside the VPC's blocks.
func TestRouted(t *testing.T) {
	t.Parallel()
	length := v1alpha1.RangeRequestSpec{PrefixLength: ptr.To[int32](24)}
	named := v1alpha1.RangeRequestSpec{CIDRs: []v1alpha1.CIDR{"172.20.0.0/24"}}
	nodes := func(n int32) v1alpha1.RangeRequestSpec {
		return v1alpha1.RangeRequestSpec{Capacity: &v1alpha1.Capacity{Nodes: n, PodsPerNode: 60}}
	}
	grows := length
	grows.Growth = &v1alpha1.Growth{Threshold: 80, WaitingNodes: 1, MaxRanges: 8}
	var text strings.Builder
	print := func(name string, in Input, steps []Step, no *conditions.Refusal) {
		fmt.Fprintf(&text, "# %s\n", name)
		if no != nil {
			fmt.Fprintf(&text, "%s: %s\n", no.Reason, no.Text)
		}
		for _, s := range steps {
			fmt.Fprintf(&text, "%s %q create=%t adopted=%t: %s\n", s.Range.Prefix, s.Range.Subnet, s.Create, s.Adopted, s.Why)
			s.Record(in.Request, v1alpha1.RangeGranted)
		}
		in.Request.Status.Routes = RoutesOf(in)
		if said, limited := RoutesLimit(in.Request); no == nil {
			fmt.Fprintf(&text, "limited=%t: %s\n", limited, said)
		}
	}
	for _, c := range []struct {
		name string
		in   Input
	}{
		{"outside the VPC's blocks, in no subnet", byRoute(length)},
		{"clear of routes that there are", byRoute(length).led("172.20.0.0/26")},
		{"where it was granted, whatever routes lead into it", byRoute(length, "172.20.0.0/24").led("172.20.0.0/26", "172.20.0.64/26", "172.20.9.0/26")},
		{"more nodes than the tables take routes", byRoute(v1alpha1.RangeRequestSpec{PrefixLength: ptr.To[int32](21)}).led("192.168.0.0/24")},
		{"capacity", byRoute(nodes(15))},
		{"capacity beyond the quota", byRoute(nodes(16))},
		{"capacity that was granted before others took the routes", byRoute(nodes(16), "172.20.0.0/22")},
		{"a named block", byRoute(named)},
		{"a named block with the routes of its nodes in it", byRoute(named).led("172.20.0.0/26")},
		{"a named block that leads elsewhere", byRoute(named).led("172.20.0.0/24")},
		{"a named block of the VPC", byRoute(v1alpha1.RangeRequestSpec{CIDRs: []v1alpha1.CIDR{"10.0.64.0/24"}})},
		{"a block of the VPC that came later", byRoute(length, "172.20.0.0/24").with(func(in *Input) {
			in.Snapshot.Blocks = append(in.Snapshot.Blocks, netip.MustParsePrefix("172.20.0.0/20"))
		})},
		{"nodes of several sizes", byRoute(length).with(func(in *Input) { in.Request.Spec.NodePrefixLength = nil })},
		{"nodes smaller than an interface's piece", byRoute(length).with(func(in *Input) { in.Request.Spec.NodePrefixLength = ptr.To(intstr.FromInt32(29)) })},
		{"beside another request's", byRoute(length).with(func(in *Input) {
			other := withRanges("172.20.0.0/23")
			other.Name = "other"
			in.Others = append(in.Others, *other)
		})},
		{"a lost status, where its nodes are", byRoute(length).led("172.20.3.64/26", "172.20.9.0/26").published("172.20.3.64/26", "172.20.9.64/26")},
		{"a lost status, with capacity", byRoute(nodes(15)).led("172.20.5.64/26").published("172.20.5.64/26")},
		{"a lost status, with growth", byRoute(grows).led("172.20.3.64/26", "172.20.9.0/26").published("172.20.9.0/26", "172.20.3.64/26")},
		{"a lost status, nodes of another request", byRoute(length).led("172.20.3.64/26", "172.20.9.0/26").published("172.20.3.64/26", "172.20.9.0/26").with(func(in *Input) {
			other := withRanges("172.20.3.0/24")
			other.Name = "other"
			in.Others = append(in.Others, *other)
		})},
		{"a lost status, nodes of another size", byRoute(length).led("172.20.3.0/25").published("172.20.3.0/25")},
		{"a lost status beside an older one", byRoute(length).led("172.20.3.64/26").published("172.20.3.64/26").with(func(in *Input) {
			other := in.Request.DeepCopy()
			other.Name, other.CreationTimestamp = "other", metav1.NewTime(noon.Add(-time.Hour))
			in.Request.CreationTimestamp = metav1.NewTime(noon)
			in.Others = []v1alpha1.RangeRequest{*other, *in.Request}
		})},
		{"beside a block that is on its way", byRoute(length).with(func(in *Input) {
			other := withRanges()
			other.Name, other.Status.NewSubnets = "other", &v1alpha1.MadeSpace{Blocks: []v1alpha1.MadeBlock{{CIDR: "172.20.0.0/17"}}}
			in.Others = append(in.Others, *other)
		})},
		{"both families", byRoute(length).with(func(in *Input) { in.Request.Spec.IPFamilies = []v1alpha1.Family{v1alpha1.IPv4, v1alpha1.IPv6} })},
		{"a cloud without routes to interfaces", byRoute(length).with(func(in *Input) { in.Snapshot.Traits.Routes = false })},
	} {
		steps, _, no := Plan(c.in)
		print(c.name, c.in, steps, no)
	}
	for _, c := range []struct {
		name string
		in   Input
	}{
		{"growth", byRoute(grows, "172.20.0.0/24")},
		{"growth that the tables have no routes for", byRoute(grows, "172.20.0.0/23", "172.20.2.0/23")},
	} {
		s, no := PlanFurther(c.in, Further{Length: 24, Why: "it is full"})
		var steps []Step
		if no == nil {
			steps = []Step{s}
		}
		print(c.name, c.in, steps, no)
	}
	golden.Check(t, "testdata/routes.golden", text.String())
}

// TestRoutesBoundTheRoom: what is said to fit still has a route for each.
func TestRoutesBoundTheRoom(t *testing.T) {
	t.Parallel()
	r := byRoute(v1alpha1.RangeRequestSpec{PrefixLength: ptr.To[int32](22)}, "172.20.0.0/22").Request
	r.Status.Routes = &v1alpha1.OtherRoutes{Table: "rtb-1", Limit: 10, Others: 7}
	u := UseOf(r)
	u.Nodes = []string{"a"}
	room, _ := Forecast(r, u)
	if len(room) != 1 || room[0].Nodes != 2 || room[0].LargestBlock != 2 {
		t.Errorf("got %v, want room for 2", room)
	}
}
