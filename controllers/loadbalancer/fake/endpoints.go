package fake

import (
	"errors"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// EndpointGroups are one for each zone.
func (f *Cloud) EndpointGroups(e lb.Endpoints, got lb.State) ([]lb.Resource, []members.Left, error) {
	if e.Check != nil {
		return nil, nil, &cloud.Error{Reason: cloud.Invalid, Act: "make", Err: errors.New("checks are the balancer's")}
	}
	zones := map[string][]string{}
	for _, n := range e.Nodes {
		zones[n.Zone] = []string{}
	}
	var left []members.Left
	for _, x := range e.List {
		if f.Outside != nil {
			if err := f.Outside(x); err != nil {
				left = append(left, members.Left{Member: x.AddrPort.String(), Err: err})
				continue
			}
		}
		zones[x.Node.Zone] = append(zones[x.Node.Zone], x.AddrPort.String())
	}
	out := lb.State{}
	for zone, list := range zones {
		r := Named("pool", e.Owner, "epg")
		r.Scope = zone
		out[r] = lb.Resource{Ref: r, Owner: e.Owner, Members: list, Fields: lb.Fields{}}
	}
	for ref, r := range got {
		if _, wanted := out[ref]; !wanted && r.Owner == e.Owner {
			out[ref] = lb.Resource{Ref: ref, Owner: r.Owner, Members: []string{}}
		}
	}
	return out.Sorted(), left, nil
}
