package gcesim

import "strings"

// Regional target TCP proxies, which lead the forwarding rules of proxy load
// balancers to their backend services: the reference of
// regionTargetTcpProxies, which has no way to change one.
var targetProxies = &lbKind[targetProxy, *targetProxy]{
	kind: "targetTcpProxy", collection: "targetTcpProxies", quota: QuotaTargetProxies,
	shelf:    func(s *Sim) *lbShelf[*targetProxy] { return s.lb.proxies },
	complete: func(s *Sim, at spot, p, _ *targetProxy) *APIError { return s.completeProxy(at, p) },
	user: func(s *Sim, p *targetProxy) (by string) {
		s.lb.rules.every(func(r *forwardingRule) {
			if r.Target == p.SelfLink {
				by = pathOf(r.SelfLink)
			}
		})
		return by
	},
}

type targetProxy struct {
	Kind              string `json:"kind,omitempty"`
	ID                uint64 `json:"id,omitempty,string"`
	CreationTimestamp string `json:"creationTimestamp,omitempty"`
	Name              string `json:"name,omitempty"`
	Description       string `json:"description,omitempty"`
	SelfLink          string `json:"selfLink,omitempty"`
	Region            string `json:"region,omitempty"`
	Service           string `json:"service,omitempty"`
	ProxyHeader       string `json:"proxyHeader,omitempty"`
}

func (o *targetProxy) key() string     { return o.Name }
func (o *targetProxy) created() string { return o.CreationTimestamp }
func (o *targetProxy) header() header {
	return header{kind: &o.Kind, created: &o.CreationTimestamp, name: &o.Name, link: &o.SelfLink, id: &o.ID, region: &o.Region}
}

// managed schemes are those of load balancers that are proxies.
func managed(scheme string) bool { return strings.HasSuffix(scheme, "_MANAGED") }

func (s *Sim) completeProxy(at spot, p *targetProxy) *APIError {
	if p.ProxyHeader = orDefault(p.ProxyHeader, "NONE"); p.ProxyHeader != "NONE" && p.ProxyHeader != "PROXY_V1" {
		return invalidField("resource.proxyHeader", p.ProxyHeader, "Must be NONE or PROXY_V1.")
	}
	b, ref, refusal := refer(s, s.lb.backends, at, "resource.service", p.Service, "backendServices")
	if refusal != nil {
		return refusal
	}
	p.Service = b.SelfLink
	switch {
	case ref.in != at.in:
		return invalidField("resource.service", p.Service, "The backend service must be in the same region.")
	case !managed(b.LoadBalancingScheme):
		return invalidField("resource.service", p.Service, "A target TCP proxy needs a backend service with loadBalancingScheme INTERNAL_MANAGED or EXTERNAL_MANAGED.")
	}
	return nil
}

// proxyWith is the path of a target proxy that sends to the backend service.
func (s *Sim) proxyWith(b *backendService) (by string) {
	s.lb.proxies.every(func(p *targetProxy) {
		if p.Service == b.SelfLink {
			by = pathOf(p.SelfLink)
		}
	})
	return by
}

// rulesTo are the forwarding rules that send to the backend service, of their
// own or by a target proxy.
func (s *Sim) rulesTo(b *backendService) (out []*forwardingRule) {
	targets := map[string]bool{}
	s.lb.proxies.every(func(p *targetProxy) {
		if p.Service == b.SelfLink {
			targets[p.SelfLink] = true
		}
	})
	s.lb.rules.every(func(r *forwardingRule) {
		if r.BackendService == b.SelfLink || targets[r.Target] {
			out = append(out, r)
		}
	})
	return out
}
