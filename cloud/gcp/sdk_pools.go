package gcp

import (
	"context"
	"slices"

	"google.golang.org/api/compute/v1"
)

func groupsOfZones(l *compute.NetworkEndpointGroupAggregatedList) (out []*compute.NetworkEndpointGroup) {
	for _, in := range l.Items {
		out = append(out, in.NetworkEndpointGroups...)
	}
	return out
}

func writeNEG(r lbRef, o lbObject) *compute.NetworkEndpointGroup {
	return &compute.NetworkEndpointGroup{Name: r.name, Description: o.description, NetworkEndpointType: o.fields.One("networkEndpointType"),
		Network: urlOf(o.fields.One("network")), Subnetwork: urlOf(o.fields.One("subnetwork"))}
}

func readNEG(n *compute.NetworkEndpointGroup) lbObject {
	return lbObject{scope: base(n.Zone), name: n.Name, description: n.Description, fields: map[string][]string{
		"networkEndpointType": {n.NetworkEndpointType}, "network": {path(n.Network)}, "subnetwork": {path(n.Subnetwork)}}}
}

func instanceGroupsOfZones(l *compute.InstanceGroupAggregatedList) (out []*compute.InstanceGroup) {
	for _, in := range l.Items {
		out = append(out, in.InstanceGroups...)
	}
	return out
}

func writeGroup(r lbRef, o lbObject) *compute.InstanceGroup {
	return &compute.InstanceGroup{Name: r.name, Description: o.description, Network: urlOf(o.fields.One("network"))}
}

func readGroup(g *compute.InstanceGroup) lbObject {
	return lbObject{scope: base(g.Zone), name: g.Name, description: g.Description, fields: map[string][]string{"network": {path(g.Network)}}}
}

func (s *sdk) members(ctx context.Context, r lbRef, token string) (page[string], error) {
	if r.kind == kindGroup {
		l, err := s.InstanceGroups.ListInstances(r.project, r.zone, r.name, &compute.InstanceGroupsListInstancesRequest{}).
			MaxResults(pageSize).PageToken(token).Context(ctx).Do()
		if err != nil {
			return page[string]{}, err
		}
		p := pageOf[string](l)
		take(&p, l.Items, func(i *compute.InstanceWithNamedPorts) string { return base(i.Instance) })
		return p, nil
	}
	l, err := s.NetworkEndpointGroups.ListNetworkEndpoints(r.project, r.zone, r.name, &compute.NetworkEndpointGroupsListEndpointsRequest{HealthStatus: "SHOW"}).
		MaxResults(pageSize).PageToken(token).Context(ctx).Do()
	if err != nil {
		return page[string]{}, err
	}
	p := pageOf[string](l)
	var inner []*compute.NetworkEndpoint
	for _, e := range l.Items {
		if e == nil {
			e = &compute.NetworkEndpointWithHealthStatus{}
		}
		if !drains(e) {
			inner = append(inner, e.NetworkEndpoint)
		}
	}
	take(&p, inner, endpointMember)
	return p, nil
}

// drains reports whether an endpoint is being taken out: it is listed until its
// connections have had their time.
func drains(e *compute.NetworkEndpointWithHealthStatus) bool {
	return slices.ContainsFunc(e.Healths, func(h *compute.HealthStatusForNetworkEndpoint) bool { return h != nil && h.HealthState == "DRAINING" })
}

func (s *sdk) changeMembers(ctx context.Context, r lbRef, add bool, members []string, id string) (operation, error) {
	switch {
	case r.kind == kindGroup && add:
		body := &compute.InstanceGroupsAddInstancesRequest{Instances: instancesOf(r, members)}
		return changed(ctx, s.InstanceGroups.AddInstances(r.project, r.zone, r.name, body), id)
	case r.kind == kindGroup:
		body := &compute.InstanceGroupsRemoveInstancesRequest{Instances: instancesOf(r, members)}
		return changed(ctx, s.InstanceGroups.RemoveInstances(r.project, r.zone, r.name, body), id)
	case add:
		body := &compute.NetworkEndpointGroupsAttachEndpointsRequest{NetworkEndpoints: endpointsOf(members)}
		return changed(ctx, s.NetworkEndpointGroups.AttachNetworkEndpoints(r.project, r.zone, r.name, body), id)
	}
	body := &compute.NetworkEndpointGroupsDetachEndpointsRequest{NetworkEndpoints: endpointsOf(members)}
	return changed(ctx, s.NetworkEndpointGroups.DetachNetworkEndpoints(r.project, r.zone, r.name, body), id)
}

func instancesOf(r lbRef, members []string) (out []*compute.InstanceReference) {
	for _, m := range members {
		out = append(out, &compute.InstanceReference{Instance: urlBase + "projects/" + r.project + "/zones/" + r.zone + "/instances/" + m})
	}
	return out
}

func endpointsOf(members []string) (out []*compute.NetworkEndpoint) {
	for _, m := range members {
		out = append(out, parseEndpointMember(m))
	}
	return out
}
