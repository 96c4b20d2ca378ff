package usage

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// branch is a line of the tree and what hangs below it. The name is aligned
// with those of all other lines that have text.
type branch struct {
	name, text string
	below      []branch
}

// barWidth is wide enough to tell 10 % apart, and leaves lines that fit 100
// columns.
const barWidth = 10

// Print draws the tree.
func (t Tree) Print(p *show.Printer) {
	var roots []branch
	for _, n := range t.Networks {
		roots = append(roots, n.branch(p.Style))
	}
	group := func(name string, nodes []Node) {
		if len(nodes) == 0 {
			return
		}
		b := branch{name: name, text: fmt.Sprint(len(nodes))}
		for _, n := range nodes {
			b.below = append(b.below, branch{name: n.Name, text: strings.TrimSpace(n.CIDR + " " + n.Why)})
		}
		roots = append(roots, b)
	}
	for _, r := range t.Lost {
		roots = append(roots, branch{name: r.Name, text: p.Bad("its Network does not exist")})
	}
	group("Nodes outside every range", t.Elsewhere)
	group("Nodes without a range", t.Waiting)
	if len(roots) == 0 {
		fmt.Fprintln(p, "no Network found; vpcnative plan --help explains how to plan one")
	}
	width := 0
	for _, r := range roots {
		width = max(width, r.width(0))
	}
	for i, r := range roots {
		if i > 0 {
			fmt.Fprintln(p)
		}
		r.draw(p, width, "", "")
	}
}

// width is that of the longest name below the root, with its branches.
func (b branch) width(depth int) (widest int) {
	for _, x := range b.below {
		if x.name != "" {
			widest = max(widest, 3*(depth+1)+utf8.RuneCountInString(x.name))
		}
		widest = max(widest, x.width(depth+1))
	}
	return widest
}

func (b branch) draw(p *show.Printer, width int, lead, indent string) {
	name := b.name
	switch {
	case lead == "":
		name = p.Bold(name) + "  "
	case name != "":
		name += strings.Repeat(" ", width-utf8.RuneCountInString(lead+name)) + "  "
	}
	fmt.Fprintln(p, strings.TrimRight(lead+name+b.text, " "))
	tee, end, bar := "├─ ", "└─ ", "│  "
	if p.ASCII {
		tee, end, bar = "|- ", "`- ", "|  "
	}
	for i, x := range b.below {
		if i == len(b.below)-1 {
			tee, bar = end, "   "
		}
		x.draw(p, width, indent+tee, indent+bar)
	}
}

func (n Network) branch(s show.Style) branch {
	var supernets []string
	for _, c := range n.Supernets {
		supernets = append(supernets, string(c))
	}
	b := branch{name: "Network " + n.Name, text: n.VPC + s.Dot() + "supernets " + strings.Join(supernets, ", ")}
	for _, f := range n.Free {
		b.below = append(b.below, branch{name: "free " + f.Family, text: show.Free(f)})
	}
	for _, x := range n.Subnets {
		b.below = append(b.below, branch{name: x.CIDR, text: subnetLine(x, s)})
	}
	for _, text := range n.Trouble {
		b.below = append(b.below, branch{text: s.Bad("! ") + text})
	}
	for _, r := range n.Requests {
		b.below = append(b.below, r.branch(s))
	}
	return b
}

// subnetLine says of a subnet's own block what is left, and in blocks of which
// sizes: so many of the one size, or so many of the next.
func subnetLine(x v1alpha1.SubnetSpace, s show.Style) string {
	var fits []string
	for _, f := range x.Fits[:min(len(x.Fits), maxFits)] {
		fits = append(fits, fmt.Sprintf("%d x /%d", f.Blocks, f.PrefixLength))
	}
	if len(fits) == 0 {
		fits = []string{"no block"}
	}
	return fmt.Sprintf("%s in %s%s%s free%s%s", x.Name, x.Zone, s.Dot(), show.Number(x.Free), s.Dot(), strings.Join(fits, " or "))
}

// maxFits bounds the sizes that are named of a subnet.
const maxFits = 3

func (r Request) branch(s show.Style) branch {
	b := branch{name: r.Name, text: string(r.Purpose)}
	if len(r.Ranges) > 0 {
		b.text = r.Use.line(s, r.Purpose) + s.Dot() + string(r.Purpose)
	}
	if len(r.Room) > 0 {
		b.text += fmt.Sprintf("%s%d more nodes of /%d fit", s.Dot(), r.Room[0].Nodes, r.Room[0].PrefixLength)
	}
	if r.Waiting > 0 {
		b.text += s.Dot() + s.Bad(fmt.Sprintf("%d nodes wait", r.Waiting))
	}
	for _, text := range r.Trouble {
		b.below = append(b.below, branch{text: s.Bad("! ") + text})
	}
	for _, x := range r.Ranges {
		b.below = append(b.below, x.branch(s, r.Purpose))
	}
	return b
}

func (x Range) branch(s show.Style, purpose v1alpha1.Purpose) branch {
	b := branch{name: x.CIDR, text: x.Use.line(s, purpose)}
	if x.Subnet != "" {
		b.text += s.Dot() + inSubnet(x.Subnet)
	}
	if x.Routes {
		b.text += s.Dot() + "by routes"
	}
	if x.Grown {
		b.text += s.Dot() + "grown"
	}
	if x.Claimed {
		b.text += s.Dot() + "claimed, not in the VPC yet"
	}
	if x.Adopted {
		b.text += s.Dot() + "adopted"
	}
	for _, n := range x.Nodes {
		b.below = append(b.below, branch{name: n.CIDR, text: n.Name})
	}
	return b
}

// inSubnet leaves the word out where the subnet's ID has it.
func inSubnet(name string) string {
	if strings.HasPrefix(name, "subnet-") {
		return name
	}
	return "subnet " + name
}

func (u Use) line(s show.Style, purpose v1alpha1.Purpose) string {
	if !u.Counted {
		return show.Number(u.Addresses) + " addresses"
	}
	what := "nodes"
	if purpose == v1alpha1.Services {
		what = "ClusterIPs"
	}
	return fmt.Sprintf("%s %5.1f %%  %s of %s addresses%s%d %s", s.Bar(u.Percent, barWidth), u.Percent,
		show.Number(u.Allocated), show.Number(u.Addresses), s.Dot(), u.Holders, what)
}
