package explain

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/test/golden"
)

var wrote = metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))

// world has one of everything that an address can be.
func world() World {
	n := v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default", Generation: 1,
		ManagedFields: []metav1.ManagedFieldsEntry{{Subresource: "status", Time: &wrote}}}}
	n.Spec.Supernets = []v1alpha1.CIDR{"10.0.0.0/9", "172.16.0.0/16"}
	n.Spec.GCP = &v1alpha1.GCPNetwork{Project: "p", Network: "vpc", Region: "r", Subnetworks: []string{"nodes"}}
	n.Spec.Reserved = []v1alpha1.ReservedBlock{{CIDR: "10.10.0.0/16", Reason: "the office VPN"}}
	n.Status = v1alpha1.NetworkStatus{
		ObservedGeneration: 1, OccupiedCount: 13,
		Free: []v1alpha1.FreeSpace{{Family: "IPv4", Addresses: "1", LargestBlocks: []string{"10.64.0.0/10"}}},
		Occupied: []v1alpha1.OccupiedBlock{
			{CIDR: "10.1.0.0/20", Kind: "SubnetPrimary", Name: "r/nodes"},
			{CIDR: "10.4.0.0/16", Kind: "SecondaryRange", Name: "r/nodes/vn-a-pods-b-0", Owner: "RangeRequest pods"},
			{CIDR: "10.5.0.0/16", Kind: "SecondaryRange", Name: "r/nodes/vn-z-pods-y-0", Owner: "another vpcnative cluster, mark z"},
			{CIDR: "10.6.0.0/16", Kind: "SecondaryRange", Name: "r/nodes/by-hand"},
			{CIDR: "10.7.0.0/16", Kind: "StaticRoute", Name: "to-onprem"},
			{CIDR: "10.8.0.0/16", Kind: "PeeringRoute", Name: "partner"},
			{CIDR: "10.9.0.0/16", Kind: "Reservation", Name: "sql"},
			{CIDR: "10.10.0.0/16", Kind: "Reserved", Name: "the office VPN"},
			{CIDR: "10.11.0.0/23", Kind: "ProxyOnly", Name: "r/envoys"},
			{CIDR: "10.12.0.0/23", Kind: "ProxyOnly", Name: "r/vn-a-lb-d-0", Owner: "RangeRequest lb"},
			{CIDR: "10.13.0.0/20", Kind: "ServiceCIDR", Name: "leaving"},
			{CIDR: "10.14.0.0/20", Kind: "ServiceCIDR", Name: "not-read"},
			{CIDR: "172.16.0.0/12", Kind: "StaticRoute", Name: "wide"},
		},
	}
	pods := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	pods.Spec.Purpose = v1alpha1.Pods
	pods.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.4.0.0/16", Subnet: "nodes", Name: "vn-a-pods-b-0", Reason: "a /16 was asked for"}}
	pods.Status.Nodes, pods.Status.Utilization = 1, 1
	services := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "services"}}
	services.Spec.Purpose = v1alpha1.Services
	services.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.3.0.0/20", Subnet: "nodes", Name: "vn-a-services-c-0"}}
	services.Status.Ranges = append(services.Status.Ranges, v1alpha1.GrantedRange{CIDR: "10.2.0.0/20", Subnet: "nodes", Name: "vn-a-services-c-1", State: v1alpha1.RangeClaimed})
	lb := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "lb"}}
	lb.Spec.Purpose = v1alpha1.Proxy
	lb.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.12.0.0/23", Subnet: "vn-a-lb-d-0", Name: "vn-a-lb-d-0"}}
	waiting := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "more"}}
	waiting.Spec.Purpose = v1alpha1.Custom
	a := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Spec: corev1.NodeSpec{PodCIDRs: []string{"10.4.3.0/24", "2600:1900::/112"}, ProviderID: "gce://p/z/a"}}
	a.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.1.0.2"}, {Type: corev1.NodeInternalIP, Address: "2600:1900::"}}
	b := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "b"}}
	b.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: "True", Reason: "RangeExhausted", Message: "no /24 is free"}}
	web := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: corev1.PodSpec{NodeName: "a"}}
	web.Status.PodIPs = []corev1.PodIP{{IP: "10.4.3.7"}, {IP: "2600:1900::7"}}
	daemon := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "proxy"}, Spec: corev1.PodSpec{NodeName: "a", HostNetwork: true}}
	daemon.Status.PodIPs = []corev1.PodIP{{IP: "10.1.0.2"}}
	done := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "job"}, Spec: corev1.PodSpec{NodeName: "a"}}
	done.Status = corev1.PodStatus{Phase: corev1.PodSucceeded, PodIPs: []corev1.PodIP{{IP: "10.4.3.8"}}}
	w := World{State: cluster.State{Networks: []v1alpha1.Network{n}, Requests: []v1alpha1.RangeRequest{pods, services, lb, waiting}, Nodes: []corev1.Node{a, b}},
		ServiceCIDRs: []networkingv1.ServiceCIDR{
			{ObjectMeta: metav1.ObjectMeta{Name: "kubernetes"}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: []string{"192.168.0.0/16"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "leaving", DeletionTimestamp: &wrote}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: []string{"10.13.0.0/20"}}},
			{ObjectMeta: metav1.ObjectMeta{Name: "ours"}, Spec: networkingv1.ServiceCIDRSpec{CIDRs: []string{"10.3.0.0/20"}}},
		},
		IPAddresses: []networkingv1.IPAddress{{ObjectMeta: metav1.ObjectMeta{Name: "192.168.0.1"},
			Spec: networkingv1.IPAddressSpec{ParentRef: &networkingv1.ParentReference{Resource: "services", Namespace: "default", Name: "kubernetes"}}}},
		Pods: []corev1.Pod{web, daemon, done},
	}
	blank := cloud.Snapshot{Subnets: []cloud.Subnet{{Name: "nodes"}},
		Occupied: []cloud.Occupied{{Prefix: netip.MustParsePrefix("169.254.0.0/16"), Kind: cloud.Prohibited, Name: "link local"}}}
	w.VPC = map[string]preview.VPC{"default": preview.Status(&n, blank)}
	return w
}

