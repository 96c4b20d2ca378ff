package aws

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// written returns an attribute's value as ELB shows it, so that what is wanted is
// what is there once it is set; or says what ELB takes.
func written(key, value string) (string, error) {
	was, known := poolAttributes[key]
	if !known {
		was, known = balancerAttributes[key]
	}
	if !known {
		was = others[key]
	}
	n, notNumber := strconv.Atoi(value)
	switch {
	case len(wordsOf[key]) > 0:
		if !slices.Contains(wordsOf[key], value) {
			return "", fmt.Errorf("it is one of %s", strings.Join(wordsOf[key], ", "))
		}
		return value, nil
	case was == "true" || was == "false":
		if value = strings.ToLower(value); value != "true" && value != "false" {
			return "", errors.New("it is true or false")
		}
		return value, nil
	case mostOf[key] == 0:
		return value, nil
	case strings.EqualFold(value, "off") && strings.HasPrefix(key, "target_group_health."):
		return "off", nil
	case notNumber != nil || n < leastOf(key) || n > mostOf[key]:
		return "", fmt.Errorf("it is a number from %d to %d", leastOf(key), mostOf[key])
	}
	return strconv.Itoa(n), nil
}

// Source: the API reference, LoadBalancerAttribute and TargetGroupAttribute.
var (
	wordsOf = map[string][]string{
		"dns_record.client_routing_policy": {"any_availability_zone", "availability_zone_affinity", "partial_availability_zone_affinity"},
		"stickiness.type":                  {"source_ip"},
	}
	mostOf = map[string]int{
		"deregistration_delay.timeout_seconds":                                           3600,
		"target_health_state.unhealthy.draining_interval_seconds":                        360000,
		"target_group_health.dns_failover.minimum_healthy_targets.count":                 maxTargets,
		"target_group_health.dns_failover.minimum_healthy_targets.percentage":            100,
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count":      maxTargets,
		"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": 100,
	}
)

func leastOf(key string) int {
	if strings.HasPrefix(key, "target_group_health.") {
		return 1
	}
	return 0
}

// unset is what an attribute is while nobody asks for another value.
func unset(key, scheme string, always map[string]string) string {
	if key == denyGateways {
		return strconv.FormatBool(scheme == "internal")
	}
	return always[key] + others[key]
}

const (
	denyGateways = "ipv6.deny_all_igw_traffic"
	logsEnabled  = "access_logs.s3.enabled"
	logsBucket   = "access_logs.s3.bucket"
	proxyHeader  = "proxy_protocol_v2.enabled"
)

// dropOfUDP are the attributes that ELB does not let target groups of UDP have:
// the client's address is always kept there, and there are no connections.
func dropOfUDP(attributes map[string]string) {
	delete(attributes, "preserve_client_ip.enabled")
	delete(attributes, "target_health_state.unhealthy.connection_termination.enabled")
}

// set enters an attribute of the Service's.
func (w *wanting) set(into map[string]string, key, value string) error {
	value, err := written(key, value)
	if err != nil {
		return w.refuse(cloud.Invalid, fmt.Errorf("attribute %s: %w", key, err), "correct it")
	}
	into[key] = value
	return nil
}

func (w *wanting) attributes() error {
	w.ofLB, w.ofPool = map[string]string{}, map[string]string{}
	for key, value := range balancerAttributes {
		w.ofLB[key] = value
	}
	for key, value := range poolAttributes {
		w.ofPool[key] = value
	}
	if w.to.Affinity.ClientIP {
		w.ofPool["stickiness.enabled"] = "true"
	}
	asked := maps.Clone(w.b.Attributes)
	if asked == nil {
		asked = map[string]string{}
	}
	maps.Copy(asked, w.to.Attributes)
	for _, name := range keys(asked) {
		var err error
		if key, ok := strings.CutPrefix(name, lb.AttributeLoadBalancer); ok && knownAttribute(key, balancerAttributes) {
			err = w.set(w.ofLB, key, asked[name])
		} else if key, ok := strings.CutPrefix(name, lb.AttributeTargetGroup); ok && knownAttribute(key, poolAttributes) {
			err = w.set(w.ofPool, key, asked[name])
		} else if !slices.Contains(knownSettings, name) {
			err = w.refuse(cloud.Invalid, errors.New("it has the setting "+name+", which a network load balancer has not"), "remove it")
		}
		if err != nil {
			return err
		}
	}
	if w.ofLB[logsEnabled] == "true" && w.ofLB[logsBucket] == "" {
		return w.invalid("name the bucket, or turn them off", "access logs are turned on and have no bucket to go to")
	}
	return nil
}

var knownSettings = []string{lb.AttributeSubnets, lb.AttributePrivateIPv4, lb.AttributeSecurityGroups, lb.AttributeNodeRules, lb.AttributeTags}

func knownAttribute(key string, always map[string]string) bool {
	_, here := always[key]
	_, there := others[key]
	return here || there
}
