package carve

import (
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// Orphan is a range in the VPC of a request that is gone, and that was to take
// it with it.
type Orphan struct {
	cloud.Marked
	Request string
}

// Orphans returns those of the snapshot. Marks decide, and they have to be
// exactly those of a request that departed and is not there again (I4). It is
// pure.
func Orphans(s cloud.Snapshot, clusterID string, departed []string, requests []v1alpha1.RangeRequest) (out []Orphan) {
	for _, name := range departed {
		if slices.ContainsFunc(requests, func(r v1alpha1.RangeRequest) bool { return r.Name == name }) {
			continue
		}
		for _, m := range MadeFor(s, clusterID, name) {
			out = append(out, Orphan{m, name})
		}
	}
	return out
}

// MadeFor is what the VPC shows under the mark of a request (I4). It is pure.
func MadeFor(s cloud.Snapshot, clusterID, request string) []cloud.Marked {
	owner := cloud.Owner{ClusterID: clusterID, Kind: OwnerKind, Name: request}
	return slices.DeleteFunc(s.Marked(), func(m cloud.Marked) bool { return !m.Mark.Of(owner) })
}

// Differs reports whether what the request was granted is not what the snapshot
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
		if ok && g.Subnet != "" && !g.Leaving && // a range in no subnet is in the status only
			!slices.Contains(there, cloud.Range{Subnet: g.Subnet, Name: g.Name, Prefix: p}) {
			return true
		}
	}
	owner := cloud.Owner{ClusterID: clusterID, Kind: OwnerKind, Name: r.Name}
	return slices.ContainsFunc(there, func(x cloud.Range) bool {
		return cloud.ParseMark(x.Name).Of(owner) && r.Status.Range(x.Prefix) == nil
	})
}
