package carve

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/plan"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// occupied is all that must not be carved: what the VPC has, what any Network
// of it reserves, what other requests were granted, what Nodes publish,
// ServiceCIDRs, what this plan takes, and what the request has in other subnets,
// also where it vanished from the VPC.
func (in Input) occupied(s cloud.Subnet, before []Step) []plan.Occupied {
	out := in.inUse(s)
	for _, x := range in.refused() {
		if in.Now.Before(x.again) {
			out = append(out, plan.Occupied{Prefix: x.prefix, What: "refused by the cloud", Why: x.Message})
		}
	}
	for _, b := range in.reserved() {
		out = append(out, plan.Occupied{Prefix: b.Prefix, What: "reserved in Network " + b.Network, Why: b.Reason})
	}
	out = append(out, in.publishedElsewhere()...)
	out = append(out, in.ofOthers()...)
	for _, b := range in.Services {
		if !in.asServices(b.Prefix) && b.Request != in.Request.Name {
			out = append(out, b.occupied())
		}
	}
	for _, g := range in.Request.Status.Ranges {
		if p, ok := g.Prefix(); ok && g.Subnet != s.Name {
			out = append(out, plan.Occupied{Prefix: p, What: "this request's range in subnet " + g.Subnet})
		}
	}
	for _, s := range before {
		out = append(out, plan.Occupied{Prefix: s.Range.Prefix, What: "this request's range in subnet " + s.Range.Subnet})
	}
	return out
}

// ofOthers is what other requests were granted, and the subnets that are being
// made for them.
func (in Input) ofOthers() (out []plan.Occupied) {
	for _, other := range in.Others {
		if other.Name == in.Request.Name {
			continue
		}
		for _, p := range v1alpha1.Prefixes(other.Status.Ranges) {
			out = append(out, plan.Occupied{Prefix: p, What: "granted to RangeRequest " + other.Name})
		}
		for _, x := range other.Status.Made().Subnets {
			if p, err := netip.ParsePrefix(x.CIDR); err == nil && x.Subnet == "" {
				out = append(out, plan.Occupied{Prefix: p, What: "a subnet that is being created for RangeRequest " + other.Name})
			}
		}
	}
	return out
}

// reserved is what every Network of the VPC reserves.
func (in Input) reserved() []assign.Reserved {
	return assign.ReservedBy(append([]v1alpha1.Network{*in.Network}, in.Beside...)...)
}

// publishedElsewhere is what Nodes publish outside of every granted range.
func (in Input) publishedElsewhere() (out []plan.Occupied) {
	for _, x := range assign.PublishedElsewhere(in.Nodes, in.Others) {
		if !in.encloses(x.Prefix) {
			out = append(out, plan.Occupied{Prefix: x.Prefix, What: "the podCIDR of Node " + x.Node, Why: inUseByPods})
		}
	}
	return out
}

const inUseByPods = "its Pods use it; a Pods request whose cidrs contain all of it takes it over, and that Node is left as it is"

// encloses is true for a podCIDR in a block that a request for Pods names: the
// cluster moves into the VPC with the addresses that it has.
func (in Input) encloses(p netip.Prefix) bool {
	return in.Request.Spec.Purpose == v1alpha1.Pods && slices.ContainsFunc(v1alpha1.ParseCIDRs(in.Request.Spec.CIDRs), func(c netip.Prefix) bool { return prefix.Contains(c, p) })
}

// occupied says what the block is.
func (b ServiceBlock) occupied() plan.Occupied {
	if b.Service != "" {
		return plan.Occupied{Prefix: b.Prefix, What: "the ClusterIP of Service " + b.Service}
	}
	return plan.Occupied{Prefix: b.Prefix, What: "ServiceCIDR " + b.Name, Why: ofAPIServer(b.Name)}
}

// ofAPIServer says so of the ServiceCIDR that the API server makes.
func ofAPIServer(name string) string {
	if name != "kubernetes" {
		return ""
	}
	return "the API server's own; a Services request with exactly that block in cidrs adopts it"
}

// inUse is what the VPC has, but for what the request names and may adopt.
func (in Input) inUse(s cloud.Subnet) (out []plan.Occupied) {
	for _, o := range in.Snapshot.Occupied {
		switch {
		case in.inside() && o.Encloses(s), in.routed() && in.leadsToNode(o), o.Kind == assign.PodCIDR && in.encloses(o.Prefix):
			continue
		}
		if o.Kind.IsRange() && in.names(o.Prefix) {
			if _, ok := adoptable(s, o.Prefix); ok {
				continue
			}
		}
		out = append(out, plan.Occupied{Prefix: o.Prefix, What: fmt.Sprintf("%s %s", o.Kind, o.Name), Why: in.ownerOf(o.Mark)})
	}
	return out
}

// ownerOf says in words whose mark it is.
func (in Input) ownerOf(m cloud.Mark) string {
	switch {
	case m.IsZero():
		return ""
	case !m.OfCluster(in.ClusterID):
		return "of another vpcnative cluster, mark " + m.Cluster
	case m.Of(in.owner()):
		return "of this request"
	}
	for _, r := range in.Others {
		if m.Of(cloud.Owner{ClusterID: in.ClusterID, Kind: OwnerKind, Name: r.Name}) {
			return "of RangeRequest " + r.Name
		}
	}
	return "of a RangeRequest of this cluster that is gone"
}

// names reports whether the request names exactly that block.
func (in Input) names(p netip.Prefix) bool {
	return slices.Contains(v1alpha1.ParseCIDRs(in.Request.Spec.CIDRs), p)
}

// asServices reports whether a ServiceCIDR of that block is what the request
// asks for, such as the API server's own default.
func (in Input) asServices(p netip.Prefix) bool {
	return in.Request.Spec.Purpose == v1alpha1.Services && in.names(p)
}

// adoptable returns the subnet's range of exactly that prefix, where it carries
// no mark: it was made by hand or by an older controller.
func adoptable(s cloud.Subnet, p netip.Prefix) (cloud.Range, bool) {
	for _, r := range s.Ranges {
		if r.Prefix == p && cloud.ParseMark(r.Name).IsZero() {
			return r, true
		}
	}
	return cloud.Range{}, false
}
