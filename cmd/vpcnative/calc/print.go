package calc

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// Print writes the plan for people.
func (r Result) Print(w io.Writer, s show.Style) error {
	if err := r.VPC.print(w); err != nil {
		return err
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
	if err := show.Table(w, rows...); err != nil {
		return err
	}
	var b strings.Builder
	if r.GrowthNeeds != "" {
		fmt.Fprintf(&b, "+ carved automatically as the cluster grows: %s more addresses, which fit at these places.\n", show.Number(r.GrowthNeeds))
	}
	fmt.Fprintf(&b, "\n%s\n", s.Bold("Why"))
	for _, line := range why {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	fmt.Fprintf(&b, "  each node gets a /%d: %s\n", r.NodeSize.PrefixLength, r.NodeSize.Why)
	fmt.Fprintf(&b, "\n%s\n", s.Bold("Free"))
	fmt.Fprintf(&b, "  before        %s\n", show.Free(r.Free))
	fmt.Fprintf(&b, "  after         %s\n", show.Free(r.Left))
	if r.GrowthNeeds != "" {
		fmt.Fprintf(&b, "  after growth  %s\n", show.Free(r.Grown))
	}
	fmt.Fprintf(&b, "\n%s\n", s.Bold("Notes"))
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	if r.VPC != nil && len(r.VPC.Commands) > 0 {
		fmt.Fprintf(&b, "\n%s\n%s\n", s.Bold("# Commands to create the VPC. The last one prints flags: plan again with them, and the objects have the IDs."), strings.Join(r.VPC.Commands, "\n"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// print writes the blocks and the subnets.
func (v *VPC) print(w io.Writer) error {
	if v == nil {
		return nil
	}
	rows := []string{"SUBNET\tZONE\tCIDR\tNODES"}
	for _, x := range v.Subnets {
		rows = append(rows, strings.Join([]string{x.ID, x.Zone, x.CIDR, show.Number(fmt.Sprint(x.Machines))}, "\t"))
	}
	if _, err := fmt.Fprintf(w, "VPC of %s\n\n", strings.Join(v.Blocks, ", ")); err != nil {
		return err
	}
	if err := show.Table(w, rows...); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}
