package main

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

func (v view) network(old, now *v1alpha1.Network) {
	const source = "network"
	switch {
	case now == nil:
		v.tell(event{source: source, subject: v.of(old.Name), what: "deleted"})
		return
	case old == nil:
		old = &v1alpha1.Network{}
		v.tell(event{source: source, subject: v.of(now.Name), what: "applied"})
	}
	told := v.condition(source, now.Name, v1alpha1.ConditionReady, old.Status.Conditions, now.Status.Conditions)
	if now.Spec.Firewall == v1alpha1.ManageFirewall { // else it names what is missing, after every range
		v.condition(source, now.Name, v1alpha1.ConditionFirewall, old.Status.Conditions, now.Status.Conditions)
	}
	if !told && len(now.Status.Free) > 0 && (len(old.Status.Free) == 0 || old.Status.Free[0].Addresses != now.Status.Free[0].Addresses) {
		f := now.Status.Free[0]
		v.tell(event{source: source, subject: v.of(now.Name), what: "read:",
			detail: fmt.Sprintf("%d blocks occupied, %d %% free", now.Status.OccupiedCount, f.Share)})
	}
}

func (v view) request(old, now *v1alpha1.RangeRequest) {
	const source = "rangerequest"
	switch {
	case now == nil:
		v.tell(event{source: source, subject: v.of(old.Name), what: "deleted"})
		return
	case old == nil:
		old = &v1alpha1.RangeRequest{}
		v.tell(event{source: source, subject: v.of(now.Name), what: "applied"})
	case old.Generation != now.Generation && now.DeletionTimestamp == nil:
		v.tell(event{source: source, subject: v.of(now.Name), what: "edited"})
	}
	if old.DeletionTimestamp == nil && now.DeletionTimestamp != nil {
		v.tell(event{source: source, subject: v.of(now.Name), what: "is being deleted"})
	}
	for _, g := range now.Status.Granted() {
		if !slices.ContainsFunc(old.Status.Granted(), func(had v1alpha1.GrantedRange) bool { return had.CIDR == g.CIDR }) {
			v.look() // the subnet had it before
			v.tell(event{source: source, subject: v.of(now.Name), what: granted(g), detail: fmt.Sprintf("%s, %s", bold(g.CIDR), g.Reason)})
		}
	}
	if use := inUse(now); now.Status.Capacity != "" && use != inUse(old) {
		v.tell(event{source: source, subject: v.of(now.Name), what: "in use:", detail: use})
	}
	v.condition(source, now.Name, v1alpha1.ConditionReady, old.Status.Conditions, now.Status.Conditions)
}

func granted(g v1alpha1.GrantedRange) string {
	if g.Grown {
		return "grows by"
	}
	return "is granted"
}

// inUse says how full a request is.
func inUse(r *v1alpha1.RangeRequest) string {
	if r.Spec.Purpose == v1alpha1.Services {
		return fmt.Sprintf("%s of %s ClusterIPs, %d %%", r.Status.Allocated, r.Status.Capacity, r.Status.Utilization)
	}
	return fmt.Sprintf("%d nodes, %d %%, %d waiting", r.Status.Nodes, r.Status.Utilization, r.Status.WaitingNodes)
}

// condition tells a change of a condition.
func (v view) condition(source, name, kind string, old, now []metav1.Condition) (told bool) {
	was, is := meta.FindStatusCondition(old, kind), meta.FindStatusCondition(now, kind)
	if is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return false
	}
	v.tell(event{source: source, subject: v.of(name), what: is.Reason + ":", detail: is.Message})
	return true
}

func (v view) serviceCIDR(old, now *networkingv1.ServiceCIDR) {
	const source = "servicecidr"
	if now == nil {
		v.tell(event{source: source, subject: v.of(old.Spec.CIDRs[0]), what: "deleted"})
		return
	}
	subject := v.of(now.Spec.CIDRs[0])
	switch {
	case old == nil:
		v.tell(event{source: source, subject: subject, what: "created:", detail: now.Name})
		v.serve(now.Spec.CIDRs)
	case old.DeletionTimestamp == nil && now.DeletionTimestamp != nil:
		v.tell(event{source: source, subject: subject, what: "is being deleted: no more ClusterIPs are allocated from it"})
	}
	if isServed(now) && (old == nil || !isServed(old)) {
		v.tell(event{source: source, subject: subject, what: "Ready: ClusterIPs are allocated from it"})
	}
}

// isServed tells whether the API server allocates from it.
func isServed(c *networkingv1.ServiceCIDR) bool {
	return c.DeletionTimestamp == nil && meta.IsStatusConditionTrue(c.Status.Conditions, networkingv1.ServiceCIDRConditionReady)
}

func (v view) service(old, now *corev1.Service) {
	switch {
	case now == nil:
		v.expose(old.Name, false)
		v.tell(event{source: "service", subject: v.of(old.Name), what: "deleted"})
	case old == nil:
		v.expose(now.Name, now.Spec.Type == corev1.ServiceTypeClusterIP)
		v.tell(event{source: "service", subject: v.of(now.Name), what: v.clusterIP(now.Spec.ClusterIP), detail: bold(now.Spec.ClusterIP)})
	default:
		v.balancer(old, now)
	}
}

// balancer tells what became of a Service's load balancer.
func (v view) balancer(old, now *corev1.Service) {
	const source = "service"
	switch {
	case old.DeletionTimestamp == nil && now.DeletionTimestamp != nil:
		v.tell(event{source: source, subject: v.of(now.Name), what: "is being deleted"})
		return
	case !reflect.DeepEqual(old.Spec, now.Spec):
		v.tell(event{source: source, subject: v.of(now.Name), what: "edited"})
	}
	if at := now.Status.LoadBalancer.Ingress; len(at) > 0 && v.reach(now.Name, at[0].IP+at[0].Hostname) {
		v.look() // the cloud had it before
		v.tell(event{source: source, subject: v.of(now.Name), what: "address", detail: bold(at[0].IP + at[0].Hostname)})
	}
	v.condition(source, now.Name, v1alpha1.ConditionLoadBalancer, old.Status.Conditions, now.Status.Conditions)
}

// serve notes what a new ServiceCIDR holds.
func (b *board) serve(cidrs []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(c); err == nil {
			b.further = append(b.further, p)
		}
	}
}

// clusterIP says of an address whether it comes out of a new ServiceCIDR.
func (b *board) clusterIP(address string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	ip, err := netip.ParseAddr(address)
	for _, p := range b.further {
		if err == nil && p.Contains(ip) {
			return "ClusterIP out of " + p.String()
		}
	}
	return "ClusterIP"
}
