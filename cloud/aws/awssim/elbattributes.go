package awssim

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The attributes of network load balancers and of their target groups, with
// their defaults. Source: the API reference, LoadBalancerAttribute and
// TargetGroupAttribute; one that is absent here is refused.
var (
	balancerDefaults = map[string]string{
		"deletion_protection.enabled":            "false",
		"load_balancing.cross_zone.enabled":      "false",
		"access_logs.s3.enabled":                 "false",
		"access_logs.s3.bucket":                  "",
		"access_logs.s3.prefix":                  "",
		"ipv6.deny_all_igw_traffic":              "false",
		"zonal_shift.config.enabled":             "false",
		"dns_record.client_routing_policy":       "any_availability_zone",
		"secondary_ips.auto_assigned.per_subnet": "0",
	}
	groupDefaults = map[string]string{
		"deregistration_delay.timeout_seconds":                                           "300",
		"deregistration_delay.connection_termination.enabled":                            "false",
		"stickiness.enabled":                                                             "false",
		"stickiness.type":                                                                "source_ip",
		"preserve_client_ip.enabled":                                                     "true",
		"proxy_protocol_v2.enabled":                                                      "false",
		"load_balancing.cross_zone.enabled":                                              useBalancers,
		"target_health_state.unhealthy.connection_termination.enabled":                   "true",
		"target_health_state.unhealthy.draining_interval_seconds":                        "0",
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 "1",
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            "off",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      "1",
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
	}
)

const useBalancers = "use_load_balancer_configuration"

type attributesReply struct {
	Attributes []shownAttribute `xml:"Attributes>member"`
}

type shownAttribute struct {
	Key   string `xml:"Key"`
	Value string `xml:"Value"`
}

func shownAttributes(m map[string]string) (out attributesReply) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out.Attributes = append(out.Attributes, shownAttribute{key, m[key]})
	}
	return out
}

// changed are the attributes with those of the call.
func (c *call) changed(have map[string]string) (map[string]string, *APIError) {
	next := maps.Clone(have)
	given := c.pairs("Attributes.member")
	if len(given) == 0 {
		return nil, lacking("Attributes")
	}
	for _, a := range given {
		was, ok := have[a.Key]
		if !ok {
			return nil, misconfigured("Attribute '%s' is not supported", a.Key) // the code is a guess
		}
		if !fitsAttribute(a.Key, was, a.Value) {
			return nil, validation("'%s' is not a valid value for attribute '%s'", a.Value, a.Key)
		}
		next[a.Key] = a.Value
	}
	return next, nil
}

func fitsAttribute(key, was, value string) bool {
	switch {
	case key == "load_balancing.cross_zone.enabled" && value == useBalancers:
		return was == useBalancers
	case was == "true" || was == "false" || was == useBalancers:
		return value == "true" || value == "false"
	}
	for _, r := range attributeRules {
		if strings.HasSuffix(key, r.ends) {
			return r.fits(value)
		}
	}
	return true
}

// attributeRules are the values that attributes take besides true and false,
// by the ends of their names.
var attributeRules = []struct {
	ends string
	fits func(value string) bool
}{
	{"deregistration_delay.timeout_seconds", between(0, 3600)},
	{".draining_interval_seconds", between(0, 360000)},
	{".percentage", orOff(between(1, 100))},
	{".count", orOff(between(1, math.MaxInt))},
	{"stickiness.type", oneOf("source_ip")},
	{"dns_record.client_routing_policy", oneOf("any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity")},
}

func between(low, high int) func(string) bool {
	return func(value string) bool {
		n, err := strconv.Atoi(value)
		return err == nil && low <= n && n <= high
	}
}

func oneOf(words ...string) func(string) bool {
	return func(value string) bool { return slices.Contains(words, value) }
}

func orOff(fits func(string) bool) func(string) bool {
	return func(value string) bool { return value == "off" || fits(value) }
}

// attributesOfNew are those of a new balancer. An internal one shuts out
// internet gateways.
func attributesOfNew(scheme string) map[string]string {
	out := maps.Clone(balancerDefaults)
	out["ipv6.deny_all_igw_traffic"] = strconv.FormatBool(scheme == internal)
	return out
}

func describeLoadBalancerAttributes(s *Sim, c *call) (any, *APIError) {
	b, refusal := s.balancerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	return shownAttributes(b.Attributes), nil
}

func modifyLoadBalancerAttributes(s *Sim, c *call) (any, *APIError) {
	b, refusal := s.balancerOf(c)
	if refusal != nil {
		return nil, refusal
	}
	next := *b
	if next.Attributes, refusal = c.changed(b.Attributes); refusal != nil {
		return nil, refusal
	}
	if next.on("access_logs.s3.enabled") && next.Attributes["access_logs.s3.bucket"] == "" {
		return nil, misconfigured("Access logs are enabled, and no S3 bucket is specified")
	}
	if refusal := s.crowded(&next, s.groupsWith(b, nil)); refusal != nil {
		return nil, refusal
	}
	s.balancers.put(&next)
	return shownAttributes(next.Attributes), nil
}

func describeTargetGroupAttributes(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.targetGroupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	return shownAttributes(g.Attributes), nil
}

func modifyTargetGroupAttributes(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.targetGroupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	next := *g
	if next.Attributes, refusal = c.changed(g.Attributes); refusal != nil {
		return nil, refusal
	}
	switch {
	case g.udp() && next.Attributes["preserve_client_ip.enabled"] == "false":
		return nil, misconfigured("Client IP preservation cannot be disabled for target groups of protocol '%s'", g.Protocol)
	case g.udp() && next.Attributes["target_health_state.unhealthy.connection_termination.enabled"] == "true" &&
		slices.ContainsFunc(c.pairs("Attributes.member"), func(a tag) bool {
			return a.Key == "target_health_state.unhealthy.connection_termination.enabled"
		}):
		return nil, misconfigured("Connection termination of unhealthy targets cannot be enabled for target groups of protocol '%s'", g.Protocol)
	}
	s.targetGroups.put(&next)
	return shownAttributes(next.Attributes), nil
}
