package carve

import (
	"path"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// Orphan is a range in the VPC of a request that is gone, and that was to take
// it with it.
type Orphan struct {
	cloud.Range
	Request string
	Proxy   bool // it is a proxy-only subnet
	// Zone is set of a subnet that was made for new nodes: the range is its own
	// block under its name.
	Zone string
}

// Orphans gives those of the snapshot. Marks decide, and they have to be
// exactly those of a request that departed and is not there again (I4). It is
// pure.
func Orphans(s cloud.Snapshot, clusterID string, departed []string, requests []v1alpha1.RangeRequest) (out []Orphan) {
	of := func(m cloud.Mark) (string, bool) {
		at := slices.IndexFunc(departed, func(name string) bool {
			return m.Of(cloud.Owner{ClusterID: clusterID, Kind: OwnerKind, Name: name})
		})
		if at < 0 || slices.ContainsFunc(requests, func(r v1alpha1.RangeRequest) bool { return r.Name == departed[at] }) {
			return "", false
		}
		return departed[at], true
	}
	for _, subnet := range s.Subnets {
		for _, x := range subnet.Ranges {
			if request, ok := of(cloud.ParseMark(x.Name)); ok {
				out = append(out, Orphan{Range: x, Request: request})
			}
		}
		if request, ok := of(cloud.ParseMark(subnet.Made)); ok {
			out = append(out, Orphan{Range: cloud.Range{Subnet: subnet.Name, Name: subnet.Made, Prefix: subnet.Primary}, Request: request, Zone: subnet.Zone})
		}
	}
	for _, o := range s.Occupied {
		if o.Kind != cloud.ProxyOnly {
			continue
		}
		if request, ok := of(o.Mark); ok {
			name := path.Base(o.Name) // it follows the region
			out = append(out, Orphan{Range: cloud.Range{Subnet: name, Name: name, Prefix: o.Prefix}, Request: request, Proxy: true})
		}
	}
	return out
}

// Differs tells whether what the request was granted is not what the snapshot
// shows under its mark: a range was taken out of the VPC, or one was made
// that the status does not have. It is pure.
func Differs(s cloud.Snapshot, clusterID string, r *v1alpha1.RangeRequest) bool {
	if !r.DeletionTimestamp.IsZero() {
		return false
	}
	var there []cloud.Range
	for _, subnet := range s.Subnets {
		there = append(there, subnet.Ranges...)
	}
	if s.Proxy != nil {
		there = append(there, cloud.Range{Subnet: s.Proxy.Name, Name: s.Proxy.Name, Prefix: s.Proxy.Prefix})
	}
	for _, g := range r.Status.Ranges {
		p, ok := g.Prefix()
		if ok && g.Subnet != "" && !g.Leaving && // a range in no subnet is in our books only
			!slices.Contains(there, cloud.Range{Subnet: g.Subnet, Name: g.Name, Prefix: p}) {
			return true
		}
	}
	owner := cloud.Owner{ClusterID: clusterID, Kind: OwnerKind, Name: r.Name}
	return slices.ContainsFunc(there, func(x cloud.Range) bool {
		return cloud.ParseMark(x.Name).Of(owner) && r.Status.Range(x.Prefix) == nil
	})
}
