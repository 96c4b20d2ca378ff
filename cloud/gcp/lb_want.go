package gcp

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// translation is one balancer on its way to resources.
type translation struct {
	balancers
	lb.LoadBalancer
	to  lb.Backend
	got lb.State
	out []lb.Resource
}

// Want translates a balancer into forwarding rules on one backend service.
func (v balancers) Want(b lb.LoadBalancer, got lb.State) ([]lb.Resource, error) {
	t := &translation{balancers: v, LoadBalancer: b, got: got}
	if err := b.Validate(); err != nil {
		return nil, t.refuse(cloud.Invalid, err, "correct what asks for the load balancer")
	}
	var err error
	if t.to, err = b.SoleBackend(); err != nil {
		return nil, t.refuse(cloud.Invalid, err, "give each a load balancer of its own")
	}
	if err := t.checkAttributes(); err != nil {
		return nil, err
	}
	backends, err := t.backends()
	if err != nil {
		return nil, err
	}
	for _, f := range b.Frontends {
		if err := t.frontend(f, backends); err != nil {
			return nil, err
		}
	}
	return t.out, nil
}

func (t *translation) refuse(r cloud.Reason, err error, remedy string) error {
	return &cloud.Error{Reason: r, Act: "plan a load balancer", Resource: t.Owner.Kind + " " + t.Owner.Namespace + "/" + t.Owner.Name, Err: err, Remedy: remedy}
}

func (t *translation) checkAttributes() error {
	isBool := oneOf("true", "false")
	known := map[string]func(string) bool{
		lb.AttributeGlobalAccess: isBool, lb.AttributeWeighted: isBool,
		lb.AttributeSubnets:     func(s string) bool { return s != "" && !strings.Contains(s, ",") },
		lb.AttributeNetworkTier: oneOf("premium", "standard"),
		lb.AttributeBackends:    oneOf(lb.EndpointGroups, lb.InstanceGroups),
	}
	for _, its := range []map[string]string{t.Attributes, t.to.Attributes} {
		for name, value := range its {
			if ok := known[name]; ok == nil || !ok(value) {
				return t.refuse(cloud.Invalid, fmt.Errorf("attribute %s=%q is not understood", name, value), "remove it, or see the list of attributes")
			}
		}
	}
	if t.to.Attributes[lb.AttributeWeighted] == "true" && t.to.Affinity.ClientIP {
		return t.refuse(cloud.Invalid, fmt.Errorf("weighted balancing and client affinity exclude each other"), "choose one")
	}
	return nil
}

func oneOf(words ...string) func(string) bool {
	return func(s string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, s) })
	}
}

// add keeps a resource; owner is the balancer's or the set's.
func (t *translation) add(ref lb.Ref, o cloud.Owner, fields lb.Fields, uses ...lb.Ref) *lb.Resource {
	t.out = append(t.out, lb.Resource{Ref: ref, Owner: o, Shared: o != t.Owner, Fields: fields, Uses: uses})
	return &t.out[len(t.out)-1]
}

func (t *translation) scheme() string { return strings.ToUpper(string(t.Scheme)) }

// backends are a backend service for each protocol, so that one that comes or
// goes leaves the other's rules alone: a rule cannot change its backend service.
func (t *translation) backends() (map[lb.Protocol]lb.Ref, error) {
	shape, err := t.poolShape()
	if err != nil {
		return nil, err
	}
	check, err := t.check()
	if err != nil {
		return nil, err
	}
	uses := []lb.Ref{check}
	var groups []string
	for _, pool := range t.pools(t.to.Nodes, t.got, shape) {
		if lost(pool.Ref, t.got) {
			continue
		}
		pool.Members = nil
		t.out = append(t.out, pool)
		uses = append(uses, pool.Ref)
		groups = append(groups, groupPath(t.refOf(pool.Ref)))
	}
	groups = append(groups, t.lostGroups(shape)...)
	if len(groups) > maxBackends {
		return nil, t.refuse(cloud.LimitExceeded, fmt.Errorf("the nodes are in %d zones and subnetworks, a backend service takes %d", len(groups), maxBackends),
			"use a node set of fewer zones or subnetworks")
	}
	affinity := "NONE"
	if t.to.Affinity.ClientIP {
		affinity = "CLIENT_IP"
	}
	out := map[lb.Protocol]lb.Ref{}
	for _, protocol := range []lb.Protocol{lb.TCP, lb.UDP} {
		if len(sortedPorts(t.Listeners, protocol)) == 0 {
			continue
		}
		fields := lb.Fields{
			"loadBalancingScheme": {t.scheme()}, "protocol": {string(protocol)}, "backends": groups, "failover": nil, "healthChecks": {check.Name},
			"sessionAffinity": {affinity}, "drainingTimeoutSec": {drainingSec},
		}
		if t.Scheme == lb.Internal {
			fields["network"] = []string{t.networkPath()}
		}
		if fields["localityLbPolicy"] = nil; t.to.Attributes[lb.AttributeWeighted] == "true" {
			fields["localityLbPolicy"] = []string{"WEIGHTED_MAGLEV"}
		}
		role := "bs" + shortHash(t.scheme(), string(protocol), shape.kind, strings.Join(fields["network"], ""))
		out[protocol] = t.add(lb.Ref{Kind: kindBackend, Name: t.Owner.RoleName(role)}, t.Owner, fields, uses...).Ref
	}
	return out, nil
}

