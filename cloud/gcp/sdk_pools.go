package gcp

import (
	"context"
	"strings"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
)

func (s *sdk) negClient() lbClient {
	return lbClient{
		list: func(ctx context.Context, project, _, filter, token string) (page[lbObject], error) {
			l, err := s.NetworkEndpointGroups.AggregatedList(project).MaxResults(pageSize).Filter(filter).PageToken(token).Context(ctx).Do(googleapi.QueryParameter("returnPartialSuccess", "true"))
			if err != nil {
				return page[lbObject]{}, err
			}
			p := pageOf[lbObject](l)
			for _, in := range l.Items {
				take(&p, in.NetworkEndpointGroups, readNEG)
			}
			return p, nil
		},
		get: func(ctx context.Context, r lbRef) (lbObject, error) {
			x, err := s.NetworkEndpointGroups.Get(r.project, r.zone, r.name).Context(ctx).Do()
			return one(x, err, readNEG)
		},
		insert: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			body := &compute.NetworkEndpointGroup{Name: r.name, Description: o.description, NetworkEndpointType: o.fields.One("networkEndpointType"),
				Network: urlOf(o.fields.One("network")), Subnetwork: urlOf(o.fields.One("subnetwork"))}
			return s.NetworkEndpointGroups.Insert(r.project, r.zone, body).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		remove: func(ctx context.Context, r lbRef, _ lbObject, id string) (*compute.Operation, error) {
			return s.NetworkEndpointGroups.Delete(r.project, r.zone, r.name).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
	}
}

func readNEG(n *compute.NetworkEndpointGroup) lbObject {
	return lbObject{zone: base(n.Zone), name: n.Name, description: n.Description, fields: map[string][]string{
		"networkEndpointType": {n.NetworkEndpointType}, "network": {path(n.Network)}, "subnetwork": {path(n.Subnetwork)}}}
}

func (s *sdk) groupClient() lbClient {
	return lbClient{
		list: func(ctx context.Context, project, _, filter, token string) (page[lbObject], error) {
			l, err := s.InstanceGroups.AggregatedList(project).MaxResults(pageSize).Filter(filter).PageToken(token).Context(ctx).Do(googleapi.QueryParameter("returnPartialSuccess", "true"))
			if err != nil {
				return page[lbObject]{}, err
			}
			p := pageOf[lbObject](l)
			for _, in := range l.Items {
				take(&p, in.InstanceGroups, readGroup)
			}
			return p, nil
		},
		get: func(ctx context.Context, r lbRef) (lbObject, error) {
			x, err := s.InstanceGroups.Get(r.project, r.zone, r.name).Context(ctx).Do()
			return one(x, err, readGroup)
		},
		insert: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			body := &compute.InstanceGroup{Name: r.name, Description: o.description, Network: urlOf(o.fields.One("network"))}
			return s.InstanceGroups.Insert(r.project, r.zone, body).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		remove: func(ctx context.Context, r lbRef, _ lbObject, id string) (*compute.Operation, error) {
			return s.InstanceGroups.Delete(r.project, r.zone, r.name).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
	}
}

func readGroup(g *compute.InstanceGroup) lbObject {
	return lbObject{zone: base(g.Zone), name: g.Name, description: g.Description, fields: map[string][]string{"network": {path(g.Network)}}}
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
	l, err := s.NetworkEndpointGroups.ListNetworkEndpoints(r.project, r.zone, r.name, &compute.NetworkEndpointGroupsListEndpointsRequest{HealthStatus: "SKIP"}).
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
		inner = append(inner, e.NetworkEndpoint)
	}
	take(&p, inner, func(e *compute.NetworkEndpoint) string { return base(e.Instance) + " " + e.IpAddress })
	return p, nil
}

func (s *sdk) changeMembers(ctx context.Context, r lbRef, add bool, members []string, id string) (operation, error) {
	var op *compute.Operation
	var err error
	switch {
	case r.kind == kindGroup && add:
		body := &compute.InstanceGroupsAddInstancesRequest{Instances: instancesOf(r, members)}
		op, err = s.InstanceGroups.AddInstances(r.project, r.zone, r.name, body).RequestId(id).Fields(opFields).Context(ctx).Do()
	case r.kind == kindGroup:
		body := &compute.InstanceGroupsRemoveInstancesRequest{Instances: instancesOf(r, members)}
		op, err = s.InstanceGroups.RemoveInstances(r.project, r.zone, r.name, body).RequestId(id).Fields(opFields).Context(ctx).Do()
	case add:
		body := &compute.NetworkEndpointGroupsAttachEndpointsRequest{NetworkEndpoints: endpointsOf(members)}
		op, err = s.NetworkEndpointGroups.AttachNetworkEndpoints(r.project, r.zone, r.name, body).RequestId(id).Fields(opFields).Context(ctx).Do()
	default:
		body := &compute.NetworkEndpointGroupsDetachEndpointsRequest{NetworkEndpoints: endpointsOf(members)}
		op, err = s.NetworkEndpointGroups.DetachNetworkEndpoints(r.project, r.zone, r.name, body).RequestId(id).Fields(opFields).Context(ctx).Do()
	}
	return readOperation(op), err
}

func instancesOf(r lbRef, members []string) (out []*compute.InstanceReference) {
	for _, m := range members {
		out = append(out, &compute.InstanceReference{Instance: urlBase + "projects/" + r.project + "/zones/" + r.zone + "/instances/" + m})
	}
	return out
}

func endpointsOf(members []string) (out []*compute.NetworkEndpoint) {
	for _, m := range members {
		name, ip, _ := strings.Cut(m, " ")
		out = append(out, &compute.NetworkEndpoint{Instance: name, IpAddress: ip})
	}
	return out
}
