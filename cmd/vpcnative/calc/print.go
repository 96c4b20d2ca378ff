package calc

import (
	"fmt"
	"io"
	"strings"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// Print writes the plan for people.
func (r Result) Print(w io.Writer, s show.Style) error {
	rows := []string{"RANGE\tSUBNET\tCIDR\tADDRESSES\tFEEDS"}
	why := []string{}
	for _, x := range r.Ranges {
		name := x.Request
		if x.Growth {
			name = "+ " + name
		} else {
			why = append(why, fmt.Sprintf("%s is %s", name, x.Why))
		}
		rows = append(rows, strings.Join([]string{name, x.Subnet, x.CIDR, show.Number(x.Addresses), x.Feeds}, "\t"))
	}
	if err := show.Table(w, rows...); err != nil {
		return err
	}
	var b strings.Builder
	if r.GrowthNeeds != "" {
		fmt.Fprintf(&b, "+ is carved later, by itself, as the cluster grows: %s addresses, which fit. Here is where they would lie.\n", show.Number(r.GrowthNeeds))
	}
	fmt.Fprintf(&b, "\n%s\n", s.Bold("Why there"))
	for _, line := range why {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	fmt.Fprintf(&b, "  each node draws a /%d: %s\n", r.NodeSize.PrefixLength, r.NodeSize.Why)
	fmt.Fprintf(&b, "\n%s\n", s.Bold("Free"))
	fmt.Fprintf(&b, "  before        %s\n", show.Free(r.Free))
	fmt.Fprintf(&b, "  after         %s\n", show.Free(r.Left))
	if r.GrowthNeeds != "" {
		fmt.Fprintf(&b, "  after growth  %s\n", show.Free(r.Grown))
	}
	fmt.Fprintf(&b, "\n%s\n", s.Bold("Think of"))
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
