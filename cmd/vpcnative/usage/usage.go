// Package usage shows who holds what: networks, their ranges, and the nodes
// or Services in them. It is pure.
package usage

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Tree is all of a cluster.
type Tree struct {
	Networks []Network `json:"networks"`
	// Lost are requests whose Network does not exist.
	Lost []Request `json:"requestsWithoutNetwork,omitempty"`
	// Elsewhere are nodes whose podCIDRs lie in no range.
	Elsewhere []Node `json:"nodesOutsideEveryRange,omitempty"`
	// Waiting are nodes without podCIDRs.
	Waiting []Node `json:"waitingNodes,omitempty"`
}

// Network is a Network with the ranges out of it.
type Network struct {
	Name      string               `json:"name"`
	VPC       string               `json:"vpc"`
	Supernets []v1alpha1.CIDR      `json:"supernets"`
	Free      []v1alpha1.FreeSpace `json:"free,omitempty"`
	// Subnets are the node subnets, where ranges are carved out of them.
	Subnets  []v1alpha1.SubnetSpace `json:"subnets,omitempty"`
	Trouble  []string               `json:"trouble,omitempty"`
	Requests []Request              `json:"requests,omitempty"`
}

// Request is a RangeRequest with its ranges.
type Request struct {
	Name    string           `json:"name"`
	Purpose v1alpha1.Purpose `json:"purpose"`
	Use
	Waiting int32           `json:"waitingNodes,omitempty"`
	Room    []v1alpha1.Room `json:"room,omitempty"`
	Trouble []string        `json:"trouble,omitempty"`
	Ranges  []Range         `json:"ranges,omitempty"`
}

// Use is the utilization of something.
type Use struct {
	Addresses string `json:"addresses"`
	Allocated string `json:"allocated"`
	// Percent is exact, not rounded.
	Percent float64 `json:"percent"`
	// Holders counts nodes, or ClusterIPs.
	Holders int `json:"holders"`
	// Counted is true if the addresses are counted: not for purposes Proxy and
	// Custom.
	Counted bool `json:"counted"`
}

// Range is a granted range, or one that is claimed.
type Range struct {
	CIDR    string `json:"cidr"`
	Subnet  string `json:"subnet,omitempty"`
	Name    string `json:"name"`
	Adopted bool   `json:"adopted,omitempty"`
	Grown   bool   `json:"grown,omitempty"`
	// Claimed is true while it is being created: it has no room yet.
	Claimed bool `json:"claimed,omitempty"`
	// Routes is true if its node CIDRs are attached by routes.
	Routes bool `json:"routes,omitempty"`
	Use
	Nodes []Node `json:"nodes,omitempty"`
}

// Node is a node and its CIDR.
type Node struct {
	Name string `json:"name"`
	CIDR string `json:"cidr,omitempty"`
	Why  string `json:"why,omitempty"`
}

// holder is one who holds a prefix.
type holder struct {
	name string
	p    netip.Prefix
}

// Build makes the tree. Addresses are the ClusterIPs that are allocated;
// withNodes lists nodes too.
func Build(s cluster.State, addresses []netip.Addr, withNodes bool) Tree {
	var out Tree
	nodes := podRanges(s.Nodes)
	var services []holder
	for _, a := range addresses {
		services = append(services, holder{p: netip.PrefixFrom(a, a.BitLen())})
	}
	housed := map[string]bool{}
	requests := map[string][]Request{}
	for i := range s.Requests {
		r := &s.Requests[i]
		holders := nodes
		if r.Spec.Purpose == v1alpha1.Services {
			holders = services
		}
		requests[r.NetworkName()] = append(requests[r.NetworkName()], request(r, holders, withNodes, housed))
	}
	for _, n := range s.Networks {
		out.Networks = append(out.Networks, Network{
			Name: n.Name, VPC: vpc(&n), Supernets: n.Spec.Supernets, Free: n.Status.Free, Subnets: n.Status.Subnets,
			Trouble: trouble(n.Status.Conditions), Requests: requests[n.Name],
		})
		delete(requests, n.Name)
	}
	for _, r := range s.Requests {
		out.Lost = append(out.Lost, requests[r.NetworkName()]...)
		delete(requests, r.NetworkName())
	}
	for _, h := range nodes {
		if !housed[h.name] { // one family of two may come from elsewhere
			out.Elsewhere = append(out.Elsewhere, Node{Name: h.name, CIDR: h.p.String()})
		}
	}
	for i := range s.Nodes {
		if n := &s.Nodes[i]; len(n.Spec.PodCIDRs) == 0 {
			out.Waiting = append(out.Waiting, Node{Name: n.Name, Why: whyWaiting(n, s.Requests)})
		}
	}
	return out
}

