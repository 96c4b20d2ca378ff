package gcp

import (
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

func (v balancers) poolKind() string {
	if v.InstanceGroups {
		return kindGroup
	}
	return kindNEG
}

// Members gives the set's pools: one for each zone and subnetwork that has
// nodes, and those that are there already. An empty pool stays a backend, so
// that a zone that loses its last node and gets another costs no balancer a
// call. Nodes of other projects than the balancers' cannot be backends.
func (v balancers) Members(nodes lb.NodeSet, got lb.State) []lb.Resource {
	type place struct{ zone, subnet string }
	now := v.memberNames(nodes, got)
	var fit []lb.Node
	for _, n := range nodes.Nodes {
		if ref, ok := parseProviderID(n.ProviderID); ok && ref.project == v.Project && v.member(n) != "" {
			n.Zone = ref.zone
			fit = append(fit, n)
		}
	}
	pools := map[place][]string{}
	for _, n := range fit { // also where the subset has none of the zone
		pools[place{n.Zone, v.subnetOfNode(n)}] = nil
	}
	for _, n := range lb.Subset(fit, func(id string) bool { return now[id] }, maxNodes) {
		at := place{n.Zone, v.subnetOfNode(n)}
		pools[at] = append(pools[at], v.member(n))
	}
	out := lb.State{}
	for at, members := range pools {
		r := lb.Resource{Ref: v.poolRef(nodes, at.zone, at.subnet), Owner: nodes.Owner(), Fields: lb.Fields{lb.FieldMembers: members, "network": {v.networkPath()}}}
		if r.Kind == kindNEG {
			r.Fields["networkEndpointType"], r.Fields["subnetwork"] = []string{"GCE_VM_IP"}, []string{v.subnetRef(at.subnet).String()}
		}
		out[r.Ref] = r
	}
	for ref, r := range got {
		if _, wanted := out[ref]; !wanted && r.Kind == v.poolKind() && r.Owner == nodes.Owner() {
			out[ref] = lb.Resource{Ref: ref, Owner: r.Owner, Fields: lb.Fields{lb.FieldMembers: nil}}
		}
	}
	return out.Sorted()
}

func (v balancers) poolRef(nodes lb.NodeSet, zone, subnet string) lb.Ref {
	role := "neg"
	if v.InstanceGroups {
		role = "ig"
	}
	return lb.Ref{Kind: v.poolKind(), Name: zone + "/" + nodes.Owner().RoleName(role+shortHash(subnet))}
}

func (v balancers) subnetOfNode(n lb.Node) string {
	if n.Subnet == "" && len(v.Subnetworks) > 0 {
		return v.Subnetworks[0]
	}
	return n.Subnet
}

// member is how a pool calls a node: "name" of an instance group, "name
// address" of an endpoint group; empty for one that cannot be a member.
func (v balancers) member(n lb.Node) string {
	ref, ok := parseProviderID(n.ProviderID)
	if !ok {
		return ""
	}
	if v.InstanceGroups {
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
func (v balancers) memberNames(nodes lb.NodeSet, got lb.State) map[string]bool {
	out := map[string]bool{}
	for ref, r := range got {
		if r.Kind != v.poolKind() || r.Owner != nodes.Owner() {
			continue
		}
		zone := v.refOf(ref).zone
		for _, m := range r.Fields[lb.FieldMembers] {
			name, _, _ := strings.Cut(m, " ")
			out[instanceRef{project: v.Project, zone: zone, name: name}.providerID()] = true
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
	return lb.Ref{Kind: kind, Name: p[3] + "/" + p[5]}, true
}
