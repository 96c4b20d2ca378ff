package gcesim

import (
	"fmt"
	"slices"
)

// Zonal network endpoint groups, as the reference of networkEndpointGroups
// and the page "Zonal network endpoint groups" have them.
var endpointGroups = &lbKind[endpointGroup, *endpointGroup]{
	kind: "networkEndpointGroup", collection: "networkEndpointGroups", quota: QuotaEndpointGroups,
	shelf: func(s *Sim) *lbShelf[*endpointGroup] { return s.lb.negs },
	complete: func(s *Sim, at spot, n, _ *endpointGroup) *APIError {
		return s.completeEndpointGroup(at, n)
	},
	user: func(s *Sim, n *endpointGroup) string { return s.backendWith(n.SelfLink) },
}

// backendWith is the path of a backend service that has the group.
func (s *Sim) backendWith(group string) (by string) {
	s.lb.backends.every(func(b *backendService) {
		if slices.ContainsFunc(b.Backends, func(one backend) bool { return one.Group == group }) {
			by = pathOf(b.SelfLink)
		}
	})
	return by
}

const (
	maxEndpoints      = 10_000 // endpoints of a zonal group: load balancing quotas page
	maxEndpointsBatch = 500    // of one call; ingress-gce sends no more
)

func (s *Sim) completeEndpointGroup(at spot, n *endpointGroup) *APIError {
	if n.NetworkEndpointType != "GCE_VM_IP" && n.NetworkEndpointType != "GCE_VM_IP_PORT" {
		return invalidField("resource.networkEndpointType", n.NetworkEndpointType, "This simulator knows GCE_VM_IP and GCE_VM_IP_PORT.")
	}
	if n.NetworkEndpointType == "GCE_VM_IP" && n.DefaultPort != 0 {
		return invalidField("resource.defaultPort", fmt.Sprint(n.DefaultPort), "Default port cannot be specified for network endpoint type GCE_VM_IP.")
	}
	n.Size, n.endpoints = 0, nil
	r, ok := parseRef(n.Subnetwork, at.project, "subnetworks")
	if !ok {
		return invalidField("resource.subnetwork", n.Subnetwork, "The URL is malformed.")
	}
	sub, ok := s.subnetworks.get(r.project, r.in, r.name)
	if !ok {
		return notFound(r.path("subnetworks"))
	}
	if region, _ := s.regionOf(at.in.name); region != r.in.name {
		return invalidField("resource.subnetwork", n.Subnetwork, "The subnetwork is in another region.")
	}
	if n.Network != "" {
		net, refusal := s.findNetwork(n.Network, at.project)
		if refusal != nil {
			return refusal
		}
		if net.SelfLink != sub.Network {
			return invalidField("resource.network", n.Network, "The subnetwork is not in this network.")
		}
	}
	n.Network, n.Subnetwork = sub.Network, sub.SelfLink
	return nil
}
