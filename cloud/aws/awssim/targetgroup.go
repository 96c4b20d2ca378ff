package awssim

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
)

// targetGroup is where listeners send to.
type targetGroup struct {
	ARN, Name, Protocol string
	Port                int
	VpcID               string
	Kind                string // target type: instance or ip
	IPType              string
	Check               healthCheck
	Attributes          map[string]string
	Targets             []target
	Tags                tags
}

type healthCheck struct {
	Protocol           string
	Port               string // a number or traffic-port
	Path               string
	Codes              string // matcher of HTTP codes
	Interval, Timeout  int    // seconds
	Healthy, Unhealthy int    // thresholds
}

// The target types.
const (
	byInstance = "instance"
	byIP       = "ip"
)

func (g *targetGroup) key() string  { return g.ARN }
func (g *targetGroup) tagged() tags { return g.Tags }
func (g *targetGroup) udp() bool    { return g.Protocol == "UDP" || g.Protocol == "TCP_UDP" }

const (
	targetGroupLimit = 3000
	trafficPort      = "traffic-port"
)

type shownGroupOfTargets struct {
	ARN       string   `xml:"TargetGroupArn"`
	Name      string   `xml:"TargetGroupName"`
	Protocol  string   `xml:"Protocol"`
	Port      int      `xml:"Port"`
	VpcID     string   `xml:"VpcId"`
	Check     string   `xml:"HealthCheckProtocol"`
	CheckPort string   `xml:"HealthCheckPort"`
	Enabled   bool     `xml:"HealthCheckEnabled"`
	Interval  int      `xml:"HealthCheckIntervalSeconds"`
	Timeout   int      `xml:"HealthCheckTimeoutSeconds"`
	Healthy   int      `xml:"HealthyThresholdCount"`
	Unhealthy int      `xml:"UnhealthyThresholdCount"`
	Path      string   `xml:"HealthCheckPath,omitempty"`
	Matcher   *matcher `xml:"Matcher,omitempty"`
	Balancers []string `xml:"LoadBalancerArns>member"`
	Kind      string   `xml:"TargetType"`
	IPType    string   `xml:"IpAddressType"`
}

type matcher struct {
	Codes string `xml:"HttpCode"`
}

type targetGroupsReply struct {
	Groups []shownGroupOfTargets `xml:"TargetGroups>member"`
	Next   string                `xml:"NextMarker,omitempty"`
}

func (s *Sim) shownTargets(g *targetGroup) shownGroupOfTargets {
	h := g.Check
	out := shownGroupOfTargets{g.ARN, g.Name, g.Protocol, g.Port, g.VpcID, h.Protocol, h.Port, true, h.Interval, h.Timeout, h.Healthy, h.Unhealthy,
		h.Path, nil, s.usersOf(g.ARN), g.Kind, g.IPType}
	if h.Codes != "" {
		out.Matcher = &matcher{h.Codes}
	}
	return out
}

// usersOf are the balancers that send to a group: none or one.
func (s *Sim) usersOf(group string) (out []string) {
	for _, l := range s.listeners.all() {
		if l.to(group) && !slices.Contains(out, l.Balancer) {
			out = append(out, l.Balancer)
		}
	}
	return out
}

func describeTargetGroups(s *Sim, c *call) (any, *APIError) {
	v := see(s, c, s.targetGroups)
	found, asked, refusal := byNames(c, v, "TargetGroupArns.member", "Names.member", func(g *targetGroup) string { return g.Name }, "TargetGroupNotFound")
	if refusal != nil {
		return nil, refusal
	}
	reply := targetGroupsReply{}
	if !asked {
		all := v.list()
		if c.params["LoadBalancerArn"] != "" {
			b, refusal := s.balancerOf(c)
			if refusal != nil {
				return nil, refusal
			}
			all = slices.DeleteFunc(all, func(g *targetGroup) bool { return !slices.Contains(s.usersOf(g.ARN), b.ARN) })
		}
		if found, reply.Next, refusal = cut(c, all); refusal != nil {
			return nil, refusal
		}
	}
	for _, g := range found {
		reply.Groups = append(reply.Groups, s.shownTargets(g))
	}
	return reply, nil
}