var questions = []struct {
	ask  string
	want Answer
}{
	{"10.4.3.7", InUse},      // a Pod
	{"10.4.3.8", InUse},      // a node's, the Pod ended
	{"10.1.0.2", InUse},      // a node itself, not its hostNetwork Pod
	{"192.168.0.1", InUse},   // a ClusterIP
	{"192.168.0.2", Granted}, // in the ServiceCIDR
	{"10.3.0.9", Granted},
	{"10.4.9.9", Granted}, // in the range, no node
	{"10.4.0.0/16", Granted},
	{"10.4.3.0/24", InUse},
	{"10.4.2.0/23", Mixed},    // in the range, half of it a node's
	{"192.168.0.0/28", Mixed}, // in the ServiceCIDR, with a Service in it
	{"10.1.0.9", Forbidden},
	{"10.5.1.1", Forbidden},
	{"10.6.1.1", Forbidden},
	{"10.7.1.1", Forbidden},
	{"10.8.1.1", Forbidden},
	{"10.9.1.1", Forbidden},
	{"10.10.1.1", Forbidden},
	{"169.254.1.1", Forbidden},
	{"172.16.1.1", Forbidden}, // a route over the whole supernet
	{"10.64.1.1", Free},
	{"10.64.0.0/12", Free},
	{"10.0.0.0/13", Mixed},
	{"10.0.0.0/8", Mixed},
	{"10.11.1.1", Forbidden}, // somebody's proxy-only subnet
	{"10.12.1.1", Granted},   // ours
	{"10.12.0.0/23", Granted},
	{"10.13.0.1", Granted}, // in a ServiceCIDR that goes
	{"10.14.0.1", Granted}, // in one that only the status tells of
	{"10.3.0.0/20", Granted},
	{"2600:1900::7", InUse}, // the Pod's other address
	{"2600:1900::8", InUse},
	{"2600:1900::", InUse}, // the node itself
	{"2600:1900::/112", InUse},
	{"2600:1900::/64", Mixed},
	{"8.8.8.8", Outside},
	{"fd00::1", Outside},
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	w := world()
	var got show.Printer
	for _, q := range questions {
		p, err := netip.ParsePrefix(q.ask)
		if err != nil {
			a := netip.MustParseAddr(q.ask)
			p = netip.PrefixFrom(a, a.BitLen())
		}
		e := w.Prefix(p)
		if e.Answer != q.want {
			t.Errorf("%s: %s, want %s: %s", q.ask, e.Answer, q.want, e.Text)
		}
		fmt.Fprintf(&got, "# %s\n", q.ask)
		e.Print(&got)
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/prefixes.golden", got.String())
}

func TestNames(t *testing.T) {
	t.Parallel()
	w := world()
	var got show.Printer
	for _, ask := range []string{"a", "node/b", "pods", "rangerequest/more", "rr/services", "default", "vn-a-pods-b-0", "by-hand", "r/nodes"} {
		fmt.Fprintf(&got, "# %s\n", ask)
		all := w.Name(ask)
		if len(all) != 1 {
			t.Errorf("%s: %d answers", ask, len(all))
		}
		for _, e := range all {
			e.Print(&got)
		}
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/names.golden", got.String())
	for _, ask := range []string{"nobody", "node/pods", "rangerequest/a", ""} {
		if all := w.Name(ask); len(all) != 0 {
			t.Errorf("%q: %v", ask, all)
		}
	}
}
