package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// maxInside limits the blocks listed inside a prefix.
const maxInside = 20

// Prefix explains a prefix; an address is the prefix of its full length.
func (w World) Prefix(p netip.Prefix) Explanation {
	out := Explanation{Subject: p.String()}
	if p.IsSingleIP() {
		out.Subject = p.Addr().String()
	}
	var taken, supernets []netip.Prefix
	for _, b := range w.blocks() {
		if b.p.Addr().BitLen() != p.Addr().BitLen() {
			continue
		}
		switch {
		case prefix.Contains(b.p, p):
			out.Around = append(out.Around, b)
		case prefix.Contains(p, b.p):
			out.Inside = append(out.Inside, b)
		}
		if b.Kind == supernet {
			supernets = append(supernets, b.p)
		} else {
			taken = append(taken, b.p)
		}
	}
	slices.SortStableFunc(out.Inside, func(a, b Block) int { return prefix.Compare(a.p, b.p) })
	inside := slices.ContainsFunc(out.Inside, func(b Block) bool { return b.Kind != supernet })
	if at := innermost(out.Around); at >= 0 {
		out.Answer, out.Text = verdict(out.Subject, out.Around[at], inside)
		w.inSubnet(&out, out.Around[at], p)
		if inside {
			out.Text += fmt.Sprintf("; blocks inside it: %d", len(out.Inside))
		}
	} else {
		w.inNone(&out, p, inside, supernets, prefix.Free(prefix.Normalise(supernets), taken))
	}
	out.cut()
	out.Notes = w.sources(out.Answer == Outside)
	return out
}

// cut omits what is too much to list.
func (e *Explanation) cut() {
	if e.More = max(0, len(e.Inside)-maxInside); e.More > 0 {
		e.Inside = e.Inside[:maxInside]
	}
}

// inNone explains a prefix that lies in no block but supernets.
func (w World) inNone(out *Explanation, p netip.Prefix, inside bool, supernets, free []netip.Prefix) {
	switch {
	case inside:
		out.Answer, out.Text = Mixed, fmt.Sprintf("%s is not free; blocks inside it: %d", out.Subject, len(out.Inside))
		out.FreeBlocks = texts(prefix.Intersect(free, []netip.Prefix{p}))
	case prefix.Within(supernets, p):
		out.Answer, out.Text = Free, w.free(out.Subject, p, free)
		for _, f := range free {
			if prefix.Contains(f, p) {
				out.FreeBlocks = texts([]netip.Prefix{f})
			}
		}
	case len(prefix.Overlapping(supernets, p)) > 0:
		out.Answer, out.Text = Mixed, fmt.Sprintf("%s is free inside the supernets (%s); nothing is carved outside them", out.Subject, list(supernets))
		out.FreeBlocks = texts(prefix.Intersect(free, []netip.Prefix{p}))
	case p.Addr().Is6() && !slices.ContainsFunc(supernets, func(s netip.Prefix) bool { return s.Addr().Is6() }):
		out.Answer, out.Text = Outside, out.Subject+" belongs to no node: IPv6 prefixes come with the interface, not from a supernet, and no node publishes this one"
	default:
		out.Answer, out.Text = Outside, fmt.Sprintf("%s is outside the supernets (%s): nothing is known about it, and nothing is carved there", out.Subject, list(supernets))
	}
}

// innermost is the smallest block that decides: a supernet does not, also
// where a route contains it. It is negative where there is none.
func innermost(around []Block) int {
	for i := len(around) - 1; i >= 0; i-- {
		if around[i].Kind != supernet {
			return i
		}
	}
	return -1
}

func (w World) free(subject string, p netip.Prefix, free []netip.Prefix) string {
	for _, f := range free {
		if prefix.Contains(f, p) {
			return fmt.Sprintf("%s is free: it lies in free block %s", subject, f)
		}
	}
	return subject + " is free"
}

// sources states where the data comes from, and how current it is.
func (w World) sources(outside bool) (out []string) {
	for _, n := range w.Networks {
		vpc := w.VPC[n.Name]
		if !outside || vpc.Source.Kind != preview.FromStatus {
			out = append(out, "Network "+n.Name+": from "+vpc.Source.String())
		}
		for _, text := range append(slices.Clone(vpc.Source.Warnings), vpc.Source.Notes...) {
			out = append(out, "Network "+n.Name+": "+text)
		}
	}
	if outside && slices.ContainsFunc(w.Networks, func(n v1alpha1.Network) bool { return w.VPC[n.Name].Source.Kind != preview.FromCloud }) {
		out = append(out, "a Network's status lists only what lies in its supernets")
	}
	return out
}

func texts(ps []netip.Prefix) (out []string) {
	slices.SortStableFunc(ps, func(a, b netip.Prefix) int { return a.Bits() - b.Bits() })
	for _, p := range ps[:min(8, len(ps))] {
		out = append(out, p.String())
	}
	return out
}

func list(ps []netip.Prefix) string {
	if len(ps) == 0 {
		return "there is none"
	}
	var out []string
	for _, p := range ps {
		out = append(out, p.String())
	}
	return strings.Join(out, ", ")
}