// newTargetGroup reads the group that the call asks for.
func (s *Sim) newTargetGroup(c *call) (*targetGroup, *APIError) {
	if refusal := checkName("Target group", c.params["Name"]); refusal != nil {
		return nil, refusal
	}
	g := &targetGroup{Name: c.params["Name"], Protocol: c.params["Protocol"], VpcID: c.params["VpcId"], Kind: cmp.Or(c.params["TargetType"], byInstance),
		IPType: cmp.Or(c.params["IpAddressType"], "ipv4")}
	var refusal *APIError
	if g.Port, refusal = c.number("Port", 0, 1, 65535); refusal != nil {
		return nil, refusal
	}
	_, known := see(s, c, s.vpcs).get(g.VpcID)
	switch {
	case g.Protocol != "TCP" && g.Protocol != "UDP" && g.Protocol != "TCP_UDP":
		return nil, validation("the simulator has target groups of TCP, UDP and TCP_UDP only, not '%s'", g.Protocol)
	case g.Kind != byInstance && g.Kind != byIP:
		return nil, validation("the simulator has target groups of instances and IP addresses only, not '%s'", g.Kind)
	case g.IPType != "ipv4" && g.IPType != "ipv6":
		return nil, validation("IP address type '%s' is not valid for target groups", g.IPType)
	case g.Port == 0:
		return nil, validation("A port must be specified")
	case !known:
		return nil, validation("The VPC ID '%s' is not found", g.VpcID)
	}
	if g.Check, refusal = c.healthCheck(healthCheck{Protocol: "TCP", Port: trafficPort, Interval: 30, Healthy: 5, Unhealthy: 2}); refusal != nil {
		return nil, refusal
	}
	if g.Tags, refusal = c.newBalancingTags(); refusal != nil {
		return nil, refusal
	}
	g.Attributes = maps.Clone(groupDefaults)
	g.Attributes["deregistration_delay.connection_termination.enabled"] = strconv.FormatBool(g.udp())
	g.Attributes["preserve_client_ip.enabled"] = strconv.FormatBool(g.Kind == byInstance || g.udp())
	return g, nil
}

func (o *targetGroup) sameSettings(g *targetGroup) bool {
	return o.Kind == g.Kind && o.Protocol == g.Protocol && o.Port == g.Port && o.VpcID == g.VpcID && o.IPType == g.IPType && o.Check == g.Check && sameSet(o.Tags, g.Tags)
}

func createTargetGroup(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.newTargetGroup(c)
	if refusal != nil {
		return nil, refusal
	}
	for _, o := range s.targetGroups.all() {
		if o.Name != g.Name {
			continue
		}
		if o.sameSettings(g) {
			return targetGroupsReply{Groups: []shownGroupOfTargets{s.shownTargets(o)}}, nil
		}
		return nil, refuse("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", g.Name)
	}
	if len(s.targetGroups.items) >= targetGroupLimit {
		return nil, refuse("TooManyTargetGroups", "The maximum number of target groups has been reached")
	}
	g.ARN = s.arn("targetgroup/" + g.Name)
	s.targetGroups.put(g)
	return targetGroupsReply{Groups: []shownGroupOfTargets{s.shownTargets(g)}}, nil
}

// healthCheck reads the settings that the call gives, over those there are.
func (c *call) healthCheck(h healthCheck) (healthCheck, *APIError) {
	was := h.Protocol
	h.Protocol = cmp.Or(c.params["HealthCheckProtocol"], h.Protocol)
	h.Port = cmp.Or(c.params["HealthCheckPort"], h.Port)
	web := h.web()
	if web && was == "TCP" {
		h.Path, h.Codes = "/", "200-399"
	}
	if !web {
		h.Path, h.Codes = "", ""
	}
	h.Path = cmp.Or(c.params["HealthCheckPath"], h.Path)
	h.Codes = cmp.Or(c.params["Matcher.HttpCode"], h.Codes)
	if refusal := c.healthTimes(&h); refusal != nil {
		return h, refusal
	}
	return h, c.checkHealth(h)
}

