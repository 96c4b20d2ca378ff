package usage

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/test/golden"
)

func condition(kind string, status metav1.ConditionStatus, reason, text string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: text}
}

func node(name string, cidrs ...string) corev1.Node {
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{PodCIDRs: cidrs}}
}

// world has one of everything that the tree can show.
func world() cluster.State {
	ready := condition("Ready", "True", "Ready", "")
	net := v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	net.Spec.Supernets = []v1alpha1.CIDR{"10.0.0.0/9"}
	net.Spec.GCP = &v1alpha1.GCPNetwork{Project: "p", Network: "vpc", Region: "us-central1"}
	net.Status.Free = []v1alpha1.FreeSpace{{Family: "IPv4", Addresses: "8323072", Share: 99, LargestBlocks: []string{"10.64.0.0/10"}}}
	net.Status.Conditions = []metav1.Condition{ready}
	request := func(name string, purpose v1alpha1.Purpose, ranges ...v1alpha1.GrantedRange) v1alpha1.RangeRequest {
		r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name}}
		r.Spec.Purpose, r.Status.Ranges = purpose, ranges
		r.Status.Conditions = []metav1.Condition{ready}
		return r
	}
	pods := request("pods", v1alpha1.Pods,
		v1alpha1.GrantedRange{CIDR: "10.0.0.0/22", Subnet: "nodes", Name: "vn-a-pods-b-0"},
		v1alpha1.GrantedRange{CIDR: "10.1.0.0/22", Subnet: "nodes", Name: "vn-a-pods-b-1", Grown: true})
	pods.Status.WaitingNodes = 1
	pods.Status.Room = []v1alpha1.Room{{PrefixLength: 24, Nodes: 3, LargestBlock: 2}}
	pods.Status.Conditions = append(pods.Status.Conditions, condition(v1alpha1.ConditionExhausted, "True", "NodesWaiting", "1 nodes wait for room"))
	none := request("new", v1alpha1.Pods)
	none.Status.Conditions = nil
	lost := request("lost", v1alpha1.Pods)
	lost.Spec.NetworkName = "gone"
	waits := node("waits")
	waits.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: "True", Reason: "RangeExhausted", Message: "no /24 is free"}}
	return cluster.State{
		Networks: []v1alpha1.Network{net},
		Requests: []v1alpha1.RangeRequest{
			pods, none, lost,
			request("services", v1alpha1.Services, v1alpha1.GrantedRange{CIDR: "10.3.0.0/24", Subnet: "nodes", Name: "vn-a-services-c-0"}),
			request("claims", v1alpha1.Custom, v1alpha1.GrantedRange{CIDR: "10.5.0.0/24", Subnet: "nodes", Name: "vn-a-claims-d-0", State: v1alpha1.RangeClaimed}),
			request("proxy", v1alpha1.Proxy, v1alpha1.GrantedRange{CIDR: "10.4.0.0/23", Name: "proxies", Adopted: true}),
		},
		Nodes: []corev1.Node{node("b", "10.0.1.0/24"), node("a", "10.0.0.0/24"), node("c", "10.0.2.0/24"), node("d", "10.0.3.0/24"),
			node("e", "10.1.0.0/24"), node("by-hand", "192.168.0.0/24"), waits, node("new-node")},
	}
}

func addresses() (out []netip.Addr) {
	for i := range 40 {
		out = append(out, netip.AddrFrom4([4]byte{10, 3, 0, byte(i)}))
	}
	return append(out, netip.MustParseAddr("10.96.0.1"))
}

func TestTree(t *testing.T) {
	t.Parallel()
	var got show.Printer
	for _, c := range []struct {
		name  string
		state cluster.State
		nodes bool
		style show.Style
	}{
		{"everything", world(), false, show.Style{}},
		{"with nodes, in ASCII", world(), true, show.Style{ASCII: true}},
		{"nothing", cluster.State{}, false, show.Style{}},
	} {
		fmt.Fprintf(&got, "# %s\n", c.name)
		got.Style = c.style
		Build(c.state, addresses(), c.nodes).Print(&got)
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/tree.golden", got.String())
}

// TestEveryNodeIsShownOnce: in one range, outside of all, or waiting.
func TestEveryNodeIsShownOnce(t *testing.T) {
	t.Parallel()
	s := world()
	seen := map[string]int{}
	tree := Build(s, nil, true)
	for _, n := range append(tree.Elsewhere, tree.Waiting...) {
		seen[n.Name]++
	}
	for _, n := range tree.Networks {
		for _, r := range n.Requests {
			for _, x := range r.Ranges {
				for _, node := range x.Nodes {
					seen[node.Name]++
				}
			}
		}
	}
	for _, n := range s.Nodes {
		if seen[n.Name] != 1 {
			t.Errorf("node %s is shown %d times", n.Name, seen[n.Name])
		}
	}
}
