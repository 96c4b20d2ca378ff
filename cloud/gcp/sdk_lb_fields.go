package gcp

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// urlOf is the whole URL of a path; empty for none.
func urlOf(path string) string {
	if path == "" {
		return ""
	}
	return urlBase + path
}

func text(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func number[N int | int64](n N) []string { return []string{fmt.Sprint(n)} }

// int64Of is 0 for a field that is not there; the adapter writes nothing else
// into such fields.
func int64Of(f lb.Fields, name string) int64 {
	n, _ := strconv.ParseInt(f.One(name), 10, 64)
	return n
}

func readAddress(a *compute.Address) lbObject {
	return lbObject{name: a.Name, description: a.Description, fields: lb.Fields{
		"address": text(written(a.Address)), "addressType": {a.AddressType}, "ipVersion": {ipVersionOf(a.Address)}, "networkTier": text(a.NetworkTier),
		"purpose": text(a.Purpose), "subnetwork": text(path(a.Subnetwork)), "ipv6EndpointType": text(a.Ipv6EndpointType)}}
}

// ipVersionOf: the API leaves the version out where it is IPv4.
func ipVersionOf(ip string) string {
	if strings.Contains(ip, ":") {
		return "IPV6"
	}
	return "IPV4"
}

// written is an address or a range as we write it: IPv6 has many spellings, and
// the API's (2600:1900:4000:1:0:0:0:0) is not the short one.
func written(s string) string {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.String()
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.String()
	}
	return s
}

func allWritten(list []string) (out []string) {
	for _, s := range list {
		out = append(out, written(s))
	}
	return out
}

func writeAddress(r lbRef, o lbObject) *compute.Address {
	f := o.fields
	a := &compute.Address{
		Name: r.name, Description: o.description, Address: f.One("address"), AddressType: f.One("addressType"), NetworkTier: f.One("networkTier"),
		Purpose: f.One("purpose"), Subnetwork: urlOf(f.One("subnetwork")), Ipv6EndpointType: f.One("ipv6EndpointType"),
	}
	if f.One("ipVersion") == "IPV6" {
		a.IpVersion = "IPV6"
	}
	return a
}

func readRule(r *compute.ForwardingRule) lbObject {
	return lbObject{name: r.Name, description: r.Description, version: r.Fingerprint, fields: lb.Fields{
		"IPAddress": text(strings.TrimSuffix(written(r.IPAddress), "/96")), "IPProtocol": {r.IPProtocol}, "ipVersion": {ipVersionOf(r.IPAddress)},
		"loadBalancingScheme": {r.LoadBalancingScheme}, "backendService": text(base(r.BackendService)), "allPorts": {fmt.Sprint(r.AllPorts)},
		"ports": portsOf(r), "networkTier": text(r.NetworkTier), "network": text(path(r.Network)), "subnetwork": text(path(r.Subnetwork)),
		"allowGlobalAccess": {fmt.Sprint(r.AllowGlobalAccess)}}}
}

// portsOf: a rule that was given ports may be shown with their range.
func portsOf(r *compute.ForwardingRule) []string {
	if len(r.Ports) > 0 || r.PortRange == "" {
		return r.Ports
	}
	low, high, _ := strings.Cut(r.PortRange, "-")
	if low == high {
		return []string{low}
	}
	return []string{r.PortRange}
}

func writeRule(ref lbRef, o lbObject) *compute.ForwardingRule {
	f := o.fields
	r := &compute.ForwardingRule{
		Name: ref.name, Description: o.description, IPAddress: f.One("IPAddress"), IPProtocol: f.One("IPProtocol"), LoadBalancingScheme: f.One("loadBalancingScheme"),
		BackendService: lbRef{project: ref.project, region: ref.region, kind: kindBackend, name: f.One("backendService")}.url(),
		AllPorts:       f.One("allPorts") == "true", Ports: f["ports"], NetworkTier: f.One("networkTier"),
		Network: urlOf(f.One("network")), Subnetwork: urlOf(f.One("subnetwork")), AllowGlobalAccess: f.One("allowGlobalAccess") == "true",
	}
	if f.One("loadBalancingScheme") != "EXTERNAL" {
		r.NetworkTier = "" // it is for external ones
	}
	if f.One("ipVersion") == "IPV6" {
		r.IpVersion = "IPV6"
		if a, err := netip.ParseAddr(r.IPAddress); err == nil {
			r.IPAddress = netip.PrefixFrom(a, rangeOfRule).String()
		}
	}
	return r
}

