package fabric

import (
	"path"
	"slices"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/test/lab/balance"
)

const proxyV1 = "PROXY_V1" // the header of the PROXY protocol, version 1

// behind is the backend service that a forwarding rule leads to: its own, or
// that of its target, which is a proxy. It is nil where there is none.
func (w *gceWorld) behind(p *parser, r *compute.ForwardingRule) (*compute.BackendService, *balance.Proxy) {
	link, proxy := r.BackendService, (*balance.Proxy)(nil)
	if r.Target != "" {
		link, proxy = w.proxy(p, r)
	}
	at := slices.IndexFunc(w.backendServices, func(b *compute.BackendService) bool { return link != "" && b.SelfLink == link })
	if at < 0 {
		return nil, nil
	}
	return w.backendServices[at], proxy
}

// proxy is what a rule's target proxy sends to and how. Without an active
// proxy-only subnet there are no proxies.
func (w *gceWorld) proxy(p *parser, r *compute.ForwardingRule) (service string, how *balance.Proxy) {
	at := slices.IndexFunc(w.targetProxies, func(t *compute.TargetTcpProxy) bool { return t.SelfLink == r.Target })
	from := slices.IndexFunc(w.subnetworks, func(s *compute.Subnetwork) bool {
		return s.Network == r.Network && path.Base(s.Region) == path.Base(r.Region) && s.Role == "ACTIVE" &&
			(s.Purpose == "REGIONAL_MANAGED_PROXY" || s.Purpose == "INTERNAL_HTTPS_LOAD_BALANCER")
	})
	if at < 0 || from < 0 {
		return "", nil
	}
	target := w.targetProxies[at]
	return target.Service, &balance.Proxy{From: p.prefix(w.subnetworks[from].IpCidrRange), Header: target.ProxyHeader == proxyV1}
}
