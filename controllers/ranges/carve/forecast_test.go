package carve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

func withRanges(cidrs ...string) *v1alpha1.RangeRequest {
	r := &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	r.Spec.Purpose = v1alpha1.Pods
	for _, c := range cidrs {
		r.Status.Ranges = append(r.Status.Ranges, v1alpha1.GrantedRange{CIDR: c, Subnet: "nodes"})
	}
	return r
}

func TestForecast(t *testing.T) {
	t.Parallel()
	fixed := withRanges("10.0.0.0/22")
	fixed.Spec.NodePrefixLength = ptr.To(intstr.FromInt32(24))
	leaving := withRanges("10.0.0.0/24", "10.0.1.0/24")
	leaving.Status.Ranges[1].Leaving = true
	custom := withRanges("10.0.0.0/24")
	custom.Spec.Purpose = v1alpha1.Custom
	waiting := node("w", "", v1alpha1.ReasonRangeExhausted)
	waiting.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("110")}
	for name, c := range map[string]struct {
		r     *v1alpha1.RangeRequest
		nodes []*corev1.Node
		want  string
	}{
		"nothing seen":                        {withRanges("10.0.0.0/24"), nil, "[] [10.0.0.0/24]"},
		"nothing seen, one size for all":      {fixed, nil, "[{24 4 4}] [10.0.0.0/22]"},
		"of what is left":                     {withRanges("10.0.0.0/24"), []*corev1.Node{node("a", "10.0.0.0/26", "")}, "[{26 3 2}] [10.0.0.128/25 10.0.0.64/26]"},
		"in several ranges":                   {withRanges("10.0.0.0/24", "10.0.2.0/23"), []*corev1.Node{node("a", "10.0.0.0/24", "")}, "[{24 2 2}] [10.0.2.0/23]"},
		"none of a size that fits nowhere":    {withRanges("10.0.0.0/24"), []*corev1.Node{node("a", "10.0.0.0/25", ""), node("b", "10.0.0.128/26", "")}, "[{25 0 0} {26 1 1}] [10.0.0.192/26]"},
		"also of what is waited for":          {withRanges("10.0.0.0/24"), []*corev1.Node{node("a", "10.0.0.0/26", ""), waiting}, "[{24 0 0} {26 3 2}] [10.0.0.128/25 10.0.0.64/26]"},
		"the most frequent first, four sizes": {withRanges("10.0.0.0/24"), []*corev1.Node{node("a", "10.0.0.0/28", ""), node("b", "10.0.0.16/28", ""), node("c", "10.0.0.32/29", ""), node("d", "10.0.0.40/30", ""), node("e", "10.0.0.44/31", ""), node("f", "10.0.0.46/32", "")}, "[{28 13 8} {29 26 16} {30 52 32} {31 104 64}] [10.0.0.128/25 10.0.0.64/26 10.0.0.48/28 10.0.0.47/32]"},
		"not in what leaves":                  {leaving, []*corev1.Node{node("a", "10.0.0.0/25", "")}, "[{25 1 1}] [10.0.0.128/25]"},
		"full":                                {withRanges("10.0.0.0/24"), []*corev1.Node{node("a", "10.0.0.0/24", "")}, "[{24 0 0}] []"},
		"no ranges":                           {withRanges(), []*corev1.Node{waiting}, "[] []"},
		"not for people's own":                {custom, nil, "[] []"},
	} {
		room, largest := Forecast(c.r, Count(c.r, []v1alpha1.RangeRequest{*c.r}, c.nodes, cloud.Traits{}))
		if got := fmt.Sprint(room, " ", largest); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// TestForecastIsWhatFits compares with giving out piece by piece, on ranges
// of a few addresses filled at random.
func TestForecastIsWhatFits(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 1))
	for range 200 {
		r := withRanges("10.0.0.0/27", "10.0.0.64/28")
		held := map[netip.Addr]bool{}
		var nodes []*corev1.Node
		for i := range 6 {
			base := netip.MustParsePrefix(r.Status.Ranges[rnd.IntN(2)].CIDR)
			p := netip.PrefixFrom(addr(base, rnd.IntN(16)), 28+rnd.IntN(4)).Masked()
			if overlaps(held, p) {
				continue
			}
			hold(held, p)
			nodes = append(nodes, node(fmt.Sprint("n", i), p.String(), ""))
		}
		room, _ := Forecast(r, Count(r, nil, nodes, cloud.Traits{}))
		for _, x := range room {
			fits := int64(0)
			for _, text := range []string{"10.0.0.0/27", "10.0.0.64/28"} {
				base := netip.MustParsePrefix(text)
				step := 1 << (32 - x.PrefixLength)
				for at := 0; at+step <= 1<<(32-base.Bits()); at += step {
					if !overlaps(held, netip.PrefixFrom(addr(base, at), int(x.PrefixLength))) {
						fits++
					}
				}
			}
			if fits != x.Nodes {
				t.Fatalf("%v hold, and %d nodes of /%d fit; the forecast says %d", held, fits, x.PrefixLength, x.Nodes)
			}
		}
	}
}

func addr(base netip.Prefix, offset int) netip.Addr {
	a := base.Addr().As4()
	a[3] += byte(offset)
	return netip.AddrFrom4(a)
}

func hold(held map[netip.Addr]bool, p netip.Prefix) {
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		held[a] = true
	}
}

func overlaps(held map[netip.Addr]bool, p netip.Prefix) bool {
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		if held[a] {
			return true
		}
	}
	return false
}
