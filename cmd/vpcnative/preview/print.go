package preview

import (
	"fmt"
	"io"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// Print writes the report for people.
func (r Report) Print(w io.Writer, s show.Style) error {
	for i, n := range r.Networks {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := n.print(w, s); err != nil {
			return err
		}
	}
	return nil
}

func (n Network) print(w io.Writer, s show.Style) error {
	var b strings.Builder
	fmt.Fprintln(&b, s.Bold("Network "+n.Name))
	if n.Source.Kind != "" {
		fmt.Fprintf(&b, "  planned from %s\n", n.Source)
	}
	for _, text := range n.Source.Warnings {
		fmt.Fprintf(&b, "  %s %s\n", s.Bad("warning:"), text)
	}
	for _, q := range n.Requests {
		q.print(&b, s)
	}
	if len(n.Before) > 0 {
		fmt.Fprintf(&b, "\n%s\n", s.Bold("Free"))
	}
	for i, f := range n.Before {
		fmt.Fprintf(&b, "  %s before   %s\n", f.Family, show.Free(f))
		if i < len(n.After) {
			fmt.Fprintf(&b, "  %s after    %s\n", f.Family, show.Free(n.After[i]))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil || len(n.Quotas) == 0 {
		return err
	}
	rows := []string{"\n" + s.Bold("Cloud limits"), "  \tBEFORE\tAFTER\tLIMIT"}
	for _, q := range n.Quotas {
		limit := q.Limit
		if q.Over {
			limit += " " + s.Bad("exceeded")
		}
		rows = append(rows, fmt.Sprintf("  %s\t%s\t%s\t%s", q.What, show.Number(q.Before), show.Number(q.After), limit))
	}
	if err := show.Table(w, rows...); err != nil {
		return err
	}
	for _, text := range n.Source.Notes {
		if _, err := fmt.Fprintf(w, "  %s\n", text); err != nil {
			return err
		}
	}
	return nil
}

func (q Request) print(b *strings.Builder, s show.Style) {
	fmt.Fprintf(b, "\n%s\n", s.Bold(fmt.Sprintf("RangeRequest %s (%s)", q.Name, q.Purpose)))
	switch {
	case q.Refusal == nil:
	case q.Refusal.Reason == v1alpha1.ReasonPartlyGranted:
		fmt.Fprintf(b, "  %s %s: %s\n", s.Bad("would be partly granted,"), q.Refusal.Reason, q.Refusal.Text)
	default:
		fmt.Fprintf(b, "  %s %s: %s\n", s.Bad("would be refused,"), q.Refusal.Reason, q.Refusal.Text)
		return
	}
	for _, x := range q.Space {
		x.print(b, s)
	}
	for _, r := range q.Ranges {
		verb := "keep"
		switch {
		case r.Create:
			verb = "carve"
		case r.Adopted:
			verb = "adopt"
		}
		if q.Attachment == v1alpha1.AttachRoutes {
			fmt.Fprintf(b, "  %s %s for routes to nodes; the VPC has no other resource for it\n", "reserve", s.Bold(r.CIDR))
		} else if r.Subnet == "" && verb == "keep" {
			fmt.Fprintf(b, "  %s %s for ClusterIPs; the VPC has no resource for it\n", "reserve", s.Bold(r.CIDR))
		} else if q.Purpose == v1alpha1.Proxy {
			fmt.Fprintf(b, "  %s %s as proxy-only subnet %s\n", verb, s.Bold(r.CIDR), r.Name)
		} else {
			fmt.Fprintf(b, "  %s %s in subnet %s as %s\n", verb, s.Bold(r.CIDR), r.Subnet, r.Name)
		}
		fmt.Fprintf(b, "    why    %s\n", r.Why)
		if q.Purpose == v1alpha1.Pods && q.NodeSize != nil {
			fmt.Fprintf(b, "    for    %s nodes with a /%d each; %s addresses\n", show.Number(r.Nodes), q.NodeSize.PrefixLength, show.Number(r.Addresses))
		} else {
			fmt.Fprintf(b, "    holds  %s addresses\n", show.Number(r.Addresses))
		}
	}
	for _, g := range q.Growth {
		g.print(b, s)
	}
	if q.NodeSize != nil {
		fmt.Fprintf(b, "  each node gets a /%d: %s\n", q.NodeSize.PrefixLength, q.NodeSize.Why)
	}
}

func (g Growth) print(b *strings.Builder, s show.Style) {
	where := ""
	if g.Subnet != "" {
		where = " in subnet " + g.Subnet
	}
	fmt.Fprintf(b, "  growth%s, %d of at most %d ranges\n", where, g.Has, g.Most)
	if g.Refusal != nil {
		fmt.Fprintf(b, "    next   %s %s: %s\n", s.Bad("none,"), g.Refusal.Reason, g.Refusal.Text)
		if g.Space != nil {
			g.Space.print(b, s)
		}
		return
	}
	fmt.Fprintf(b, "    next   %s, %s addresses: %s\n", s.Bold(g.CIDR), show.Number(g.Addresses), g.Why)
}
