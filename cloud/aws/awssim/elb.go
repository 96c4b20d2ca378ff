package awssim

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func init() {
	tagsParam := []string{"Tags.member.N.Key", "Tags.member.N.Value"}
	forward := []string{"DefaultActions.member.N.Type", "DefaultActions.member.N.TargetGroupArn", "DefaultActions.member.N.Order",
		"DefaultActions.member.N.ForwardConfig.TargetGroups.member.N.TargetGroupArn", "DefaultActions.member.N.ForwardConfig.TargetGroups.member.N.Weight"}
	checks := []string{"HealthCheckEnabled", "HealthCheckIntervalSeconds", "HealthCheckPath", "HealthCheckPort", "HealthCheckProtocol",
		"HealthCheckTimeoutSeconds", "HealthyThresholdCount", "UnhealthyThresholdCount", "Matcher.HttpCode"}
	subnetsParam := []string{"Subnets.member.N", "SubnetMappings.member.N.SubnetId", "SubnetMappings.member.N.AllocationId",
		"SubnetMappings.member.N.PrivateIPv4Address", "IpAddressType", "EnablePrefixForIpv6SourceNat"}
	attributes := []string{"Attributes.member.N.Key", "Attributes.member.N.Value"}
	targetsParam := []string{"Targets.member.N.Id", "Targets.member.N.Port", "Targets.member.N.AvailabilityZone"}
	pages := []string{"Marker", "PageSize"}
	balancing.actions = map[string]action{
		"DescribeLoadBalancers":          {do: describeLoadBalancers, names: "LoadBalancerArns.member", params: append([]string{"Names.member.N"}, pages...)},
		"DescribeLoadBalancerAttributes": {do: describeLoadBalancerAttributes, names: "LoadBalancerArn"},
		"DescribeTargetGroups": {do: describeTargetGroups, names: "TargetGroupArns.member",
			params: append([]string{"LoadBalancerArn", "Names.member.N"}, pages...)},
		"DescribeTargetGroupAttributes": {do: describeTargetGroupAttributes, names: "TargetGroupArn"},
		"DescribeTargetHealth":          {do: describeTargetHealth, names: "TargetGroupArn", params: targetsParam},
		"DescribeListeners":             {do: describeListeners, names: "LoadBalancerArn", params: append([]string{"ListenerArns.member.N"}, pages...)},
		"DescribeTags":                  {do: describeBalancingTags, names: "ResourceArns.member"},
		"DescribeAccountLimits":         {do: describeAccountLimits, params: pages},

		"CreateLoadBalancer": {do: createLoadBalancer, mutates: true, names: "Name",
			params: slices.Concat([]string{"Type", "Scheme", "SecurityGroups.member.N"}, subnetsParam, tagsParam)},
		"DeleteLoadBalancer":           {do: deleteLoadBalancer, mutates: true, names: "LoadBalancerArn"},
		"ModifyLoadBalancerAttributes": {do: modifyLoadBalancerAttributes, mutates: true, names: "LoadBalancerArn", params: attributes},
		"SetSubnets":                   {do: setSubnets, mutates: true, names: "LoadBalancerArn", params: subnetsParam},
		"SetSecurityGroups":            {do: setSecurityGroups, mutates: true, names: "LoadBalancerArn", params: []string{"SecurityGroups.member.N"}},
		"SetIpAddressType":             {do: setIPAddressType, mutates: true, names: "LoadBalancerArn", params: []string{"IpAddressType"}},
		"CreateTargetGroup": {do: createTargetGroup, mutates: true, names: "Name",
			params: slices.Concat([]string{"Protocol", "Port", "VpcId", "TargetType", "IpAddressType"}, checks, tagsParam)},
		"ModifyTargetGroup":           {do: modifyTargetGroup, mutates: true, names: "TargetGroupArn", params: checks},
		"ModifyTargetGroupAttributes": {do: modifyTargetGroupAttributes, mutates: true, names: "TargetGroupArn", params: attributes},
		"DeleteTargetGroup":           {do: deleteTargetGroup, mutates: true, names: "TargetGroupArn"},
		"CreateListener": {do: createListener, mutates: true, names: "LoadBalancerArn",
			params: slices.Concat([]string{"Protocol", "Port"}, forward, tagsParam)},
		"ModifyListener":    {do: modifyListener, mutates: true, names: "ListenerArn", params: append([]string{"Protocol", "Port"}, forward...)},
		"DeleteListener":    {do: deleteListener, mutates: true, names: "ListenerArn"},
		"RegisterTargets":   {do: registerTargets, mutates: true, names: "TargetGroupArn", params: targetsParam},
		"DeregisterTargets": {do: deregisterTargets, mutates: true, names: "TargetGroupArn", params: targetsParam},
		"AddTags":           {do: addBalancingTags, mutates: true, names: "ResourceArns.member", params: tagsParam},
		"RemoveTags":        {do: removeBalancingTags, mutates: true, names: "ResourceArns.member", params: []string{"TagKeys.member.N"}},
	}
}

