package preview

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/golden"
)

var wrote = metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))

func vpcnet(occupied ...v1alpha1.OccupiedBlock) *v1alpha1.Network {
	n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default",
		ManagedFields: []metav1.ManagedFieldsEntry{{Subresource: "status", Time: &wrote}}}}
	n.Spec.GCP = &v1alpha1.GCPNetwork{Region: "r", Subnetworks: []string{"nodes"}}
	n.Spec.Supernets = []v1alpha1.CIDR{"10.0.0.0/12"}
	n.Spec.Reserved = []v1alpha1.ReservedBlock{{CIDR: "10.15.0.0/16", Reason: "the office"}}
	n.Status.Occupied, n.Status.OccupiedCount = occupied, int32(len(occupied))
	n.Status.Free = []v1alpha1.FreeSpace{{Family: "IPv4", Addresses: "1"}}
	return n
}

var usual = []v1alpha1.OccupiedBlock{
	{CIDR: "10.0.0.0/20", Kind: "SubnetPrimary", Name: "r/nodes"},
	{CIDR: "10.4.0.0/14", Kind: "SecondaryRange", Name: "r/nodes/theirs"},
	{CIDR: "10.14.0.0/16", Kind: "SecondaryRange", Name: "elsewhere/nodes/theirs"},
	{CIDR: "10.15.0.0/16", Kind: "Reserved", Name: "the office"},
}

func pods(name string, change func(*v1alpha1.RangeRequestSpec)) v1alpha1.RangeRequest {
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name}}
	r.Spec.Purpose, r.Spec.IPFamilies = v1alpha1.Pods, []v1alpha1.Family{v1alpha1.IPv4}
	change(&r.Spec)
	return r
}

func capacity(nodes int32) func(*v1alpha1.RangeRequestSpec) {
	return func(s *v1alpha1.RangeRequestSpec) {
		s.Capacity = &v1alpha1.Capacity{Nodes: nodes, PodsPerNode: 110}
	}
}

func grows(size func(*v1alpha1.RangeRequestSpec), by *int32, most int32) func(*v1alpha1.RangeRequestSpec) {
	return func(s *v1alpha1.RangeRequestSpec) {
		size(s)
		s.Growth = &v1alpha1.Growth{Threshold: 80, WaitingNodes: 1, MaxRanges: most, PrefixLength: by}
	}
}

func of(p v1alpha1.Purpose) func(*v1alpha1.RangeRequestSpec) {
	return func(s *v1alpha1.RangeRequestSpec) { s.Purpose = p }
}

func cidr(blocks ...v1alpha1.CIDR) func(*v1alpha1.RangeRequestSpec) {
	return func(s *v1alpha1.RangeRequestSpec) { s.CIDRs = blocks }
}

func granted(r v1alpha1.RangeRequest, blocks ...string) v1alpha1.RangeRequest {
	for i, b := range blocks {
		name := cloud.Owner{ClusterID: "test", Kind: "RangeRequest", Name: r.Name}.ObjectName(i)
		r.Status.Ranges = append(r.Status.Ranges, v1alpha1.GrantedRange{CIDR: b, Subnet: "nodes", Name: name, Grown: i > 0})
	}
	return r
}

func aged(r v1alpha1.RangeRequest) v1alpha1.RangeRequest {
	r.CreationTimestamp = wrote
	return r
}

func two(n *v1alpha1.Network) *v1alpha1.Network {
	n.Spec.GCP.Subnetworks = append(n.Spec.GCP.Subnetworks, "more")
	return n
}

func length(n int32) func(*v1alpha1.RangeRequestSpec) {
	return func(s *v1alpha1.RangeRequestSpec) { s.PrefixLength = &n }
}

func nodes(maxPods ...string) (out []corev1.Node) {
	for i, m := range maxPods {
		n := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("n", i)}}
		n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse(m)}
		out = append(out, n)
	}
	return out
}

type story struct {
	name     string
	network  *v1alpha1.Network
	requests []v1alpha1.RangeRequest
	nodes    []corev1.Node
}

