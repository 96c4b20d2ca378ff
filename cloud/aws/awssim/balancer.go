package awssim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// balancer is a network load balancer: there are no others here.
type balancer struct {
	ARN, Name, Scheme, VpcID string
	State                    string
	IPType                   string
	SourceNAT                string // EnablePrefixForIpv6SourceNat
	Groups                   []string
	Zones                    []balancerZone
	Attributes               map[string]string
	Created                  time.Time
	Tags                     tags
}

// balancerZone is one subnet that it is in, with its interface there.
type balancerZone struct {
	Zone, Subnet string
	Interface    string
	IP           string // private
	PublicIP     string
	Allocation   string
	GivenIP      string // the private address that was asked for
}

func (b *balancer) key() string      { return b.ARN }
func (b *balancer) tagged() tags     { return b.Tags }
func (b *balancer) dual() bool       { return b.IPType == dualStack }
func (b *balancer) path() string     { _, p, _ := strings.Cut(b.ARN, ":loadbalancer/"); return p }
func (b *balancer) public() bool     { return b.Scheme == internetFacing }
func (b *balancer) on(n string) bool { return b.Attributes[n] == "true" }

func (b *balancer) host(region string) string {
	id := b.ARN[strings.LastIndex(b.ARN, "/")+1:]
	return b.Name + "-" + id + ".elb." + region + ".amazonaws.com"
}

const (
	internetFacing = "internet-facing"
	internal       = "internal"
	dualStack      = "dualstack"
	ipv4Only       = "ipv4"
	provisioning   = "provisioning"
	active         = "active"
)

type shownAddress struct {
	IP         string `xml:"IpAddress,omitempty"`
	Allocation string `xml:"AllocationId,omitempty"`
	Private    string `xml:"PrivateIPv4Address,omitempty"`
}

type shownZone struct {
	Zone      string         `xml:"ZoneName"`
	Subnet    string         `xml:"SubnetId"`
	Addresses []shownAddress `xml:"LoadBalancerAddresses>member"`
}

type shownBalancer struct {
	ARN       string      `xml:"LoadBalancerArn"`
	DNSName   string      `xml:"DNSName"`
	HostedBy  string      `xml:"CanonicalHostedZoneId"`
	Created   string      `xml:"CreatedTime"`
	Name      string      `xml:"LoadBalancerName"`
	Scheme    string      `xml:"Scheme"`
	VpcID     string      `xml:"VpcId"`
	State     string      `xml:"State>Code"`
	Type      string      `xml:"Type"`
	Zones     []shownZone `xml:"AvailabilityZones>member"`
	Groups    []string    `xml:"SecurityGroups>member,omitempty"`
	IPType    string      `xml:"IpAddressType"`
	SourceNAT string      `xml:"EnablePrefixForIpv6SourceNat,omitempty"`
}

func (s *Sim) shown(b *balancer) shownBalancer {
	out := shownBalancer{b.ARN, b.host(s.config.Region), "Z2IFOLAFXWLO4F", b.Created.UTC().Format(time.RFC3339), b.Name, b.Scheme, b.VpcID,
		b.State, "network", nil, b.Groups, b.IPType, b.SourceNAT}
	for _, z := range b.Zones {
		shown := shownZone{Zone: z.Zone, Subnet: z.Subnet}
		if z.Allocation != "" || z.GivenIP != "" {
			shown.Addresses = []shownAddress{{z.PublicIP, z.Allocation, z.GivenIP}}
		}
		out.Zones = append(out.Zones, shown)
	}
	return out
}

type balancersReply struct {
	Balancers []shownBalancer `xml:"LoadBalancers>member"`
	Next      string          `xml:"NextMarker,omitempty"`
}

func describeLoadBalancers(s *Sim, c *call) (any, *APIError) {
	v := see(s, c, s.balancers)
	found, asked, refusal := byNames(c, v, "LoadBalancerArns.member", "Names.member", func(b *balancer) string { return b.Name }, "LoadBalancerNotFound")
	if refusal != nil {
		return nil, refusal
	}
	reply := balancersReply{}
	if !asked {
		if found, reply.Next, refusal = cut(c, v.list()); refusal != nil {
			return nil, refusal
		}
	}
	for _, b := range found {
		reply.Balancers = append(reply.Balancers, s.shown(b))
	}
	return reply, nil
}

