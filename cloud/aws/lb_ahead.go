package aws

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// ahead checks that what is to be made can be, where what it replaces has to go
// first: ELB gives an Elastic IP, or a private address, to one balancer at a
// time. Where nothing has to go, ELB's own refusal harms nobody.
func (w *wanting) ahead() error {
	old, ok := w.replaced()
	if !ok {
		return nil
	}
	for _, z := range w.zones {
		x := w.got[lb.Ref{Kind: kindSubnet, Name: z.subnet}]
		if z.private != "" {
			if err := w.isFree(z.private, x, old); err != nil {
				return err
			}
			continue
		}
		room := roomOf(x)
		if slices.ContainsFunc(old.Fields[fieldSubnets], func(text string) bool { return parseZone(text).subnet == z.subnet }) {
			room++ // that of the one that goes
		}
		if room < leastRoom {
			return w.refuse(cloud.QuotaExceeded, fmt.Errorf("fewer than %d addresses are free in subnet %s, and %s, which serves, would have to go first", leastRoom, x.Name, old.Name),
				"free addresses there, or name another subnet")
		}
	}
	return nil
}

// replaced is a balancer of the owner's that has some of the addresses asked
// for, and is not the one that is wanted.
func (w *wanting) replaced() (lb.Resource, bool) {
	name := w.balancerName()
	for _, x := range w.got.Sorted() {
		if x.Kind == kindBalancer && x.Owner == w.b.Owner && x.Name != name &&
			slices.ContainsFunc(x.Claims, func(claim string) bool { return slices.Contains(w.identity, claim) }) {
			return x, true
		}
	}
	return lb.Resource{}, false
}

// isFree refuses a private address that AWS, or somebody, has.
func (w *wanting) isFree(address string, subnet, old lb.Resource) error {
	p, err := netip.ParsePrefix(subnet.Fields.One(fieldCIDR))
	a, wrong := netip.ParseAddr(address)
	if err != nil || wrong != nil || slices.Contains(old.Claims, address) {
		return nil
	}
	for _, r := range reservedByAWS(p) {
		if r.Contains(a) {
			return w.invalid("choose another address", "%s is AWS's own in subnet %s, and %s, which serves, would have to go first", a, subnet.Name, old.Name)
		}
	}
	if slices.Contains(subnet.Fields[fieldUsed], address) {
		return w.refuse(cloud.Conflict, fmt.Errorf("%s is in use in subnet %s, and %s, which serves, would have to go first", a, subnet.Name, old.Name),
			"choose another address, or free that one")
	}
	return nil
}