func patchOfRule(o lbObject) *compute.ForwardingRule {
	return &compute.ForwardingRule{Fingerprint: o.version, AllowGlobalAccess: o.fields.One("allowGlobalAccess") == "true", ForceSendFields: []string{"AllowGlobalAccess"}}
}

func readBackend(b *compute.BackendService) lbObject {
	f := lb.Fields{
		"loadBalancingScheme": {b.LoadBalancingScheme}, "protocol": {b.Protocol}, "network": text(path(b.Network)), "sessionAffinity": text(b.SessionAffinity),
		"backends": nil, "failover": nil, "healthChecks": nil, "drainingTimeoutSec": {"0"}, "localityLbPolicy": nil,
	}
	if b.LocalityLbPolicy != "MAGLEV" { // which is the default
		f["localityLbPolicy"] = text(b.LocalityLbPolicy)
	}
	if b.ConnectionDraining != nil {
		f["drainingTimeoutSec"] = number(b.ConnectionDraining.DrainingTimeoutSec)
	}
	for _, one := range b.Backends {
		f["backends"] = append(f["backends"], afterProject(one.Group))
		if one.Failover {
			f["failover"] = append(f["failover"], afterProject(one.Group))
		}
	}
	for _, url := range b.HealthChecks {
		f["healthChecks"] = append(f["healthChecks"], base(url))
	}
	return lbObject{name: b.Name, description: b.Description, version: b.Fingerprint, fields: f}
}

// afterProject cuts "projects/p/" off a URL's path.
func afterProject(url string) string {
	p := strings.SplitN(path(url), "/", 3)
	return p[len(p)-1]
}

func writeBackend(r lbRef, o lbObject) *compute.BackendService {
	b := &compute.BackendService{Name: r.name, Description: o.description, LoadBalancingScheme: o.fields.One("loadBalancingScheme"),
		Protocol: o.fields.One("protocol"), Network: urlOf(o.fields.One("network"))}
	setBackend(r, b, o.fields)
	return b
}

func patchOfBackend(r lbRef, o lbObject) *compute.BackendService {
	b := &compute.BackendService{Fingerprint: o.version}
	setBackend(r, b, o.fields)
	if _, ok := o.fields["backends"]; ok {
		b.ForceSendFields = append(b.ForceSendFields, "Backends")
	}
	if v, ok := o.fields["localityLbPolicy"]; ok && len(v) == 0 {
		b.LocalityLbPolicy = "MAGLEV"
	}
	return b
}

// setBackend sets what can be changed, as far as it is given.
func setBackend(r lbRef, b *compute.BackendService, f lb.Fields) {
	for _, group := range f["backends"] {
		b.Backends = append(b.Backends, &compute.Backend{Group: urlBase + "projects/" + r.project + "/" + group, BalancingMode: "CONNECTION"})
	}
	for _, name := range f["healthChecks"] {
		b.HealthChecks = append(b.HealthChecks, lbRef{project: r.project, region: r.region, kind: kindCheck, name: name}.url())
	}
	b.SessionAffinity, b.LocalityLbPolicy = f.One("sessionAffinity"), f.One("localityLbPolicy")
	if _, ok := f["drainingTimeoutSec"]; ok {
		b.ConnectionDraining = &compute.ConnectionDraining{DrainingTimeoutSec: int64Of(f, "drainingTimeoutSec"), ForceSendFields: []string{"DrainingTimeoutSec"}}
	}
}

func readCheck(h *compute.HealthCheck) lbObject {
	f := lb.Fields{"type": {h.Type}, "checkIntervalSec": number(h.CheckIntervalSec), "timeoutSec": number(h.TimeoutSec),
		"healthyThreshold": number(h.HealthyThreshold), "unhealthyThreshold": number(h.UnhealthyThreshold)}
	if p := h.HttpHealthCheck; p != nil {
		f["port"], f["requestPath"] = number(p.Port), text(p.RequestPath)
		f["besides"] = besides(p.PortSpecification, p.ProxyHeader, p.Host, p.Response)
	}
	if p := h.TcpHealthCheck; p != nil {
		f["port"] = number(p.Port)
		f["besides"] = besides(p.PortSpecification, p.ProxyHeader, p.Request, p.Response)
	}
	return lbObject{name: h.Name, description: h.Description, fields: f}
}