const (
	maxBackends = 50
	drainingSec = "30" // as ingress-gce has it: connections last so long on a node that is taken out
)

// check is the health check, and the rule that lets its probes in. One that
// others have too is named by what it is.
func (t *translation) check() (lb.Ref, error) {
	h, o, role := t.to.Check, t.Owner, "hct"
	defaults := struct{ interval, timeout, healthy, unhealthy int }{8, 1, 1, 3} // as ingress-gce has them
	if t.to.LocalOnly {
		defaults.interval, defaults.unhealthy = 3, 2
	}
	fields := lb.Fields{
		"type": {"TCP"}, "port": {fmt.Sprint(h.Port)},
		"checkIntervalSec": {seconds(h.Interval, defaults.interval)}, "timeoutSec": {seconds(h.Timeout, defaults.timeout)},
		"healthyThreshold": {count(h.Healthy, defaults.healthy)}, "unhealthyThreshold": {count(h.Unhealthy, defaults.unhealthy)},
	}
	if timeout, interval := int64Of(fields, "timeoutSec"), int64Of(fields, "checkIntervalSec"); timeout > interval {
		return lb.Ref{}, t.refuse(cloud.Invalid, fmt.Errorf("health checks time out after %d s and come every %d s", timeout, interval), "make the timeout no longer than the interval")
	}
	if h.HTTP {
		role, fields["type"], fields["requestPath"] = "hch", []string{"HTTP"}, []string{h.Path}
	}
	if h.Shared {
		o, role = t.to.Nodes.Owner(), "hc"+shortHash(fmt.Sprint(fields)) // maps print in order
	}
	fields["besides"] = nil
	var uses []lb.Ref
	for _, f := range t.Frontends {
		probes := probes4
		if f.Family == lb.IPv6 {
			probes = probes6
		}
		uses = append(uses, t.firewall(o, probeRole(f.Family, role), probes, nil, []string{"tcp:" + fmt.Sprint(h.Port)}))
	}
	return t.add(lb.Ref{Kind: kindCheck, Name: o.RoleName(role)}, o, fields, uses...).Ref, nil
}

// Probes come from these ranges. Source: the health check overview, and
// ingress-gce.
var (
	probes4 = []string{"130.211.0.0/22", "209.85.152.0/22", "209.85.204.0/22", "35.191.0.0/16"}
	probes6 = []string{"2600:1901:8001::/48", "2600:2d00:1:b029::/64"}
)

// probeRole is the role of the firewall rule of a check's role.
func probeRole(f lb.Family, check string) string { return "p" + digit(f) + check }

func digit(f lb.Family) string { return strings.TrimPrefix(string(f), "IPv") }

func seconds(d time.Duration, otherwise int) string { return count(int(d/time.Second), otherwise) }

func count(n, otherwise int) string {
	if n == 0 {
		n = otherwise
	}
	return strconv.Itoa(n)
}

func firewallOf(o cloud.Owner, role string) lb.Ref {
	return lb.Ref{Kind: kindFirewall, Scope: lb.Global, Name: o.RoleName(role)}
}

// firewall is a rule that allows traffic to the nodes.
func (t *translation) firewall(o cloud.Owner, role string, sources, destinations, allowed []string) lb.Ref {
	return t.add(firewallOf(o, role), o, lb.Fields{
		"network": {t.networkPath()}, "sourceRanges": sources, "destinationRanges": destinations, "allowed": allowed,
		"targetTags": t.NodeTags, "priority": {"1000"}, "disabled": {"false"},
	}).Ref
}

// sources are the allowed ones of a family.
func (t *translation) sources(f lb.Family) (out []string) {
	for _, p := range t.AllowedSources {
		if lb.FamilyOf(p.Addr()) == f {
			out = append(out, p.String())
		}
	}
	return out
}

func hostPrefix(a netip.Addr) string {
	if a.Is6() {
		return netip.PrefixFrom(a, rangeOfRule).String()
	}
	return a.String() + "/32"
}

// rangeOfRule is the length of the range that an IPv6 rule has.
const rangeOfRule = 96

func sortedPorts(list []lb.Listener, p lb.Protocol) (out []uint16) {
	for _, l := range list {
		if l.Protocol == p {
			out = append(out, l.Port)
		}
	}
	slices.Sort(out)
	return out
}
