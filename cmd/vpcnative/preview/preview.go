// Package preview shows what the manager would do for RangeRequests: which
// ranges, where, why there, how many nodes they serve, what is left free, and
// which of the cloud's limits they count against. It is pure.
package preview

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Input is the input of a preview.
type Input struct {
	Networks []v1alpha1.Network
	// Requests are all RangeRequests, those to preview among them.
	Requests []v1alpha1.RangeRequest
	// Wanted names those to preview.
	Wanted []string
	// VPC is the state of each Network's VPC, by the Network's name.
	VPC      map[string]VPC
	Nodes    []corev1.Node
	Services []carve.ServiceBlock // every ServiceCIDR of the cluster
	// NoServices is true if the API server has no ServiceCIDRs at all.
	NoServices bool
	// Now is the current time; refused blocks count for a while.
	Now       time.Time
	ClusterID string
}

func (in Input) nodes() (out []*corev1.Node) {
	for i := range in.Nodes {
		out = append(out, &in.Nodes[i])
	}
	return out
}

// VPC is the state of a VPC, and its source.
type VPC struct {
	Snapshot cloud.Snapshot
	Source   Source
}

// Report is a preview, Network by Network.
type Report struct {
	Networks []Network `json:"networks"`
}

// Refused reports whether a request would be refused.
func (r Report) Refused() bool {
	return slices.ContainsFunc(r.Networks, func(n Network) bool {
		return slices.ContainsFunc(n.Requests, func(q Request) bool { return q.Refusal != nil })
	})
}

// Network is the preview of one Network.
type Network struct {
	Name     string    `json:"name"`
	Source   Source    `json:"source"`
	Requests []Request `json:"requests"`
	// Before and After are the free space.
	Before []v1alpha1.FreeSpace `json:"freeBefore,omitempty"`
	After  []v1alpha1.FreeSpace `json:"freeAfter,omitempty"`
	Quotas []Quota              `json:"quotas,omitempty"`
}

// Request is the preview of one RangeRequest.
type Request struct {
	Name    string           `json:"name"`
	Purpose v1alpha1.Purpose `json:"purpose"`
	// Attachment is how a node CIDR is attached, if the request sets it.
	Attachment v1alpha1.Attachment `json:"attachment,omitempty"`
	Refusal    *Refusal            `json:"refusal,omitempty"`
	Ranges     []Range             `json:"ranges,omitempty"`
	// NodeSize is the size of each node CIDR, for purpose Pods.
	NodeSize *NodeSize `json:"nodeSize,omitempty"`
	// Space is what would be added to the VPC first, for new nodes.
	Space []Space `json:"newSubnets,omitempty"`
	// Growth is the next range of each subnet.
	Growth []Growth `json:"growth,omitempty"`
}

// Refusal is why a request gets nothing, with the text of its condition.
type Refusal struct {
	Reason string `json:"reason"`
	Text   string `json:"text"`
}

// Range is a range that the request has or would get.
type Range struct {
	CIDR   string `json:"cidr"`
	Subnet string `json:"subnet"`
	Name   string `json:"name"`
	// Create is true if it is not in the VPC.
	Create bool `json:"create"`
	// Adopted is true if it is in the VPC and the manager did not create it.
	Adopted   bool   `json:"adopted,omitempty"`
	Why       string `json:"why"`
	Addresses string `json:"addresses"`
	// Nodes is how many nodes it has room for, for purpose Pods.
	Nodes string `json:"nodes,omitempty"`
}

// Make previews the wanted requests, the oldest first, each around those
// before it.
func Make(in Input) Report {
	in.Requests = slices.Clone(in.Requests)
	slices.SortStableFunc(in.Requests, func(a, b v1alpha1.RangeRequest) int {
		switch {
		case carve.Older(&a, &b):
			return -1
		case carve.Older(&b, &a):
			return 1
		}
		return 0
	})
	var out Report
	for _, name := range in.networkNames() {
		out.Networks = append(out.Networks, in.network(name))
	}
	return out
}

// networkNames are the Networks of the wanted requests.
func (in Input) networkNames() (names []string) {
	for i := range in.Requests {
		r := &in.Requests[i]
		if slices.Contains(in.Wanted, r.Name) && !slices.Contains(names, r.NetworkName()) {
			names = append(names, r.NetworkName())
		}
	}
	slices.Sort(names)
	return names
}

