package preview

import (
	"cmp"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// ranges asks the very planner that the manager asks. Nothing else here does. A
// request that cannot have all may have a part.
func ranges(in Input, n *v1alpha1.Network, snapshot cloud.Snapshot, r *v1alpha1.RangeRequest) ([]carve.Step, *Refusal) {
	steps, _, no := carve.Plan(planner(in, n, snapshot, r))
	if no != nil {
		return steps, &Refusal{Reason: no.Reason, Text: no.Text}
	}
	return steps, nil
}

func planner(in Input, n *v1alpha1.Network, snapshot cloud.Snapshot, r *v1alpha1.RangeRequest) carve.Input {
	return carve.Input{
		Request: r, Network: n, Snapshot: snapshot, Others: in.Requests, Services: in.Services, NoServices: in.NoServices,
		Nodes: in.nodes(), Beside: n.Beside(in.Networks), Now: in.Now, ClusterID: in.ClusterID,
	}
}

// apply returns the VPC as it is once the steps are done, and puts them into
// the request's status, so that the next request is planned around them.
func apply(steps []carve.Step, snapshot cloud.Snapshot, r *v1alpha1.RangeRequest, region string) cloud.Snapshot {
	snapshot.Subnets = slices.Clone(snapshot.Subnets)
	snapshot.Occupied = slices.Clone(snapshot.Occupied)
	for _, s := range steps {
		s.Record(r, v1alpha1.RangeGranted)
		if !s.Create {
			continue
		}
		at := cloud.Occupied{
			Prefix: s.Range.Prefix, Kind: cloud.SecondaryRange,
			Name: region + "/" + s.Range.Subnet + "/" + s.Range.Name, Mark: cloud.ParseMark(s.Range.Name),
		}
		if snapshot.Traits.Inside {
			at.Kind, at.Name = cloud.SubnetReservation, s.Range.Subnet+"/"+s.Range.Name
		}
		if r.Spec.Purpose == v1alpha1.Proxy {
			snapshot.Proxy = &cloud.ProxySubnet{Name: s.Range.Name, Prefix: s.Range.Prefix}
			at.Kind, at.Name = cloud.ProxyOnly, region+"/"+s.Range.Name
		}
		snapshot.Occupied = append(snapshot.Occupied, at)
		for i := range snapshot.Subnets {
			if sub := &snapshot.Subnets[i]; sub.Name == s.Range.Subnet {
				sub.Ranges = append(slices.Clone(sub.Ranges), s.Range)
			}
		}
	}
	slices.SortStableFunc(snapshot.Occupied, func(a, b cloud.Occupied) int {
		return cmp.Or(a.Prefix.Addr().Compare(b.Prefix.Addr()), cmp.Compare(a.Prefix.Bits(), b.Prefix.Bits()))
	})
	return snapshot
}
