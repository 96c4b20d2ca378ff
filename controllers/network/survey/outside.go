package survey

import (
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Outside is a granted range that the supernets do not hold: a supernet was
// taken out of the spec while it was in use.
type Outside struct {
	Prefix  netip.Prefix
	Request string
}

func (o Outside) String() string { return fmt.Sprintf("%s of RangeRequest %s", o.Prefix, o.Request) }

// outside finds them. What a request adopted was never carved from a
// supernet, nor is anything of a family that has none.
func outside(network string, supernets []netip.Prefix, requests []v1alpha1.RangeRequest) (out []Outside) {
	for _, r := range requests {
		if r.NetworkName() != network {
			continue
		}
		for _, g := range r.Status.Ranges {
			p, ok := g.Prefix()
			if !ok || g.Adopted || len(only(supernets, prefix.FamilyOf(p))) == 0 {
				continue
			}
			if !prefix.Within(supernets, p) {
				out = append(out, Outside{Prefix: p, Request: r.Name})
			}
		}
	}
	return out
}
