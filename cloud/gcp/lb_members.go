package gcp

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Pools returns the set's pools of the shapes that are in use, so that a node in
// a new zone gets one. A balancer makes the first of its shape.
func (v balancers) Pools(nodes lb.NodeSet, got lb.State) (out []lb.Resource) {
	for _, shape := range poolShapes {
		if shape.inUse(nodes, got) {
			out = append(out, v.pools(nodes, got, shape)...)
		}
	}
	return slices.DeleteFunc(out, func(r lb.Resource) bool { return lost(r.Ref, got) })
}

// lost reports whether a pool may be there and not be shown, since its zone did
// not answer. Then nothing is made there, and nothing taken away.
func lost(ref lb.Ref, got lb.State) bool {
	_, silent := got[lb.Ref{Kind: lb.KindZone, Name: ref.Scope}]
	_, there := got[ref]
	return silent && !there
}

// lostGroups are the groups of silent zones that the owner's backend services
// have: they stay there.
func (t *translation) lostGroups(shape poolShape) (out []string) {
	for _, r := range t.got.Sorted() {
		if r.Kind != kindBackend || r.Owner != t.Owner {
			continue
		}
		for _, group := range r.Fields["backends"] {
			ref, ok := parseGroup("projects/-/" + group)
			pool := lb.Resource{Ref: ref, Owner: t.to.Nodes.Owner()}
			if ok && shape.has(pool, t.to.Nodes) && lost(ref, t.got) && !slices.Contains(out, group) {
				out = append(out, group)
			}
		}
	}
	return out
}

func (s poolShape) inUse(nodes lb.NodeSet, got lb.State) bool {
	for _, r := range got {
		if s.has(r, nodes) {
			return true
		}
	}
	return false
}

// place is where a pool's members are.
type place struct{ zone, subnet string }

// Unfit says why a node can be no backend of the balancers: those of other
// projects and regions cannot.
func (v balancers) Unfit(n lb.Node) string {
	if why := v.unfitMachine(n); why != "" || member(n, kindNEG) != "" {
		return why
	}
	return "it has no IPv4 InternalIP yet"
}

func (v balancers) unfitMachine(n lb.Node) string {
	ref, ok := parseProviderID(n.ProviderID)
	switch {
	case !ok:
		return "its providerID names no VM of Compute Engine"
	case ref.project != v.Project:
		return "it is in project " + ref.project + ", and load balancers in " + v.Project + " send to VMs of their own alone"
	case !strings.HasPrefix(ref.zone, v.Region+"-"):
		return "it is in zone " + ref.zone + ", which is not in region " + v.Region
	}
	return ""
}

// fitting are the nodes that can be members of such pools.
func (v balancers) fitting(nodes lb.NodeSet, got lb.State, kind string) (out []lb.Node) {
	subnets := subnetsOf(got)
	for _, n := range nodes.Nodes {
		if v.unfitMachine(n) == "" && member(n, kind) != "" {
			ref, _ := parseProviderID(n.ProviderID)
			n.Zone, n.Subnet = ref.zone, v.subnetOfNode(n, subnets)
			out = append(out, n)
		}
	}
	return out
}

// pools are one for each zone and subnetwork that has nodes, and those that
// are there already. An empty pool stays a backend, so that a zone that loses
// its last node and gets another costs no balancer a call.
func (v balancers) pools(nodes lb.NodeSet, got lb.State, shape poolShape) []lb.Resource {
	kind := shape.kind
	now, fit := v.memberNames(nodes, got, shape), v.fitting(nodes, got, kind)
	pools := map[place][]string{} // also where the subset has none of the zone
	for _, n := range fit {
		pools[place{n.Zone, n.Subnet}] = nil
	}
	for _, n := range (lb.Share{AtMost: shape.limit(), Holds: func(id string) bool { return now[id] }}).Of(fit) {
		at := place{n.Zone, n.Subnet}
		pools[at] = append(pools[at], member(n, kind))
	}
	out := lb.State{}
	for at, members := range pools {
		r := lb.Resource{Ref: poolRef(nodes, at, shape), Owner: nodes.Owner(), Shared: true, Members: members, Fields: lb.Fields{"network": {v.networkPath()}}}
		if kind == kindNEG {
			r.Fields["networkEndpointType"], r.Fields["subnetwork"] = []string{"GCE_VM_IP"}, []string{v.subnetRef(at.subnet).String()}
		}
		out[r.Ref] = r
	}
	for ref, r := range got {
		if _, wanted := out[ref]; !wanted && shape.has(r, nodes) {
			out[ref] = lb.Resource{Ref: ref, Owner: r.Owner, Shared: true}
		}
	}
	return out.Sorted()
}

func poolRef(nodes lb.NodeSet, at place, shape poolShape) lb.Ref {
	return lb.Ref{Kind: shape.kind, Scope: at.zone, Name: nodes.Owner().RoleName(shape.role() + shortHash(at.subnet))}
}

// subnetOfNode is the one that is said, or the one whose range has the node's
// address.
func (v balancers) subnetOfNode(n lb.Node, subnets map[string]netip.Prefix) string {
	if n.Subnet != "" || len(v.Subnetworks) == 0 {
		return n.Subnet
	}
	for name, p := range subnets { // no two have an address in common
		if slices.ContainsFunc(n.Addresses, p.Contains) {
			return name
		}
	}
	return v.Subnetworks[0]
}

func subnetsOf(got lb.State) map[string]netip.Prefix {
	out := map[string]netip.Prefix{}
	for ref, r := range got {
		if p, err := netip.ParsePrefix(r.Fields.One("ipCidrRange")); err == nil && ref.Kind == kindSubnet {
			out[ref.Name] = p
		}
	}
	return out
}

// member is how a pool calls a node: "name" of an instance group, "name
// address" of an endpoint group; empty for one that cannot be a member.
func member(n lb.Node, kind string) string {
	ref, ok := parseProviderID(n.ProviderID)
	if !ok {
		return ""
	}
	if kind == kindGroup {
		return ref.name
	}
	for _, a := range n.Addresses {
		if a.Is4() {
			return ref.name + " " + a.String()
		}
	}
	return ""
}

// memberNames are the provider IDs of those that are members now.
func (v balancers) memberNames(nodes lb.NodeSet, got lb.State, shape poolShape) map[string]bool {
	out := map[string]bool{}
	for ref, r := range got {
		if !shape.has(r, nodes) {
			continue
		}
		for _, m := range r.Members {
			name, _, _ := strings.Cut(m, " ")
			out[instanceRef{project: v.Project, zone: ref.Scope, name: name}.providerID()] = true
		}
	}
	return out
}

// groupPath is how a backend service names a pool here: without the project.
func groupPath(r lbRef) string { return "zones/" + r.zone + "/" + collections[r.kind] + "/" + r.name }

// parseGroup reads a pool's URL.
func parseGroup(url string) (lb.Ref, bool) {
	p := strings.Split(path(url), "/")
	if len(p) != 6 || p[0] != "projects" || p[2] != "zones" || !slices.Contains([]string{collections[kindNEG], collections[kindGroup]}, p[4]) {
		return lb.Ref{}, false
	}
	kind := kindNEG
	if p[4] == collections[kindGroup] {
		kind = kindGroup
	}
	return lb.Ref{Kind: kind, Scope: p[3], Name: p[5]}, true
}