func (h healthCheck) web() bool { return h.Protocol == "HTTP" || h.Protocol == "HTTPS" }

// healthTimes reads the intervals and thresholds.
func (c *call) healthTimes(h *healthCheck) (refusal *APIError) {
	patience := 10
	if h.Protocol == "HTTP" {
		patience = 6
	}
	for _, n := range []struct {
		name            string
		at              *int
		otherwise, a, b int
	}{
		{"HealthCheckIntervalSeconds", &h.Interval, h.Interval, 5, 300},
		{"HealthCheckTimeoutSeconds", &h.Timeout, cmp.Or(h.Timeout, patience), 2, 120},
		{"HealthyThresholdCount", &h.Healthy, h.Healthy, 2, 10},
		{"UnhealthyThresholdCount", &h.Unhealthy, h.Unhealthy, 2, 10},
	} {
		if *n.at, refusal = c.number(n.name, n.otherwise, n.a, n.b); refusal != nil {
			return refusal
		}
	}
	return nil
}

func (c *call) checkHealth(h healthCheck) *APIError {
	web := h.web()
	switch {
	case !web && h.Protocol != "TCP":
		return validation("Health check protocol '%s' is not supported: it must be one of TCP, HTTP, HTTPS", h.Protocol)
	case h.Port != trafficPort && !between(1, 65535)(h.Port):
		return validation("Health check port '%s' must be in the range 1-65535 or '%s'", h.Port, trafficPort)
	case !web && (h.Path != "" || h.Codes != ""):
		return misconfigured("Health check path and matcher are not supported for health checks with protocol TCP")
	case web && (h.Path == "" || h.Path[0] != '/' || len(h.Path) > 1024):
		return validation("Health check path '%s' must begin with a '/' character", h.Path)
	case h.Timeout >= h.Interval:
		return validation("Health check interval must be greater than the timeout.")
	case c.params["HealthCheckEnabled"] == "false":
		return misconfigured("Health check enabled must be true for target groups with target types 'instance' and 'ip'")
	}
	return nil
}

func (s *Sim) targetGroupOf(c *call) (*targetGroup, *APIError) {
	arn := c.params["TargetGroupArn"]
	if arn == "" {
		return nil, lacking("TargetGroupArn")
	}
	g, ok := see(s, c, s.targetGroups).get(arn)
	if !ok {
		return nil, refuse("TargetGroupNotFound", "One or more target groups not found: '%s'", arn)
	}
	return g, nil
}

func modifyTargetGroup(s *Sim, c *call) (any, *APIError) {
	g, refusal := s.targetGroupOf(c)
	if refusal != nil {
		return nil, refusal
	}
	next := *g
	if next.Check, refusal = c.healthCheck(g.Check); refusal != nil {
		return nil, refusal
	}
	s.targetGroups.put(&next)
	return targetGroupsReply{Groups: []shownGroupOfTargets{s.shownTargets(&next)}}, nil
}

// deleteTargetGroup refuses while a listener sends to it, and for
// Config.Linger after that.
func deleteTargetGroup(s *Sim, c *call) (any, *APIError) {
	arn := c.params["TargetGroupArn"]
	if arn == "" {
		return nil, lacking("TargetGroupArn")
	}
	if _, ok := s.targetGroups.items[arn]; !ok { // as of load balancers
		return emptyReply{}, nil
	}
	if len(s.usersOf(arn)) > 0 || s.lingering[arn] > 0 {
		return nil, refuse("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", arn)
	}
	s.targetGroups.del(arn)
	return emptyReply{}, nil
}
