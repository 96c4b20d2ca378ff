package gcp

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// withPorts is the type of network endpoint groups that hold pods: an address
// of an instance or of its alias ranges, and a port.
const withPorts = "GCE_VM_IP_PORT"

// EndpointGroups are one for each zone and subnetwork with machines, and those
// that are there: whoever refers to one keeps it, also when its last pod is
// gone.
func (v balancers) EndpointGroups(e lb.Endpoints, got lb.State) (_ []lb.Resource, left []members.Left, _ error) {
	if err := checkEndpoints(e); err != nil {
		return nil, nil, err
	}
	subnets := subnetsOf(got)
	groups := map[place][]string{}
	for _, n := range e.Nodes {
		if at, why := v.placeOf(n, subnets); why == "" {
			groups[at] = []string{}
		}
	}
	for _, x := range e.List {
		at, why := v.placeOf(x.Node, subnets)
		if why == "" && lost(endpointGroupRef(e.Owner, at), got) {
			why = "zone " + at.zone + " does not answer"
		}
		if why != "" {
			left = append(left, members.Left{Member: x.AddrPort.String(), Err: errors.New("of its machine: " + why)})
			continue
		}
		ref, _ := parseProviderID(x.Node.ProviderID)
		groups[at] = append(groups[at], ref.name+" "+x.AddrPort.String())
	}
	out := lb.State{}
	for where, list := range groups {
		r := lb.Resource{Ref: endpointGroupRef(e.Owner, where), Owner: e.Owner, Members: list, Fields: lb.Fields{
			"network": {v.networkPath()}, "networkEndpointType": {withPorts}, "subnetwork": {v.subnetRef(where.subnet).String()}}}
		out[r.Ref] = r
	}
	for ref, r := range got {
		if _, wanted := out[ref]; !wanted && r.Owner == e.Owner && r.Kind == kindNEG {
			out[ref] = lb.Resource{Ref: ref, Owner: r.Owner, Members: []string{}}
		}
	}
	for ref, r := range out {
		r.ID = v.refOf(ref).url()
		out[ref] = r
		if lost(ref, got) {
			delete(out, ref)
		}
	}
	return out.Sorted(), left, nil
}

// Places are one node of each zone and subnetwork.
func (v balancers) Places(nodes []lb.Node, got lb.State) (out []lb.Node) {
	subnets, seen := subnetsOf(got), map[place]bool{}
	for _, n := range nodes {
		if at, why := v.placeOf(n, subnets); why == "" && !seen[at] {
			seen[at], out = true, append(out, n)
		}
	}
	return out
}

// placeOf is where a machine's endpoints are, or why they can be in no group:
// the machine may be in another network than this one.
func (v balancers) placeOf(n lb.Node, subnets map[string]netip.Prefix) (_ place, why string) {
	if why = v.Unfit(n); why != "" {
		return place{}, why
	}
	in := func(p netip.Prefix) bool { return slices.ContainsFunc(n.Addresses, p.Contains) }
	if n.Subnet == "" && len(subnets) > 0 && !slices.ContainsFunc(slices.Collect(maps.Values(subnets)), in) {
		return place{}, "its address is in no subnetwork of network " + v.Network + " in " + v.Region
	}
	ref, _ := parseProviderID(n.ProviderID)
	return place{ref.zone, v.subnetOfNode(n, subnets)}, ""
}

func checkEndpoints(e lb.Endpoints) error {
	refuse := func(err error, remedy string) error {
		return &cloud.Error{Reason: cloud.Invalid, Act: "plan endpoint groups", Resource: e.Owner.Kind + " " + e.Owner.Namespace + "/" + e.Owner.Name, Err: err, Remedy: remedy}
	}
	switch {
	case e.Check != nil:
		return refuse(errors.New("on Compute Engine the health check belongs to the backend service, not to the endpoint group"), "remove healthCheck, and set it in the backend service")
	case e.Family == lb.IPv6:
		return refuse(errors.New("endpoint groups with IPv6 addresses are not supported on Compute Engine"), "use ipFamily IPv4")
	}
	return nil
}

func endpointGroupRef(o cloud.Owner, at place) lb.Ref {
	return lb.Ref{Kind: kindNEG, Scope: at.zone, Name: o.RoleName("epg" + shortHash(at.subnet))}
}

// endpointMember is how a group calls an endpoint: "vm-1 10.0.0.2" of a machine,
// "vm-1 10.4.0.7:8080" of a pod.
func endpointMember(e *compute.NetworkEndpoint) string {
	m := base(e.Instance) + " " + e.IpAddress
	if e.Port != 0 {
		m += ":" + strconv.FormatInt(e.Port, 10)
	}
	return m
}

func parseEndpointMember(m string) *compute.NetworkEndpoint {
	name, address, _ := strings.Cut(m, " ")
	if pod, err := netip.ParseAddrPort(address); err == nil {
		return &compute.NetworkEndpoint{Instance: name, IpAddress: pod.Addr().String(), Port: int64(pod.Port())}
	}
	return &compute.NetworkEndpoint{Instance: name, IpAddress: address}
}
