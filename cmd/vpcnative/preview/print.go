package preview

import (
	"fmt"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// Print writes the report for people.
func (r Report) Print(p *show.Printer) {
	for i, n := range r.Networks {
		if i > 0 {
			fmt.Fprintln(p)
		}
		n.print(p)
	}
}

func (n Network) print(p *show.Printer) {
	fmt.Fprintln(p, p.Bold("Network "+n.Name))
	if n.Source.Kind != "" {
		fmt.Fprintf(p, "  planned from %s\n", n.Source)
	}
	for _, text := range n.Source.Warnings {
		fmt.Fprintf(p, "  %s %s\n", p.Bad("warning:"), text)
	}
	for _, q := range n.Requests {
		q.print(p)
	}
	if len(n.Before) > 0 {
		fmt.Fprintf(p, "\n%s\n", p.Bold("Free"))
	}
	for i, f := range n.Before {
		fmt.Fprintf(p, "  %s before   %s\n", f.Family, show.Free(f))
		if i < len(n.After) {
			fmt.Fprintf(p, "  %s after    %s\n", f.Family, show.Free(n.After[i]))
		}
	}
	if len(n.Quotas) == 0 {
		return
	}
	rows := []string{"\n" + p.Bold("Cloud limits"), "  \tBEFORE\tAFTER\tLIMIT"}
	for _, q := range n.Quotas {
		limit := q.Limit
		if q.Over {
			limit += " " + p.Bad("exceeded")
		}
		rows = append(rows, fmt.Sprintf("  %s\t%s\t%s\t%s", q.What, show.Number(q.Before), show.Number(q.After), limit))
	}
	p.Table(rows...)
	for _, text := range n.Source.Notes {
		fmt.Fprintf(p, "  %s\n", text)
	}
}

func (q Request) print(p *show.Printer) {
	fmt.Fprintf(p, "\n%s\n", p.Bold(fmt.Sprintf("RangeRequest %s (%s)", q.Name, q.Purpose)))
	switch {
	case q.Refusal == nil:
	case q.Refusal.Reason == v1alpha1.ReasonPartlyGranted:
		fmt.Fprintf(p, "  %s %s: %s\n", p.Bad("would be partly granted,"), q.Refusal.Reason, q.Refusal.Text)
	default:
		fmt.Fprintf(p, "  %s %s: %s\n", p.Bad("would be refused,"), q.Refusal.Reason, q.Refusal.Text)
		return
	}
	for _, x := range q.Space {
		x.print(p)
	}
	for _, r := range q.Ranges {
		verb := carve.Step{Create: r.Create, Adopted: r.Adopted}.Verb()
		if q.Attachment == v1alpha1.AttachRoutes {
			fmt.Fprintf(p, "  %s %s for routes to nodes; the VPC has no other resource for it\n", "reserve", p.Bold(r.CIDR))
		} else if r.Subnet == "" && verb == "keep" {
			fmt.Fprintf(p, "  %s %s for ClusterIPs; the VPC has no resource for it\n", "reserve", p.Bold(r.CIDR))
		} else if q.Purpose == v1alpha1.Proxy {
			fmt.Fprintf(p, "  %s %s as proxy-only subnet %s\n", verb, p.Bold(r.CIDR), r.Name)
		} else {
			fmt.Fprintf(p, "  %s %s in subnet %s as %s\n", verb, p.Bold(r.CIDR), r.Subnet, r.Name)
		}
		fmt.Fprintf(p, "    why    %s\n", r.Why)
		if q.Purpose == v1alpha1.Pods && q.NodeSize != nil {
			fmt.Fprintf(p, "    for    %s nodes with a /%d each; %s addresses\n", show.Number(r.Nodes), q.NodeSize.PrefixLength, show.Number(r.Addresses))
		} else {
			fmt.Fprintf(p, "    holds  %s addresses\n", show.Number(r.Addresses))
		}
	}
	for _, g := range q.Growth {
		g.print(p)
	}
	if q.NodeSize != nil {
		fmt.Fprintf(p, "  each node gets a /%d: %s\n", q.NodeSize.PrefixLength, q.NodeSize.Why)
	}
}

func (g Growth) print(p *show.Printer) {
	where := ""
	if g.Subnet != "" {
		where = " in subnet " + g.Subnet
	}
	fmt.Fprintf(p, "  growth%s, %d of at most %d ranges\n", where, g.Has, g.Most)
	if g.Refusal != nil {
		fmt.Fprintf(p, "    next   %s %s: %s\n", p.Bad("none,"), g.Refusal.Reason, g.Refusal.Text)
		if g.Space != nil {
			g.Space.print(p)
		}
		return
	}
	fmt.Fprintf(p, "    next   %s, %s addresses: %s\n", p.Bold(g.CIDR), show.Number(g.Addresses), g.Why)
}
