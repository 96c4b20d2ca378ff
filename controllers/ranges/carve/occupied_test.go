package carve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

func publishing(name string, cidrs ...string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	n.Spec.PodCIDRs = cidrs
	return n
}

// TestWhatNodesPublishIsNeverCarved: whatever the request asks for, by whatever
// way, what is carved overlaps no podCIDR, be it wider or narrower, but for
// those that a Pods request encloses by name.
func TestWhatNodesPublishIsNeverCarved(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(13, 0))
	for _, s := range stories {
		in := s.input()
		for i := range 8 {
			bits := 12 + random.IntN(14)
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(random.IntN(16)), byte(random.IntN(256)), 0}), bits).Masked()
			in.Nodes = append(in.Nodes, publishing(fmt.Sprintf("n%d", i), p.String()))
		}
		steps, _, _ := Plan(in)
		for _, x := range steps {
			if at := slices.Index(v1alpha1.Prefixes(in.Request.Status.Ranges), x.Range.Prefix); !x.Create || at >= 0 {
				continue // it had it
			}
			for _, n := range in.Nodes {
				p := netip.MustParsePrefix(n.Spec.PodCIDRs[0])
				enclosed := in.Request.Spec.Purpose == v1alpha1.Pods && !x.Chosen && x.Range.Prefix.Bits() <= p.Bits()
				if p.Overlaps(x.Range.Prefix) && !enclosed {
					t.Errorf("%s: %s was carved over %s, which Node %s publishes", s.name, x.Range.Prefix, p, n.Name)
				}
			}
		}
	}
}

// TestABlockMayEncloseItsClustersPodCIDRs: for Pods and by name only, and all of
// each; a refusal names those that are in the way.
func TestABlockMayEncloseItsClustersPodCIDRs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		purpose v1alpha1.Purpose
		cidr    v1alpha1.CIDR
		refused []string
	}{
		{v1alpha1.Pods, "10.8.0.0/16", nil},
		{v1alpha1.Pods, "10.8.1.0/24", nil},
		{v1alpha1.Pods, "10.8.1.0/25", []string{"10.8.1.0/24", "Node a"}},
		{v1alpha1.Services, "10.8.0.0/16", []string{"10.8.1.0/24", "Node a", "10.8.2.0/24", "Node b"}},
		{v1alpha1.Custom, "10.8.2.0/25", []string{"10.8.2.0/24", "Node b"}},
	} {
		in := story{purpose: c.purpose, cidrs: []v1alpha1.CIDR{c.cidr}}.input()
		in.Nodes = []*corev1.Node{publishing("a", "10.8.1.0/24"), publishing("b", "10.8.2.0/24")}
		_, _, no := Plan(in)
		if (no == nil) != (c.refused == nil) {
			t.Errorf("%s %s: %v", c.purpose, c.cidr, no)
		}
		for _, text := range c.refused {
			if no != nil && (no.Reason != v1alpha1.ReasonOverlap || !strings.Contains(no.Text, text)) {
				t.Errorf("%s %s: %s does not name %q: %s", c.purpose, c.cidr, no.Reason, text, no.Text)
			}
		}
	}
}

// TestReservedHoldsInEveryNetworkOfTheVPC: whoever reserves it, it is kept.
func TestReservedHoldsInEveryNetworkOfTheVPC(t *testing.T) {
	t.Parallel()
	in := story{length: 16}.input()
	alone, _, _ := Plan(in)
	twin := v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "twin"}}
	twin.Spec.Reserved = []v1alpha1.ReservedBlock{{CIDR: v1alpha1.CIDR(alone[0].Range.Prefix.String()), Reason: "the twin's"}}
	in.Beside = []v1alpha1.Network{twin}
	if steps, _, no := Plan(in); no != nil || steps[0].Range.Prefix.Overlaps(alone[0].Range.Prefix) {
		t.Errorf("got %v, %v, and the twin reserves %s", steps, no, alone[0].Range.Prefix)
	}
	in.Request.Spec.PrefixLength, in.Request.Spec.CIDRs = nil, []v1alpha1.CIDR{twin.Spec.Reserved[0].CIDR}
	if _, _, no := Plan(in); no == nil || !strings.Contains(no.Text, "reserved in Network twin (the twin's)") {
		t.Errorf("refused with %v", no)
	}
}

// TestAClusterIPIsInUse: also where the API server has no ServiceCIDRs.
func TestAClusterIPIsInUse(t *testing.T) {
	t.Parallel()
	in := story{cidrs: []v1alpha1.CIDR{"10.8.0.0/24"}, noAPI: true}.input()
	web := corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
	web.Spec.ClusterIPs = []string{"10.8.0.10"}
	headless := corev1.Service{}
	headless.Spec.ClusterIPs = []string{"None"}
	in.Services = ClusterIPs([]corev1.Service{web, headless})
	if _, _, no := Plan(in); no == nil || !strings.Contains(no.Text, "the ClusterIP of Service shop/web") {
		t.Errorf("refused with %v", no)
	}
}
