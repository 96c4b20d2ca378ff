package gcp

import (
	"context"
	"slices"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
)

// The generated client has the same calls for every kind, each of a type of its
// own: what is the same about them is said once here.
type (
	listCall[C, L any] interface {
		Filter(string) C
		MaxResults(int64) C
		PageToken(string) C
		Context(context.Context) C
		Do(...googleapi.CallOption) (L, error)
	}
	getCall[C, X any] interface {
		Context(context.Context) C
		Do(...googleapi.CallOption) (*X, error)
	}
	changeCall[C any] interface {
		RequestId(string) C
		Fields(...googleapi.Field) C
		Context(context.Context) C
		Do(...googleapi.CallOption) (*compute.Operation, error)
	}
)

// partial has a list of all zones come back without those that do not answer.
var partial = googleapi.QueryParameter("returnPartialSuccess", "true")

func listed[C listCall[C, L], L, X any](ctx context.Context, call C, filter, token string, items func(L) []*X, read func(*X) lbObject, options ...googleapi.CallOption) (page[lbObject], error) {
	l, err := call.Filter(filter).MaxResults(pageSize).PageToken(token).Context(ctx).Do(options...)
	if err != nil {
		return page[lbObject]{}, err
	}
	p := pageOf[lbObject](l)
	take(&p, items(l), read)
	return p, nil
}

func gotten[C getCall[C, X], X any](ctx context.Context, call C, read func(*X) lbObject) (lbObject, error) {
	x, err := call.Context(ctx).Do()
	if err != nil {
		return lbObject{}, err
	}
	return read(x), nil
}

func changed[C changeCall[C]](ctx context.Context, call C, requestID string) (operation, error) {
	op, err := call.RequestId(requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

func (s *sdk) lbList(ctx context.Context, in lbRef, filter, token string) (page[lbObject], error) {
	switch in.kind {
	case kindAddress:
		return listed(ctx, s.Addresses.List(in.project, in.region), filter, token, func(l *compute.AddressList) []*compute.Address { return l.Items }, readAddress)
	case kindRule:
		return listed(ctx, s.ForwardingRules.List(in.project, in.region), filter, token, func(l *compute.ForwardingRuleList) []*compute.ForwardingRule { return l.Items }, readRule)
	case kindBackend:
		return listed(ctx, s.RegionBackendServices.List(in.project, in.region), filter, token, func(l *compute.BackendServiceList) []*compute.BackendService { return l.Items }, readBackend)
	case kindCheck:
		return listed(ctx, s.RegionHealthChecks.List(in.project, in.region), filter, token, func(l *compute.HealthCheckList) []*compute.HealthCheck { return l.Items }, readCheck)
	case kindNEG:
		return listed(ctx, s.NetworkEndpointGroups.AggregatedList(in.project), filter, token, groupsOfZones, readNEG, partial)
	case kindGroup:
		return listed(ctx, s.InstanceGroups.AggregatedList(in.project), filter, token, instanceGroupsOfZones, readGroup, partial)
	}
	return listed(ctx, s.Firewalls.List(in.project), filter, token, func(l *compute.FirewallList) []*compute.Firewall { return l.Items }, readClientRule)
}

func (s *sdk) lbGet(ctx context.Context, r lbRef) (lbObject, error) {
	switch r.kind {
	case kindAddress:
		return gotten(ctx, s.Addresses.Get(r.project, r.region, r.name), readAddress)
	case kindRule:
		return gotten(ctx, s.ForwardingRules.Get(r.project, r.region, r.name), readRule)
	case kindBackend:
		return gotten(ctx, s.RegionBackendServices.Get(r.project, r.region, r.name), readBackend)
	case kindCheck:
		return gotten(ctx, s.RegionHealthChecks.Get(r.project, r.region, r.name), readCheck)
	case kindNEG:
		return gotten(ctx, s.NetworkEndpointGroups.Get(r.project, r.zone, r.name), readNEG)
	case kindGroup:
		return gotten(ctx, s.InstanceGroups.Get(r.project, r.zone, r.name), readGroup)
	}
	return gotten(ctx, s.Firewalls.Get(r.project, r.name), readClientRule)
}

func (s *sdk) lbInsert(ctx context.Context, r lbRef, o lbObject, id string) (operation, error) {
	switch r.kind {
	case kindAddress:
		return changed(ctx, s.Addresses.Insert(r.project, r.region, writeAddress(r, o)), id)
	case kindRule:
		return changed(ctx, s.ForwardingRules.Insert(r.project, r.region, writeRule(r, o)), id)
	case kindBackend:
		return changed(ctx, s.RegionBackendServices.Insert(r.project, r.region, writeBackend(r, o)), id)
	case kindCheck:
		return changed(ctx, s.RegionHealthChecks.Insert(r.project, r.region, writeCheck(r, o)), id)
	case kindNEG:
		return changed(ctx, s.NetworkEndpointGroups.Insert(r.project, r.zone, writeNEG(r, o)), id)
	case kindGroup:
		return changed(ctx, s.InstanceGroups.Insert(r.project, r.zone, writeGroup(r, o)), id)
	}
	return changed(ctx, s.Firewalls.Insert(r.project, writeClientRule(r, o)), id)
}

// lbPatch is for the kinds that have fields to edit.
func (s *sdk) lbPatch(ctx context.Context, r lbRef, o lbObject, id string) (operation, error) {
	switch r.kind {
	case kindRule:
		return changed(ctx, s.ForwardingRules.Patch(r.project, r.region, r.name, patchOfRule(o)), id)
	case kindBackend:
		return changed(ctx, s.RegionBackendServices.Patch(r.project, r.region, r.name, patchOfBackend(r, o)), id)
	case kindCheck:
		return changed(ctx, s.RegionHealthChecks.Patch(r.project, r.region, r.name, writeCheck(r, o)), id)
	}
	return changed(ctx, s.Firewalls.Patch(r.project, r.name, patchOfClientRule(r.name, o)), id)
}

func (s *sdk) lbDelete(ctx context.Context, r lbRef, id string) (operation, error) {
	switch r.kind {
	case kindAddress:
		return changed(ctx, s.Addresses.Delete(r.project, r.region, r.name), id)
	case kindRule:
		return changed(ctx, s.ForwardingRules.Delete(r.project, r.region, r.name), id)
	case kindBackend:
		return changed(ctx, s.RegionBackendServices.Delete(r.project, r.region, r.name), id)
	case kindCheck:
		return changed(ctx, s.RegionHealthChecks.Delete(r.project, r.region, r.name), id)
	case kindNEG:
		return changed(ctx, s.NetworkEndpointGroups.Delete(r.project, r.zone, r.name), id)
	case kindGroup:
		return changed(ctx, s.InstanceGroups.Delete(r.project, r.zone, r.name), id)
	}
	return changed(ctx, s.Firewalls.Delete(r.project, r.name), id)
}

func (s *sdk) lbHealthy(ctx context.Context, r lbRef, groupURL string) (bool, error) {
	h, err := s.RegionBackendServices.GetHealth(r.project, r.region, r.name, &compute.ResourceGroupReference{Group: groupURL}).Context(ctx).Do()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(h.HealthStatus, func(one *compute.HealthStatus) bool { return one != nil && one.HealthState == "HEALTHY" }), nil
}
