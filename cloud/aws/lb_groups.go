package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

const (
	// maxGroups is how many security groups an interface takes; one of them
	// is the shared one.
	maxGroups = 5
	// kubeProxyPort is where kube-proxy answers health checks.
	kubeProxyPort = 10256
)

// groups are the balancer's security groups: those that say who may connect,
// and the shared one, by which nodes know a balancer's traffic.
func (w *wanting) groups() error {
	if given := w.b.Attributes[lb.AttributeSecurityGroups]; given != "" {
		for _, id := range strings.Split(given, ",") {
			if !strings.HasPrefix(id, "sg-") {
				return w.invalid("name security groups by ID", "%q is no security group such as sg-0123456789abcdef0", id)
			}
			if !slices.Contains(w.front, id) {
				w.front = append(w.front, id)
			}
		}
		if len(w.front) >= maxGroups {
			return w.refuse(cloud.LimitExceeded, fmt.Errorf("%d security groups", len(w.front)), fmt.Sprintf("name %d at most", maxGroups-1))
		}
	} else if err := w.clients(); err != nil {
		return err
	}
	owner := shared(w.b.Owner.ClusterID)
	common := lb.Resource{Ref: lb.Ref{Kind: kindGroup, Name: shortName(owner, "s")}, Owner: owner, Shared: true, Fields: lb.Fields{fieldIngress: {}}}
	w.out = append(w.out, common)
	w.front = append(w.front, common.Name)
	w.uses = append(w.uses, common.Ref)
	return nil
}

// clients makes security groups of the sources and ports, as many as the
// rules need.
func (w *wanting) clients() error {
	rules := w.packed()
	var packs [][]rule
	count := map[bool]int{} // of IPv6 or not: each has the quota by itself
	for _, r := range rules {
		at := count[r.isIPv6()] / w.RulesPerGroup
		if at == len(packs) {
			packs = append(packs, nil)
		}
		packs[at] = append(packs[at], r)
		count[r.isIPv6()]++
	}
	if len(packs) >= maxGroups {
		return w.refuse(cloud.LimitExceeded, fmt.Errorf("its sources and ports need %d rules, and %d security groups of %d hold no more than %d",
			len(rules), maxGroups-1, w.RulesPerGroup, (maxGroups-1)*w.RulesPerGroup),
			"name fewer or wider source ranges, or have the quota of rules of a security group raised")
	}
	if len(packs) == 0 {
		packs = [][]rule{nil} // nobody may connect
	}
	for n, pack := range packs {
		x := lb.Resource{Ref: lb.Ref{Kind: kindGroup, Name: shortName(w.b.Owner, "s", n)}, Owner: w.b.Owner, Fields: lb.Fields{fieldIngress: {}}}
		for _, r := range pack {
			x.Fields[fieldIngress] = append(x.Fields[fieldIngress], r.text())
		}
		w.out = append(w.out, x)
		w.front = append(w.front, x.Name)
		w.uses = append(w.uses, x.Ref)
	}
	return nil
}

// packed is a rule for each source and range of ports. Where that makes more
// than fit into one group, each protocol has one range from its first port to
// its last: the balancer listens on no others.
func (w *wanting) packed() []rule {
	spans := w.spans(false)
	if len(spans)*len(w.b.AllowedSources) > w.RulesPerGroup {
		spans = w.spans(true)
	}
	var out []rule
	for _, p := range w.b.AllowedSources {
		for _, s := range spans {
			s.cidr = p.String()
			out = append(out, s)
		}
	}
	return out
}

// spans are the listeners' ports, in ranges without gaps, or with.
func (w *wanting) spans(gaps bool) (out []rule) {
	for _, protocol := range []string{"tcp", "udp"} {
		var ports []int32
		for _, p := range w.listeners {
			if slices.Contains(strings.Split(strings.ToLower(p.protocol), "_"), protocol) {
				ports = append(ports, p.port)
			}
		}
		slices.Sort(ports)
		for n, port := range ports {
			if last := len(out) - 1; n > 0 && (gaps || out[last].to+1 == port) {
				out[last].to = port
				continue
			}
			out = append(out, rule{protocol: protocol, from: port, to: port})
		}
	}
	return out
}

// nodeRules let the shared group in to the nodes' groups: the NodePorts as
// one range, whatever balancers there are, so that a Service that comes or
// goes changes no group that others use; and the health checks.
func (w *wanting) nodeRules() {
	if w.b.Attributes[lb.AttributeNodeRules] == "false" {
		return
	}
	first, last := int32(w.FirstNodePort), int32(w.LastNodePort)
	rules := []rule{{protocol: "tcp", from: first, to: last}, {protocol: "udp", from: first, to: last}, {protocol: "tcp", from: kubeProxyPort, to: kubeProxyPort}}
	add := func(protocol string, port int32) {
		one := rule{protocol: protocol, from: port, to: port}
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.protocol == protocol && r.from <= port && port <= r.to }) {
			rules = append(rules, one)
		}
	}
	if w.to.Check.Port != 0 {
		add("tcp", int32(w.to.Check.Port))
	}
	for _, p := range w.listeners { // of a NodePort outside the range
		for _, protocol := range strings.Split(strings.ToLower(p.protocol), "_") {
			add(protocol, p.node)
		}
	}
	owner := shared(w.b.Owner.ClusterID)
	uses := []lb.Ref{{Kind: kindGroup, Name: shortName(owner, "s")}}
	for _, group := range w.nodeGroups() {
		for _, r := range rules {
			ref := ruleRef(group, r)
			w.out = append(w.out, lb.Resource{Ref: ref, Owner: owner, Shared: true, Uses: uses})
			w.uses = append(w.uses, ref)
		}
	}
}

// nodeGroups are the security groups that the set's nodes are in.
func (w *wanting) nodeGroups() []string {
	if len(w.NodeGroups) > 0 {
		return w.NodeGroups
	}
	var out []string
	for _, n := range w.to.Nodes.Nodes {
		if x, ok := w.got[lb.Ref{Kind: kindInstance, Name: instanceOf(n.ProviderID)}]; ok {
			out = append(out, x.Fields[fieldGroups]...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

const (
	connectionTermination = "deregistration_delay.connection_termination.enabled"
	deletionProtection    = "deletion_protection.enabled"
)

// The attributes that we always set, with their values, which are also those of
// something new; those that a balancer asks for go over them. Source: the API
// reference, LoadBalancerAttribute and TargetGroupAttribute.
var (
	balancerAttributes = map[string]string{"load_balancing.cross_zone.enabled": "false"}
	poolAttributes     = map[string]string{
		"deregistration_delay.timeout_seconds": "300", "preserve_client_ip.enabled": "true", "proxy_protocol_v2.enabled": "false", "stickiness.enabled": "false",
	}
	// others are known, and reset to this where they are not asked for any more.
	others = map[string]string{
		deletionProtection: "false", "access_logs.s3.enabled": "false", "access_logs.s3.bucket": "", "access_logs.s3.prefix": "",
		"ipv6.deny_all_igw_traffic": "false", "zonal_shift.config.enabled": "false", "dns_record.client_routing_policy": "any_availability_zone",
		"stickiness.type": "source_ip", "target_health_state.unhealthy.connection_termination.enabled": "true",
		"target_health_state.unhealthy.draining_interval_seconds": "0", connectionTermination: "false",
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
	}
)