func podRanges(nodes []corev1.Node) (out []holder) {
	for _, n := range nodes {
		for _, p := range v1alpha1.ParseCIDRs(n.Spec.PodCIDRs) {
			out = append(out, holder{n.Name, p})
		}
	}
	slices.SortFunc(out, func(a, b holder) int { return prefix.Compare(a.p, b.p) })
	return out
}

func request(r *v1alpha1.RangeRequest, holders []holder, withNodes bool, housed map[string]bool) Request {
	out := Request{Name: r.Name, Purpose: r.Spec.Purpose, Waiting: r.Status.WaitingNodes, Room: r.Status.Room, Trouble: trouble(r.Status.Conditions)}
	var whole, held prefix.Count
	for _, g := range r.Status.Ranges {
		p, err := netip.ParsePrefix(g.CIDR)
		if err != nil {
			continue
		}
		x := Range{CIDR: g.CIDR, Subnet: g.Subnet, Name: g.Name, Adopted: g.Adopted, Grown: g.Grown, Claimed: g.Claimed(), Routes: r.Spec.Attachment == v1alpha1.AttachRoutes}
		var sum prefix.Count
		for _, h := range holders {
			if !prefix.Contains(p, h.p) || r.Spec.Purpose != v1alpha1.Pods && r.Spec.Purpose != v1alpha1.Services {
				continue
			}
			x.Holders++
			sum = sum.Add(prefix.Addresses(h.p))
			if h.name == "" {
				continue
			}
			housed[h.name] = true
			if withNodes {
				x.Nodes = append(x.Nodes, Node{Name: h.name, CIDR: h.p.String()})
			}
		}
		x.Use = use(prefix.Addresses(p), sum, x.Holders, r.Spec.Purpose)
		if !x.Claimed {
			whole, held = whole.Add(prefix.Addresses(p)), held.Add(sum)
		}
		out.Holders += x.Holders
		out.Ranges = append(out.Ranges, x)
	}
	out.Use = use(whole, held, out.Holders, r.Spec.Purpose)
	return out
}

func use(whole, held prefix.Count, holders int, purpose v1alpha1.Purpose) Use {
	u := Use{Addresses: whole.String(), Allocated: held.String(), Holders: holders, Counted: purpose == v1alpha1.Pods || purpose == v1alpha1.Services}
	if !whole.IsZero() {
		u.Percent = 100 * held.Float64() / whole.Float64()
	}
	return u
}

// trouble returns the conditions that a person should see: what is not ready,
// and whatever else is not as it should be.
func trouble(conditions []metav1.Condition) (out []string) {
	for _, c := range conditions {
		good := metav1.ConditionFalse
		if strings.HasSuffix(c.Type, v1alpha1.ConditionReady) {
			good = metav1.ConditionTrue
		}
		if c.Status != good {
			out = append(out, c.Type+"="+string(c.Status)+", "+c.Reason+": "+c.Message)
		}
	}
	if meta.FindStatusCondition(conditions, v1alpha1.ConditionReady) == nil {
		out = append(out, "the manager has not read it yet")
	}
	return out
}

func vpc(n *v1alpha1.Network) string {
	switch g, a := n.Spec.GCP, n.Spec.AWS; {
	case g != nil:
		return cmp.Or(g.NetworkProject, g.Project) + "/" + g.Network + " in " + g.Region
	case a != nil:
		return strings.TrimSuffix(a.VPCID+" in "+a.Region, " in ")
	}
	return "no VPC"
}

func whyWaiting(n *corev1.Node, requests []v1alpha1.RangeRequest) string {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeNetworkUnavailable && c.Status == corev1.ConditionTrue {
			return c.Reason + ": " + c.Message
		}
	}
	if len(assign.Candidates(requests, assign.LabelsOf(n))) == 0 {
		return "no RangeRequest selects it"
	}
	return "its CIDR is being attached"
}