func validation(format string, args ...any) *APIError {
	return refuse("ValidationError", format, args...)
}

func lacking(name string) *APIError {
	return validation("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", lower(name))
}

func misconfigured(format string, args ...any) *APIError {
	return refuse("InvalidConfigurationRequest", format, args...)
}

var balancingName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$`)

func checkName(what, name string) *APIError {
	switch {
	case name == "":
		return lacking("Name")
	case len(name) > 32:
		return validation("%s name '%s' cannot be longer than '32' characters", what, name)
	case !balancingName.MatchString(name):
		return validation("%s name '%s' can only contain characters that are alphanumeric characters or hyphens(-) and must not begin or end with a hyphen", what, name)
	case what == "Load balancer" && strings.HasPrefix(name, "internal-"):
		return validation("Load balancer name '%s' cannot begin with 'internal-'", name)
	}
	return nil
}

// arn makes the name of a resource, such as "loadbalancer/net/name". Its last
// part sorts by age, which that of ELB does not.
func (s *Sim) arn(path string) string {
	s.lastID++
	return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s/%016x", s.config.Region, s.config.Account, path, s.lastID)
}

// number reads a number within bounds, the default where there is none.
func (c *call) number(name string, otherwise, least, most int) (int, *APIError) {
	text, ok := c.params[name]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must be between %d and %d", text, lower(name), least, most)
	}
	return n, nil
}

// newBalancingTags reads the tags of a thing to be made.
func (c *call) newBalancingTags() (tags, *APIError) {
	t := c.pairs("Tags.member")
	seen := map[string]bool{}
	for _, x := range t {
		if seen[x.Key] {
			return nil, refuse("DuplicateTagKeys", "Tag keys must be unique: '%s'", x.Key)
		}
		seen[x.Key] = true
	}
	return t, checkBalancingTags(t)
}

func checkBalancingTags(t tags) *APIError {
	if len(t) > maxTags {
		return refuse("TooManyTags", "The maximum number of tags is %d", maxTags)
	}
	if refusal := t.check(); refusal != nil {
		return validation("%s", refusal.Message)
	}
	return nil
}

const (
	balancingPage = 400
	mostNamed     = 20 // ARNs or names in a call
)

// cut is the page of what is in order of keys that the call asks for.
func cut[T resource](c *call, found []T) (page []T, next string, refusal *APIError) {
	size, refusal := c.number("PageSize", balancingPage, 1, balancingPage)
	if refusal != nil {
		return nil, "", refusal
	}
	if marker := c.params["Marker"]; marker != "" {
		after, err := base64.URLEncoding.DecodeString(marker)
		if err != nil {
			return nil, "", validation("Marker '%s' is invalid", marker)
		}
		for len(found) > 0 && found[0].key() <= string(after) {
			found = found[1:]
		}
	}
	if len(found) <= size {
		return found, "", nil
	}
	return found[:size], base64.URLEncoding.EncodeToString([]byte(found[size-1].key())), nil
}

// byNames finds those of a list of ARNs or of names; asked is false where the
// call names none.
func byNames[T resource](c *call, v view[T], arns, names string, nameOf func(T) string, unknown string) (out []T, asked bool, refusal *APIError) {
	wanted, called := c.list(arns), c.list(names)
	if len(wanted) > mostNamed || len(called) > mostNamed {
		return nil, true, validation("Up to %d ARNs or names can be given at once", mostNamed) // the text is a guess
	}
	if len(wanted) > 0 && len(called) > 0 {
		return nil, true, validation("Names and ARNs cannot be specified at the same time")
	}
	for _, arn := range wanted {
		x, ok := v.get(arn)
		if !ok {
			return nil, true, refuse(unknown, "One or more of '%s' not found", arn)
		}
		out = append(out, x)
	}
	for _, name := range called {
		at := slices.IndexFunc(v.list(), func(x T) bool { return nameOf(x) == name })
		if at < 0 {
			return nil, true, refuse(unknown, "One or more of '[%s]' not found", name)
		}
		out = append(out, v.list()[at])
	}
	return out, len(wanted)+len(called) > 0, nil
}

type emptyReply struct{}

type limit struct {
	Name string `xml:"Name"`
	Max  int    `xml:"Max"`
}

type limitsReply struct {
	Limits []limit `xml:"Limits>member"`
}

func describeAccountLimits(s *Sim, _ *call) (any, *APIError) {
	return limitsReply{[]limit{
		{"network-load-balancers", s.config.Balancers}, {"target-groups", targetGroupLimit}, {"listeners-per-network-load-balancer", listenerLimit},
		{"targets-per-target-group", groupTargets}, {"targets-per-network-load-balancer", balancerTargets},
		{"targets-per-availability-zone-per-network-load-balancer", zoneTargets},
	}}, nil
}
