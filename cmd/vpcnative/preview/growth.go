package preview

import (
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Growth is the next range that a request would get in one subnet.
type Growth struct {
	Subnet    string `json:"subnet"`
	CIDR      string `json:"cidr,omitempty"`
	Why       string `json:"why,omitempty"`
	Addresses string `json:"addresses,omitempty"`
	// Has is how many ranges the request has in the subnet by then, of at
	// most Most.
	Has  int   `json:"has"`
	Most int32 `json:"most"`
	// Space is the subnet that would be made instead, for new nodes.
	Space *Space `json:"newSubnets,omitempty"`
	// Refusal is why there would be none.
	Refusal *Refusal `json:"refusal,omitempty"`
}

// growth asks the planner for the range after those that the request has.
func growth(in Input, n *v1alpha1.Network, snapshot cloud.Snapshot, r *v1alpha1.RangeRequest) (out []Growth) {
	next, has := carve.Next(r)
	for i, f := range next {
		g := Growth{Subnet: f.Subnet, Has: has[i], Most: r.Spec.Growth.MaxRanges}
		step, no := carve.PlanFurther(planner(in, n, snapshot, r), f)
		switch {
		case g.Has >= int(g.Most):
			g.Refusal = &Refusal{v1alpha1.ReasonRangesAtLimit, fmt.Sprintf("it has %d ranges there, the most that growth.maxRanges allows", g.Has)}
		case no != nil:
			g.Refusal = &Refusal{no.Reason, no.Text}
			if space, _ := newSpace(in, n, snapshot, r, f.Subnet); len(space) > 0 && no.Reason == v1alpha1.ReasonNoSpace {
				g.Space = &space[0]
			}
		default:
			g.CIDR, g.Why, g.Addresses = step.Range.Prefix.String(), step.Why, prefix.Addresses(step.Range.Prefix).String()
		}
		out = append(out, g)
	}
	return out
}