func (in Input) network(name string) Network {
	out := Network{Name: name}
	at := slices.IndexFunc(in.Networks, func(n v1alpha1.Network) bool { return n.Name == name })
	if at < 0 {
		no := &Refusal{v1alpha1.ReasonNetworkNotFound, fmt.Sprintf("Network %s does not exist; create it, or name another one", name)}
		for i := range in.Requests {
			if r := &in.Requests[i]; r.NetworkName() == name && slices.Contains(in.Wanted, r.Name) {
				out.Requests = append(out.Requests, Request{Name: r.Name, Purpose: r.Spec.Purpose, Refusal: no})
			}
		}
		return out
	}
	n, before := &in.Networks[at], in.VPC[name]
	snapshot := before.Snapshot
	out.Before = in.free(n, snapshot)
	var more uses
	for i := range in.Requests {
		if r := &in.Requests[i]; r.NetworkName() == name && slices.Contains(in.Wanted, r.Name) {
			var q Request
			q, snapshot = in.request(n, snapshot, i, &more)
			out.Requests = append(out.Requests, q)
		}
	}
	out.Source = before.Source
	out.Source.Warnings = append(slices.Clone(out.Source.Warnings), publicSpace(out.Requests)...)
	out.After = in.free(n, snapshot)
	out.Quotas = append(quotas(before.Snapshot, snapshot, more.aliases), routesOf(before.Snapshot, more.routes)...)
	if out.Source.Kind == FromStatus {
		out.Source.Notes = append(out.Source.Notes, "a status lists only what lies in the supernets: the counts of ranges omit ranges elsewhere")
		out.Source.Warnings = append(out.Source.Warnings, proxyWarnings(n, out.Requests)...)
	}
	return out
}

// uses counts what the nodes of new ranges use of the cloud's limits.
type uses struct{ aliases, routes prefix.Count }

// request previews one, and returns the VPC as it is then, around which the next
// ones are planned.
func (in Input) request(n *v1alpha1.Network, snapshot cloud.Snapshot, at int, more *uses) (Request, cloud.Snapshot) {
	r := in.Requests[at].DeepCopy()
	steps, no := ranges(in, n, snapshot, r)
	size := nodeSize(r, in.Requests, in.Nodes, snapshot.Traits)
	q := Request{Name: r.Name, Purpose: r.Spec.Purpose, Attachment: r.Spec.Attachment, Refusal: no, NodeSize: size}
	for _, s := range steps {
		q.Ranges = append(q.Ranges, rangeOf(s, size, snapshot, in.nodes()))
		if size != nil && isNews(r, s) && r.Spec.Attachment == v1alpha1.AttachRoutes {
			more.routes = more.routes.Add(plan.Nodes(s.Range.Prefix.Bits(), size.PrefixLength))
		}
		if size != nil && s.Create {
			more.aliases = more.aliases.Add(plan.Nodes(s.Range.Prefix.Bits(), max(size.PrefixLength, snapshot.Traits.Smallest)))
		}
	}
	snapshot = apply(steps, snapshot, r, region(n))
	in.Requests[at] = *r
	if no == nil {
		q.Space, q.Refusal = newSpace(in, n, snapshot, r)
		q.Growth = growth(in, n, snapshot, r)
	}
	return q, snapshot
}

func publicSpace(requests []Request) (out []string) {
	for _, q := range requests {
		for _, x := range q.Ranges {
			if p, err := netip.ParsePrefix(x.CIDR); err == nil && prefix.Public(p) {
				out = append(out, fmt.Sprintf("%s of %s is public address space: the VPC could no longer reach the internet hosts with these addresses", p, q.Name))
			}
		}
	}
	return out
}

// isNews is true for a range that the request does not have yet.
func isNews(r *v1alpha1.RangeRequest, s carve.Step) bool {
	return !slices.ContainsFunc(r.Status.Ranges, func(g v1alpha1.GrantedRange) bool { return g.CIDR == s.Range.Prefix.String() })
}

func rangeOf(s carve.Step, size *NodeSize, snapshot cloud.Snapshot, nodes []*corev1.Node) Range {
	out := Range{
		CIDR: s.Range.Prefix.String(), Subnet: s.Range.Subnet, Name: s.Range.Name, Create: s.Create, Adopted: s.Adopted, Why: s.Why,
		Addresses: prefix.Addresses(s.Range.Prefix).String(),
	}
	if size != nil {
		out.Nodes = carve.Feeds(s.Range.Prefix, size.PrefixLength, snapshot, carve.Published(nodes)).String()
	}
	return out
}

// free is what the Network's status would say.
func (in Input) free(n *v1alpha1.Network, s cloud.Snapshot) []v1alpha1.FreeSpace {
	found, err := survey.Take(n, s, survey.Around{Requests: in.Requests, Nodes: in.nodes(), Beside: n.Beside(in.Networks)}, in.ClusterID)
	if err != nil {
		return nil // the planner has refused for it
	}
	return found.Free
}

func region(n *v1alpha1.Network) string {
	if n.Spec.GCP == nil {
		return ""
	}
	return n.Spec.GCP.Region
}
