package stress

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/ipam/prefix"
	"github.com/vpcnative/vpcnative/test/e2e"
)

// mostServices is how many a cluster has at most: a few ranges full.
const mostServices = 60

// ofRequest names the request of a ServiceCIDR of ours.
const ofRequest = "vpcnative.dev/range-request"

func makeServices(r *rig, c *cluster, rng *rand.Rand) string {
	n := min(1+rng.IntN(8), mostServices-len(c.services))
	for range n {
		c.made++
		name := fmt.Sprintf("s-%d", c.made)
		s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name},
			Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
		// The API server learns of a ServiceCIDR, or that it goes, by and by.
		r.must(e2e.Eventually(patience, func() error { return client.IgnoreAlreadyExists(c.API.Create(r.ctx, s)) }))
		c.services[name] = true
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d", n)
}

func deleteServices(r *rig, c *cluster, rng *rand.Rand) string {
	n := min(1+rng.IntN(12), len(c.services))
	for range n {
		name := one(c.services, rng)
		r.must(c.API.Delete(r.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name}}))
		delete(c.services, name)
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d", n)
}

// serviceRanges are the ServiceCIDRs and the ClusterIPs of a cluster.
type serviceRanges struct {
	cidrs    []networkingv1.ServiceCIDR
	services []corev1.Service
}

func (v view) held(in netip.Prefix) (n int) {
	for _, s := range v.services {
		if ip, err := netip.ParseAddr(s.Spec.ClusterIP); err == nil && in.Contains(ip) {
			n++
		}
	}
	return n
}

// checkServices: each granted range has a ServiceCIDR, and each ServiceCIDR of
// ours a request. No ServiceCIDR overlaps what Nodes publish, but what routes
// lead to of another cluster, which knows nothing of it.
func (v view) checkServices(s *seen) error {
	want := map[string]bool{}
	for _, q := range v.requests {
		for _, g := range q.Status.Ranges {
			if q.Spec.Purpose == v1alpha1.Services && q.DeletionTimestamp.IsZero() && !g.Leaving {
				want[g.CIDR] = true
			}
		}
	}
	near := &seen{nodes: v.nodes}
	for _, n := range s.nodes {
		if n.Labels[pool] != routed {
			near.nodes = append(near.nodes[:len(near.nodes):len(near.nodes)], n)
		}
	}
	for _, x := range v.cidrs {
		for _, text := range x.Spec.CIDRs {
			p := netip.MustParsePrefix(text)
			if overlaps(p, near.published()) {
				return fmt.Errorf("I1: ServiceCIDR %s (%s) overlaps what Nodes publish", x.Name, text)
			}
			ours := x.Annotations[ofRequest] != ""
			if ours && !want[text] && v.held(p) == 0 {
				return fmt.Errorf("I5: ServiceCIDR %s (%s) is nobody's, and no Service holds an address of it", x.Name, text)
			}
			if ours && x.DeletionTimestamp.IsZero() {
				delete(want, text)
			}
		}
	}
	if len(want) > 0 {
		return fmt.Errorf("I5: %v have no ServiceCIDR", want)
	}
	return nil
}

func overlaps(p netip.Prefix, with []netip.Prefix) bool {
	for _, q := range with {
		if p.Overlaps(q) {
			return true
		}
	}
	return false
}

// growthDone is nil when a request has grown as far as is called for, and
// gave back what it no longer needs.
func (v view) growthDone(q v1alpha1.RangeRequest, s *seen) error {
	if q.Spec.Growth == nil || !q.DeletionTimestamp.IsZero() {
		return nil
	}
	waits := q.Status.WaitingNodes > 0
	if limited := meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionGrowthLimited); waits && (limited == nil || limited.Status != metav1.ConditionTrue || limited.Message == "") {
		return fmt.Errorf("I5: %d Nodes wait for RangeRequest %s, which could grow: %+v", q.Status.WaitingNodes, q.Name, limited)
	}
	for _, g := range q.Status.Ranges {
		if g.Leaving {
			return fmt.Errorf("I5: range %s of RangeRequest %s is leaving", g.CIDR, q.Name)
		}
		if g.EmptySince != nil && !waits && v.spare(q, g, s) {
			return fmt.Errorf("I5: range %s of RangeRequest %s is empty since %s, and is not given back", g.CIDR, q.Name, g.EmptySince)
		}
	}
	if q.Spec.Purpose != v1alpha1.Services {
		return nil
	}
	held := 0
	for _, g := range q.Status.Ranges {
		held += v.held(netip.MustParsePrefix(g.CIDR))
	}
	if fmt.Sprint(held) != q.Status.Allocated {
		return fmt.Errorf("I5: RangeRequest %s counts %s ClusterIPs, there are %d", q.Name, q.Status.Allocated, held)
	}
	return nil
}

// spare tells whether the other ranges of the subnet have room enough without
// this one: ten percent more than the threshold.
func (v view) spare(q v1alpha1.RangeRequest, without v1alpha1.GrantedRange, s *seen) bool {
	var rest []netip.Prefix
	used := 0.0
	for _, g := range q.Status.Ranges {
		p := netip.MustParsePrefix(g.CIDR)
		if g.Subnet != without.Subnet || g.CIDR == without.CIDR {
			continue
		}
		rest = append(rest, p)
		used += float64(v.held(p))
		for _, n := range v.nodes {
			for _, text := range n.Spec.PodCIDRs {
				if has := netip.MustParsePrefix(text); p.Overlaps(has) {
					used += prefix.Addresses(has).Float64()
				}
			}
		}
	}
	size := prefix.Total(rest).Float64()
	if q.Spec.Purpose == v1alpha1.Services {
		size -= 2 * float64(len(rest)) // the API server gives out neither the first nor the last
	}
	return size > 0 && 100*used/size <= float64(q.Spec.Growth.Threshold-10)
}
