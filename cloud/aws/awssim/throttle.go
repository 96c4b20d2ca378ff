package awssim

import (
	"strings"
	"time"
)

// size is a token bucket: how much it holds and how much a second adds.
type size struct{ capacity, refill float64 }

// The buckets, each of one account, region and action.
// Source: docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
var (
	describing   = size{100, 20}
	unpaginated  = size{50, 10} // DescribeInstances and DescribeNetworkInterfaces without filter and page
	changing     = size{50, 5}
	addressing   = size{100, 5}
	tagging      = size{100, 10}
	reserving    = size{5, 1}
	bucketsNamed = map[string]size{
		"AssignPrivateIpAddresses":        addressing,
		"UnassignPrivateIpAddresses":      addressing,
		"AssignIpv6Addresses":             addressing,
		"UnassignIpv6Addresses":           changing,
		"ModifyNetworkInterfaceAttribute": addressing,
		"CreateTags":                      tagging,
		"CreateSubnetCidrReservation":     reserving,
		"DeleteSubnetCidrReservation":     reserving,
	}
)

type bucket struct {
	tokens float64
	at     time.Time
}

// throttle takes a token of the call's bucket.
func (s *Sim) throttle(c *call) *APIError {
	if !s.config.Throttle {
		return nil
	}
	name, of := c.service.bucket(c)
	now := s.clock.Now()
	b := s.buckets[name]
	if b == nil {
		b = &bucket{tokens: of.capacity, at: now}
		s.buckets[name] = b
	}
	b.tokens = min(of.capacity, b.tokens+now.Sub(b.at).Seconds()*of.refill)
	b.at = now
	if b.tokens < 1 {
		return c.service.throttled()
	}
	b.tokens--
	return nil
}

func computeBucket(c *call) (string, size) {
	switch of := bucketsNamed[c.Action]; {
	case of != size{}:
		return c.Action, of
	case !c.Mutating && c.bare():
		return c.Action + " unpaginated", unpaginated
	case !c.Mutating:
		return c.Action, describing
	}
	return c.Action, changing
}

// The buckets of ELB are shared by actions. Those of changes are what the AWS
// Load Balancer Controller keeps to (pkg/aws/throttle); the source of the
// other is docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html.
func balancingBucket(c *call) (string, size) {
	switch {
	case !c.Mutating:
		return "elb Describe", size{40, 10}
	case c.Action == "RegisterTargets" || c.Action == "DeregisterTargets":
		return "elb targets", size{20, 4}
	}
	return "elb changes", size{20, 3}
}

// bare reports whether a read of many goes by no filter, ID or page.
func (c *call) bare() bool {
	if c.Action != "DescribeInstances" && c.Action != "DescribeNetworkInterfaces" || c.Resource != "" {
		return false
	}
	for name := range c.params {
		if strings.HasPrefix(name, "Filter.") || name == "MaxResults" {
			return false
		}
	}
	return true
}
