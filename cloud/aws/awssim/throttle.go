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
		"AssignPrivateIpAddresses":    addressing,
		"UnassignPrivateIpAddresses":  addressing,
		"CreateTags":                  tagging,
		"CreateSubnetCidrReservation": reserving,
		"DeleteSubnetCidrReservation": reserving,
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
	name, of := c.Action, changing
	switch {
	case bucketsNamed[name] != size{}:
		of = bucketsNamed[name]
	case !c.Mutating && c.bare():
		name, of = name+" unpaginated", unpaginated
	case !c.Mutating:
		of = describing
	}
	now := s.clock.Now()
	b := s.buckets[name]
	if b == nil {
		b = &bucket{tokens: of.capacity, at: now}
		s.buckets[name] = b
	}
	b.tokens = min(of.capacity, b.tokens+now.Sub(b.at).Seconds()*of.refill)
	b.at = now
	if b.tokens < 1 {
		return Throttled()
	}
	b.tokens--
	return nil
}

// bare tells whether a read of many goes by no filter, ID or page.
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
