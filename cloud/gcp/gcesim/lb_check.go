package gcesim

import "fmt"

// Health checks, as the reference of regionHealthChecks has them.
var healthChecks = &lbKind[healthCheck, *healthCheck]{
	kind: "healthCheck", collection: "healthChecks", quota: QuotaHealthChecks, fixed: []string{"type"},
	shelf: func(s *Sim) *lbShelf[*healthCheck] { return s.lb.checks },
	complete: func(_ *Sim, _ spot, h, _ *healthCheck) *APIError {
		return h.complete()
	},
	user: func(s *Sim, h *healthCheck) (by string) {
		s.lb.backends.every(func(b *backendService) {
			for _, link := range b.HealthChecks {
				if link == h.SelfLink {
					by = pathOf(b.SelfLink)
				}
			}
		})
		return by
	},
}

func (o *healthCheck) complete() *APIError {
	if refusal := o.completeTimes(); refusal != nil {
		return refusal
	}
	probes := map[string]*healthProbe{"HTTP": o.HTTPHealthCheck, "TCP": o.TCPHealthCheck}
	p, known := probes[o.Type]
	if !known {
		return invalidField("resource.type", o.Type, "This simulator knows HTTP and TCP.")
	}
	if p == nil || o.HTTPHealthCheck != nil && o.TCPHealthCheck != nil {
		return invalidField("resource", "", "Exactly the health check of type %s must be specified.", o.Type)
	}
	return p.complete(o.Type)
}

func (o *healthCheck) completeTimes() *APIError {
	for _, f := range []struct {
		name          string
		value         *int
		otherwise, hi int
	}{
		{"checkIntervalSec", &o.CheckIntervalSec, 5, 300}, {"timeoutSec", &o.TimeoutSec, 5, 300},
		{"healthyThreshold", &o.HealthyThreshold, 2, 10}, {"unhealthyThreshold", &o.UnhealthyThreshold, 2, 10},
	} {
		*f.value = orDefault(*f.value, f.otherwise)
		if *f.value < 1 || *f.value > f.hi {
			return invalidField("resource."+f.name, fmt.Sprint(*f.value), "Must be between 1 and %d.", f.hi)
		}
	}
	if o.TimeoutSec > o.CheckIntervalSec {
		return invalidField("resource.timeoutSec", fmt.Sprint(o.TimeoutSec), "TimeoutSec should be less than or equal to checkIntervalSec.")
	}
	return nil
}

func (p *healthProbe) complete(kind string) *APIError {
	p.PortSpecification = orDefault(p.PortSpecification, "USE_FIXED_PORT")
	switch {
	case p.PortSpecification != "USE_FIXED_PORT" && p.PortSpecification != "USE_SERVING_PORT":
		return invalidField("resource.portSpecification", p.PortSpecification, "This simulator knows USE_FIXED_PORT and USE_SERVING_PORT.")
	case p.PortSpecification == "USE_SERVING_PORT" && p.Port != 0:
		return invalidField("resource.port", fmt.Sprint(p.Port), "A port cannot be specified with port specification USE_SERVING_PORT.")
	case p.PortSpecification == "USE_FIXED_PORT" && (p.Port < 1 || p.Port > 65535):
		return invalidField("resource.port", fmt.Sprint(p.Port), "Must be between 1 and 65535.")
	}
	if p.ProxyHeader = orDefault(p.ProxyHeader, "NONE"); p.ProxyHeader != "NONE" && p.ProxyHeader != "PROXY_V1" {
		return invalidField("resource.proxyHeader", p.ProxyHeader, "Must be NONE or PROXY_V1.")
	}
	if kind == "HTTP" {
		if p.RequestPath = orDefault(p.RequestPath, "/"); p.RequestPath[0] != '/' {
			return invalidField("resource.httpHealthCheck.requestPath", p.RequestPath, "Must begin with a slash.")
		}
	}
	return nil
}
