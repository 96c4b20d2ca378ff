package calc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// Print writes the plan for people.
func (r Result) Print(p *show.Printer) {
	if r.VPC != nil {
		r.VPC.print(p)
	}
	rows := []string{"RANGE\tSUBNET\tCIDR\tADDRESSES\tROOM FOR"}
	why := []string{}
	for i, x := range r.Ranges {
		name := x.Request
		if x.Growth {
			name = "+ " + name
		} else {
			if r.VPC == nil || !slices.ContainsFunc(r.Ranges[:i], func(y Range) bool { return y.Request == x.Request }) {
				why = append(why, fmt.Sprintf("%s is %s", name, x.Why)) // the subnets of EC2 are all alike
			}
		}
		rows = append(rows, strings.Join([]string{name, x.Subnet, x.CIDR, show.Number(x.Addresses), x.Feeds}, "\t"))
	}
	p.Table(rows...)
	if r.GrowthNeeds != "" {
		fmt.Fprintf(p, "+ carved automatically as the cluster grows: %s more addresses, which fit at these places.\n", show.Number(r.GrowthNeeds))
	}
	fmt.Fprintf(p, "\n%s\n", p.Bold("Why"))
	for _, line := range why {
		fmt.Fprintf(p, "  %s\n", line)
	}
	fmt.Fprintf(p, "  each node gets a /%d: %s\n", r.NodeSize.PrefixLength, r.NodeSize.Why)
	fmt.Fprintf(p, "\n%s\n", p.Bold("Free"))
	fmt.Fprintf(p, "  before        %s\n", show.Free(r.Free))
	fmt.Fprintf(p, "  after         %s\n", show.Free(r.Left))
	if r.GrowthNeeds != "" {
		fmt.Fprintf(p, "  after growth  %s\n", show.Free(r.Grown))
	}
	fmt.Fprintf(p, "\n%s\n", p.Bold("Notes"))
	for _, n := range r.Notes {
		fmt.Fprintf(p, "  %s\n", n)
	}
	if r.VPC != nil && len(r.VPC.Commands) > 0 {
		fmt.Fprintf(p, "\n%s\n%s\n", p.Bold("# Commands to create the VPC. The last one prints flags: plan again with them, and the objects have the IDs."), strings.Join(r.VPC.Commands, "\n"))
	}
}

// print writes the blocks and the subnets.
func (v *VPC) print(p *show.Printer) {
	rows := []string{"SUBNET\tZONE\tCIDR\tNODES"}
	for _, x := range v.Subnets {
		rows = append(rows, strings.Join([]string{x.ID, x.Zone, x.CIDR, show.Number(fmt.Sprint(x.Machines))}, "\t"))
	}
	fmt.Fprintf(p, "VPC of %s\n\n", strings.Join(v.Blocks, ", "))
	p.Table(rows...)
	fmt.Fprintln(p)
}
