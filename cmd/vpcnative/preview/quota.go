package preview

import (
	"fmt"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Quota is a limit of the cloud that ranges count against.
type Quota struct {
	What   string `json:"what"`
	Before string `json:"before,omitempty"`
	After  string `json:"after"`
	// Limit is a number, or where to look for it.
	Limit string `json:"limit"`
	// Over is true if After is more than Limit.
	Over bool `json:"over,omitempty"`
}

// quotas names limits as the cloud does.
func quotas(before, after cloud.Snapshot, aliases prefix.Count) []Quota {
	if after.Traits.Inside {
		return unitsOf(aliases)
	}
	return secondary(before, after, aliases)
}

// unitsOf counts network address units, of which a prefix takes one.
// Source: VPC user guide, "Network Address Usage".
func unitsOf(nodes prefix.Count) []Quota {
	if nodes.IsZero() {
		return nil
	}
	return []Quota{{
		What: "network address units of the VPC, at full size", After: "+" + nodes.String(),
		Limit: "64,000, unless raised",
	}}
}

// routesOf counts the routes that each route table has to take.
func routesOf(s cloud.Snapshot, nodes prefix.Count) []Quota {
	if nodes.IsZero() {
		return nil
	}
	if s.Routes == nil {
		return []Quota{{What: "routes of each route table, at full size", After: "+" + nodes.String(), Limit: "the account's quota"}}
	}
	after := nodes.Add(prefix.NewCount(uint64(s.Routes.Used)))
	return []Quota{{
		What: "routes of route table " + s.Routes.Table + ", at full size", Before: fmt.Sprint(s.Routes.Used), After: after.String(),
		Limit: fmt.Sprint(s.Routes.Limit), Over: after.Cmp(prefix.NewCount(uint64(s.Routes.Limit))) > 0,
	}}
}

// secondary are the limits of Compute Engine.
// Source: cloud.google.com/vpc/docs/quota.
func secondary(before, after cloud.Snapshot, aliases prefix.Count) (out []Quota) {
	for i, s := range after.Subnets {
		had := 0
		if i < len(before.Subnets) {
			had = len(before.Subnets[i].Ranges)
		}
		limit := "unknown"
		if s.MaxRanges > 0 {
			limit = fmt.Sprint(s.MaxRanges)
		}
		out = append(out, Quota{
			What: "secondary ranges of subnet " + s.Name, Before: fmt.Sprint(had), After: fmt.Sprint(len(s.Ranges)),
			Limit: limit, Over: s.MaxRanges > 0 && len(s.Ranges) > s.MaxRanges,
		})
	}
	count := func(s cloud.Snapshot, kinds ...cloud.Kind) (n int) {
		for _, o := range s.Occupied {
			if slices.Contains(kinds, o.Kind) {
				n++
			}
		}
		return n
	}
	ranges := []cloud.Kind{cloud.SubnetPrimary, cloud.SecondaryRange, cloud.ProxyOnly}
	out = append(out, Quota{
		What: "subnet ranges of the network", Before: fmt.Sprint(count(before, ranges...)), After: fmt.Sprint(count(after, ranges...)),
		Limit: "quota SUBNET_RANGES_PER_NETWORK",
	})
	if more := count(after, cloud.ProxyOnly) - count(before, cloud.ProxyOnly); more > 0 {
		out = append(out, Quota{What: "subnetworks of the project", After: fmt.Sprintf("+%d", more), Limit: "quota SUBNETWORKS"})
	}
	if !aliases.IsZero() {
		out = append(out, Quota{
			What: "alias ranges of the network, at full size", After: "+" + aliases.String(),
			Limit: "quota ALIASES_PER_NETWORK_GLOBAL",
		})
	}
	return out
}