func stories() []story {
	cut := vpcnet(usual...)
	cut.Status.OccupiedCount = 1234
	unread := vpcnet()
	unread.ManagedFields, unread.Status = nil, v1alpha1.NetworkStatus{}
	stale := vpcnet(usual...)
	stale.Generation = 2
	stale.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Throttled", Message: "too many calls"}}
	gone := vpcnet(usual...)
	gone.DeletionTimestamp = &wrote
	fixed := intstr.FromInt32(26)
	return []story{
		{"by capacity", vpcnet(usual...), []v1alpha1.RangeRequest{pods("pods", capacity(200))}, nil},
		{"two, each around the other", vpcnet(usual...), []v1alpha1.RangeRequest{pods("a", length(16)), pods("b", length(16))}, nil},
		{"by length, and the nodes' own sizes", vpcnet(usual...), []v1alpha1.RangeRequest{pods("pods", length(16))}, nodes("30", "30", "110")},
		{"by length, and a fixed size", vpcnet(usual...), []v1alpha1.RangeRequest{pods("pods", func(s *v1alpha1.RangeRequestSpec) { length(16)(s); s.NodePrefixLength = &fixed })}, nil},
		{"one refused, the next not", vpcnet(usual...), []v1alpha1.RangeRequest{pods("huge", length(8)), pods("pods", length(16))}, nil},
		{"a status that was cut", cut, []v1alpha1.RangeRequest{pods("pods", length(16))}, nil},
		{"no status", unread, []v1alpha1.RangeRequest{pods("pods", length(16))}, nil},
		{"an old status", stale, []v1alpha1.RangeRequest{pods("pods", length(16))}, nil},
		{"IPv6 alone", vpcnet(usual...), []v1alpha1.RangeRequest{pods("pods", func(s *v1alpha1.RangeRequestSpec) { length(16)(s); s.IPFamilies = []v1alpha1.Family{v1alpha1.IPv6} })}, nil},
		{"that grows", vpcnet(usual...), []v1alpha1.RangeRequest{pods("pods", grows(length(16), nil, 3))}, nil},
		{"that grows by less", vpcnet(usual...), []v1alpha1.RangeRequest{pods("pods", grows(length(16), ptr.To[int32](20), 3))}, nil},
		{"growth without room", vpcnet(usual...), []v1alpha1.RangeRequest{pods("pods", grows(length(14), nil, 3))}, nil},
		{"growth at its limit", vpcnet(usual...), []v1alpha1.RangeRequest{granted(pods("pods", grows(length(16), nil, 2)), "10.1.0.0/16", "10.2.0.0/16")}, nil},
		{"services, in one subnet of two, and custom after it", two(vpcnet(usual...)), []v1alpha1.RangeRequest{pods("a", grows(of(v1alpha1.Services), nil, 2)), pods("b", func(s *v1alpha1.RangeRequestSpec) { length(20)(s); of(v1alpha1.Custom)(s) })}, nil},
		{"a proxy-only subnet", vpcnet(usual...), []v1alpha1.RangeRequest{pods("lb", of(v1alpha1.Proxy)), pods("lb-more", of(v1alpha1.Proxy))}, nil},
		{"a proxy-only subnet that is there", vpcnet(append(usual, v1alpha1.OccupiedBlock{CIDR: "10.3.0.0/23", Kind: "ProxyOnly", Name: "r/envoys"})...), []v1alpha1.RangeRequest{pods("lb", of(v1alpha1.Proxy))}, nil},
		{"an older one waits for the same block", vpcnet(usual...), []v1alpha1.RangeRequest{aged(pods("z", cidr("10.1.0.0/16"))), pods("a", cidr("10.1.0.0/16"))}, nil},
		{"an older one waits in vain for the same block", vpcnet(usual...), []v1alpha1.RangeRequest{aged(pods("z", cidr("10.1.0.0/16", "172.16.0.0/16"))), pods("a", cidr("10.1.0.0/16"))}, nil},
		{"a Network that goes", gone, []v1alpha1.RangeRequest{pods("pods", length(16))}, nil},
		{"no Network", vpcnet(), []v1alpha1.RangeRequest{pods("pods", func(s *v1alpha1.RangeRequestSpec) { length(16)(s); s.NetworkName = "gone" })}, nil},
	}
}

func (s story) input() Input {
	in := Input{Networks: []v1alpha1.Network{*s.network}, Requests: s.requests, Nodes: s.nodes, ClusterID: "test",
		VPC: map[string]VPC{s.network.Name: Status(s.network, gcp.Blank(s.network.Spec.GCP.Subnetworks))}}
	for _, r := range s.requests {
		in.Wanted = append(in.Wanted, r.Name)
	}
	return in
}

func TestPreviews(t *testing.T) {
	t.Parallel()
	var got show.Printer
	for _, s := range stories() {
		fmt.Fprintf(&got, "# %s\n", s.name)
		Make(s.input()).Print(&got)
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/previews.golden", got.String())
}

// TestPreviewsAreDisjoint: what would be carved overlaps nothing that is
// known, nor what another request would get.
func TestPreviewsAreDisjoint(t *testing.T) {
	t.Parallel()
	for _, s := range stories() {
		var all []netip.Prefix
		for _, o := range s.network.Status.Occupied {
			all = append(all, netip.MustParsePrefix(o.CIDR))
		}
		for _, n := range Make(s.input()).Networks {
			for _, q := range n.Requests {
				for _, r := range q.Ranges {
					p := netip.MustParsePrefix(r.CIDR)
					if over := prefix.Overlapping(all, p); r.Create && len(over) > 0 {
						t.Errorf("%s: %s overlaps %v", s.name, p, over)
					}
					all = append(all, p)
				}
			}
		}
	}
}

// TestAPreviewChangesNothing: neither the objects nor the snapshot.
func TestAPreviewChangesNothing(t *testing.T) {
	t.Parallel()
	for _, s := range stories() {
		in := s.input()
		before := fmt.Sprintf("%+v", in)
		Make(in)
		if after := fmt.Sprintf("%+v", in); after != before {
			t.Errorf("%s: the input was changed\nfrom %s\nto   %s", s.name, before, after)
		}
	}
}
