package calc

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// grow finds room for the ranges that growth would carve, of the same sizes,
// and says what is left free before and after.
func (out *Result) grow(a Ask, g ground) (err error) {
	occupied := slices.Clone(g.snapshot.Blocks)
	for _, o := range g.snapshot.Occupied {
		if len(prefix.Overlapping(g.snapshot.Blocks, o.Prefix)) == 0 {
			occupied = append(occupied, o.Prefix)
		}
	}
	for _, r := range a.Reserved {
		occupied = append(occupied, r.Prefix)
	}
	if out.Free, err = freeOf(g.network, occupied[len(g.snapshot.Blocks):]); err != nil {
		return err
	}
	first := slices.Clone(out.Ranges)
	for _, r := range first {
		occupied = append(occupied, netip.MustParsePrefix(r.CIDR))
	}
	if out.Left, err = freeOf(g.network, occupied); err != nil {
		return err
	}
	parents := prefix.Normalise(a.Supernets)
	var needs prefix.Count
	for _, x := range g.growers {
		for _, r := range first {
			if r.Request != x.request.Name || x.more == 0 {
				continue
			}
			length := netip.MustParsePrefix(r.CIDR).Bits()
			found, err := prefix.Carve(parents, occupied, length, x.more)
			if err != nil {
				return &NoFit{What: r.Request, Text: fmt.Sprintf("growing %gx needs %d more ranges of /%d%s: %s", a.Growth, x.more, length, inSubnet(r.Subnet), err)}
			}
			for i, p := range found {
				r.CIDR, r.Growth = p.String(), true
				r.Why = fmt.Sprintf("growth range %d of %d, if the cluster grows %gx", i+1, x.more, a.Growth)
				out.Ranges = append(out.Ranges, r)
			}
			occupied = append(occupied, found...)
			needs = needs.Add(prefix.Total(found))
		}
	}
	if out.Grown, err = freeOf(g.network, occupied); err != nil {
		return err
	}
	if !needs.IsZero() {
		out.GrowthNeeds = needs.String()
	}
	return nil
}

func inSubnet(name string) string {
	if name == "" {
		return ""
	}
	return " in subnet " + name
}

// freeOf is what the Network's status would say is free.
func freeOf(n v1alpha1.Network, occupied []netip.Prefix) (v1alpha1.FreeSpace, error) {
	var s cloud.Snapshot
	for _, p := range occupied {
		s.Occupied = append(s.Occupied, cloud.Occupied{Prefix: p})
	}
	found, err := survey.Take(&n, s, survey.Around{}, "")
	return ofIPv4(found.Free), err
}