// besides is what nothing of ours sets of a check, and would make it another.
func besides(portSpecification, proxyHeader string, more ...string) (out []string) {
	for _, s := range append(more, strings.TrimSuffix(portSpecification, "USE_FIXED_PORT"), strings.TrimSuffix(proxyHeader, "NONE")) {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// writeCheck is whole, also for a patch: a health check is small. It clears
// what somebody added.
func writeCheck(r lbRef, o lbObject) *compute.HealthCheck {
	f := o.fields
	h := &compute.HealthCheck{Name: r.name, Description: o.description, Type: f.One("type"), CheckIntervalSec: int64Of(f, "checkIntervalSec"),
		TimeoutSec: int64Of(f, "timeoutSec"), HealthyThreshold: int64Of(f, "healthyThreshold"), UnhealthyThreshold: int64Of(f, "unhealthyThreshold")}
	if h.Type == "HTTP" {
		h.HttpHealthCheck = &compute.HTTPHealthCheck{Port: int64Of(f, "port"), RequestPath: f.One("requestPath"), PortSpecification: "USE_FIXED_PORT",
			ProxyHeader: "NONE", NullFields: []string{"Host", "Response"}}
	} else {
		h.TcpHealthCheck = &compute.TCPHealthCheck{Port: int64Of(f, "port"), PortSpecification: "USE_FIXED_PORT", ProxyHeader: "NONE", NullFields: []string{"Request", "Response"}}
	}
	return h
}

func readClientRule(f *compute.Firewall) lbObject {
	fields := lb.Fields{"network": {path(f.Network)}, "sourceRanges": allWritten(f.SourceRanges), "destinationRanges": allWritten(f.DestinationRanges), "allowed": nil, "targetTags": f.TargetTags,
		"priority": number(f.Priority), "disabled": {fmt.Sprint(f.Disabled)}}
	for _, a := range f.Allowed {
		if len(a.Ports) == 0 {
			fields["allowed"] = append(fields["allowed"], a.IPProtocol)
		}
		for _, port := range a.Ports {
			fields["allowed"] = append(fields["allowed"], a.IPProtocol+":"+port)
		}
	}
	// What nothing of ours has makes another rule of it.
	if extra := slices.Concat(f.SourceTags, f.SourceServiceAccounts, f.TargetServiceAccounts); len(extra) > 0 || len(f.Denied) > 0 || f.Direction != ingress {
		fields["allowed"] = append(fields["allowed"], "and more")
	}
	return lbObject{scope: lb.Global, name: f.Name, description: f.Description, network: f.Network, fields: fields}
}

func writeClientRule(r lbRef, o lbObject) *compute.Firewall {
	f := patchOfClientRule(r.name, o)
	f.Description, f.Network, f.Direction = o.description, urlOf(o.fields.One("network")), ingress
	return f
}

// patchOfClientRule is whole too, and clears what somebody added.
func patchOfClientRule(name string, o lbObject) *compute.Firewall {
	f := o.fields
	out := &compute.Firewall{Name: name, SourceRanges: f["sourceRanges"], DestinationRanges: f["destinationRanges"], TargetTags: f["targetTags"],
		Priority: int64Of(f, "priority"), ForceSendFields: []string{"Priority", "Disabled", "Allowed", "Denied", "SourceRanges", "DestinationRanges",
			"SourceTags", "SourceServiceAccounts", "TargetTags", "TargetServiceAccounts"}}
	ports := map[string][]string{}
	for _, a := range f["allowed"] {
		protocol, port, some := strings.Cut(a, ":")
		if ports[protocol] = append(ports[protocol], port); !some {
			ports[protocol] = nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		out.Allowed = append(out.Allowed, &compute.FirewallAllowed{IPProtocol: name, Ports: ports[name]})
	}
	return out
}
