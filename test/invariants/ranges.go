package invariants

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/hashicorp/go-multierror"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Grant is a range that a request of a cluster was granted out of a VPC, or has
// claimed there.
type Grant struct {
	Cluster, Request string
	Subnet, Name     string
	Prefix           netip.Prefix
	Adopted          bool
	Claimed          bool // so that it may not be there yet
	Deleted          bool // the request is being
}

// Grants are the ranges of a cluster's requests.
func Grants(cluster string, requests []v1alpha1.RangeRequest) (out []Grant) {
	for _, r := range requests {
		for _, g := range r.Status.Ranges {
			p, _ := netip.ParsePrefix(g.CIDR)
			out = append(out, Grant{Cluster: cluster, Request: r.Name, Subnet: g.Subnet, Name: g.Name, Prefix: p, Adopted: g.Adopted, Claimed: g.Claimed(), Deleted: !r.DeletionTimestamp.IsZero()})
		}
	}
	return out
}

// Granted is nil when no two granted ranges overlap, whichever clusters they
// are of (I1), and each is in its subnet under its name, if it is not only
// claimed; a proxy-only subnet is one of its own. One that was adopted may be several requests', and one of
// no subnet is in the books of its cluster only, which no other sees.
func Granted(grants []Grant, subnets []Subnet) error {
	var bad *multierror.Error
	var all []held
	booked := map[string][]held{} // by cluster
	there := map[[2]string]netip.Prefix{}
	for _, s := range subnets {
		there[[2]string{s.Name, s.Name}] = s.Primary
		for _, r := range s.Ranges {
			there[[2]string{s.Name, r.Name}] = r.Prefix
		}
	}
	for _, g := range grants {
		by := fmt.Sprintf("RangeRequest %s of cluster %s", g.Request, g.Cluster)
		switch {
		case g.Subnet == "":
			booked[g.Cluster] = append(booked[g.Cluster], held{g.Prefix, by})
			continue
		case !g.Adopted:
			all = append(all, held{g.Prefix, by})
		}
		if got := there[[2]string{g.Subnet, g.Name}]; got != g.Prefix && !(g.Claimed && !got.IsValid()) {
			bad = multierror.Append(bad, fmt.Errorf("I5: %s was granted %s as range %s of subnet %s, the VPC has %s there", by, g.Prefix, g.Name, g.Subnet, got))
		}
	}
	found := overlaps(slices.Clone(all))
	for _, own := range booked {
		more := overlaps(slices.Concat(all, own))
		found = append(found, slices.DeleteFunc(more, func(pair [2]held) bool { return slices.Contains(found, pair) })...)
	}
	for _, pair := range found {
		bad = multierror.Append(bad, fmt.Errorf("I1: %s holds %s, which overlaps %s of %s", pair[0].by, pair[0].prefix, pair[1].prefix, pair[1].by))
	}
	return bad.ErrorOrNil()
}

// NoOrphans is nil when every range and subnet of ours in the VPC is one that
// a request was granted (I5).
func NoOrphans(grants []Grant, subnets []Subnet) error {
	known := map[[2]string]bool{}
	for _, g := range grants {
		known[[2]string{g.Subnet, g.Name}] = true
	}
	var bad *multierror.Error
	for _, s := range subnets {
		if s.Ours && !known[[2]string{s.Name, s.Name}] {
			bad = multierror.Append(bad, fmt.Errorf("I5: there is subnet %s (%s), which no RangeRequest was granted", s.Name, s.Primary))
		}
		for _, r := range s.Ranges {
			if r.Ours && !known[[2]string{s.Name, r.Name}] {
				bad = multierror.Append(bad, fmt.Errorf("I5: subnet %s has range %s (%s), which no RangeRequest was granted", s.Name, r.Name, r.Prefix))
			}
		}
	}
	return bad.ErrorOrNil()
}