// newBalancer reads the load balancer that the call asks for.
func (s *Sim) newBalancer(c *call) (*balancer, *APIError) {
	if refusal := checkName("Load balancer", c.params["Name"]); refusal != nil {
		return nil, refusal
	}
	b := &balancer{Name: c.params["Name"], Scheme: cmp.Or(c.params["Scheme"], internetFacing), IPType: cmp.Or(c.params["IpAddressType"], ipv4Only),
		SourceNAT: c.params["EnablePrefixForIpv6SourceNat"], Groups: c.list("SecurityGroups.member"), State: provisioning, Created: s.clock.Now(),
	}
	b.Attributes = attributesOfNew(b.Scheme)
	switch {
	case c.params["Type"] != "network":
		return nil, validation("the simulator has network load balancers only, not '%s'", c.params["Type"])
	case b.Scheme != internetFacing && b.Scheme != internal:
		return nil, refuse("InvalidScheme", "'%s' is not a valid scheme", b.Scheme)
	case b.IPType != ipv4Only && b.IPType != dualStack:
		return nil, misconfigured("IP address type '%s' is not valid for network load balancers", b.IPType)
	}
	var refusal *APIError
	if b.Tags, refusal = c.newBalancingTags(); refusal != nil {
		return nil, refusal
	}
	b.VpcID, b.Zones, refusal = s.zones(c, b)
	return b, refusal
}

func createLoadBalancer(s *Sim, c *call) (any, *APIError) {
	b, refusal := s.newBalancer(c)
	if refusal != nil {
		return nil, refusal
	}
	for _, have := range s.balancers.all() {
		if have.Name != b.Name {
			continue
		}
		if have.sameSettings(b) {
			return balancersReply{Balancers: []shownBalancer{s.shown(have)}}, nil
		}
		return nil, refuse("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", b.Name)
	}
	if refusal := s.joinable(c, b); refusal != nil {
		return nil, refusal
	}
	if len(s.balancers.items) >= s.config.Balancers {
		return nil, refuse("TooManyLoadBalancers", "The maximum number of load balancers has been reached")
	}
	b.ARN = s.arn("loadbalancer/net/" + b.Name)
	for n := range b.Zones {
		if refusal := s.open(b, &b.Zones[n]); refusal != nil {
			for _, z := range b.Zones[:n] {
				s.close(z)
			}
			return nil, refusal
		}
	}
	s.balancers.put(b)
	reply := balancersReply{Balancers: []shownBalancer{s.shown(b)}}
	s.later(func() {
		if now, ok := s.balancers.items[b.ARN]; ok {
			next := *now
			next.State = active
			s.balancers.put(&next)
		}
	})
	return reply, nil
}

// sameSettings reports whether a create that is repeated succeeds. That tags
// count among the settings is a guess.
func (b *balancer) sameSettings(o *balancer) bool {
	return b.Scheme == o.Scheme && b.IPType == o.IPType && b.SourceNAT == o.SourceNAT && sameSet(b.Groups, o.Groups) && sameSet(b.Tags, o.Tags) &&
		slices.EqualFunc(b.Zones, o.Zones, func(x, y balancerZone) bool {
			return x.Subnet == y.Subnet && x.Allocation == y.Allocation && x.GivenIP == y.GivenIP
		})
}

func sameSet[T comparable](a, b []T) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(x T) bool { return !slices.Contains(b, x) })
}

// joinable reports whether its interfaces can be in its groups.
func (s *Sim) joinable(c *call, b *balancer) *APIError {
	if refusal := s.mayJoin(c, b.Groups, b.VpcID); refusal != nil {
		return refuse("InvalidSecurityGroup", "%s", refusal.Message)
	}
	return nil
}

// deleteLoadBalancer deletes its listeners with it. Its interfaces stay for
// Config.Linger, in their subnets and security groups.
func deleteLoadBalancer(s *Sim, c *call) (any, *APIError) {
	arn := c.params["LoadBalancerArn"]
	if arn == "" {
		return nil, lacking("LoadBalancerArn")
	}
	b, ok := s.balancers.items[arn] // also one that reads do not show yet: it would be left, and the answer the same
	if !ok {
		return emptyReply{}, nil
	}
	if b.on("deletion_protection.enabled") {
		return nil, refuse("OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", arn)
	}
	for _, l := range s.listeners.all() {
		if l.Balancer == arn {
			s.dropListener(l)
		}
	}
	for _, z := range b.Zones {
		s.linger(func() { s.close(z) })
	}
	s.balancers.del(arn)
	return emptyReply{}, nil
}

func (s *Sim) balancerOf(c *call) (*balancer, *APIError) {
	arn := c.params["LoadBalancerArn"]
	if arn == "" {
		return nil, lacking("LoadBalancerArn")
	}
	b, ok := see(s, c, s.balancers).get(arn)
	if !ok {
		return nil, refuse("LoadBalancerNotFound", "Load balancer '%s' not found", arn)
	}
	return b, nil
}
