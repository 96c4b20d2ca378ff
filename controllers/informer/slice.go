package informer

import (
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TrimEndpointSlice is what the cache keeps of an EndpointSlice: whose it is, its
// ports, and of each endpoint its address and conditions. Which pod and Node a
// slice names, and its hints, nobody reads, and they are most of it.
func TrimEndpointSlice(o any) (any, error) {
	s, ok := o.(*discoveryv1.EndpointSlice)
	if !ok {
		return o, nil // the last state of one that is gone
	}
	out := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: word(s.Namespace), Name: s.Name, UID: s.UID, ResourceVersion: s.ResourceVersion},
		AddressType: s.AddressType, Ports: s.Ports, Endpoints: make([]discoveryv1.Endpoint, len(s.Endpoints)),
	}
	if service, has := s.Labels[discoveryv1.LabelServiceName]; has {
		out.Labels = map[string]string{discoveryv1.LabelServiceName: service}
	}
	for i, e := range s.Endpoints {
		out.Endpoints[i] = discoveryv1.Endpoint{Addresses: e.Addresses[:min(1, len(e.Addresses))], Conditions: sharedConditions(e.Conditions)}
	}
	return out, nil
}

// booleans are shared by all endpoints: each pointer of its own takes as much
// memory as an address.
var booleans = [2]bool{false, true}

func sharedConditions(c discoveryv1.EndpointConditions) discoveryv1.EndpointConditions {
	share := func(b *bool) *bool {
		switch {
		case b == nil:
			return nil
		case *b:
			return &booleans[1]
		}
		return &booleans[0]
	}
	return discoveryv1.EndpointConditions{Ready: share(c.Ready), Serving: share(c.Serving), Terminating: share(c.Terminating)}
}
