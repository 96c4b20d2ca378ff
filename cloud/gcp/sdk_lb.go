package gcp

import (
	"context"
	"slices"

	"google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
)

// lbClient is the generated client's calls for one kind.
type lbClient struct {
	list                  func(ctx context.Context, project, region, filter, token string) (page[lbObject], error)
	get                   func(ctx context.Context, r lbRef) (lbObject, error)
	insert, patch, remove func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error)
}

// listed makes a page of what a list call came back with.
func listed[T any](reply any, items []*T, read func(*T) lbObject) page[lbObject] {
	p := pageOf[lbObject](reply)
	take(&p, items, read)
	return p
}

// one makes a value of what a get call came back with.
func one[T any](x *T, err error, read func(*T) lbObject) (lbObject, error) {
	if err != nil {
		return lbObject{}, err
	}
	return read(x), nil
}

const opFields = googleapi.Field(operationFields)

func (s *sdk) client(kind string) lbClient {
	switch kind {
	case kindAddress:
		return s.addressClient()
	case kindRule:
		return s.ruleClient()
	case kindBackend:
		return s.backendClient()
	case kindCheck:
		return s.checkClient()
	case kindNEG:
		return s.negClient()
	case kindGroup:
		return s.groupClient()
	}
	return s.firewallClient()
}

func (s *sdk) addressClient() lbClient {
	return lbClient{
		list: func(ctx context.Context, project, region, filter, token string) (page[lbObject], error) {
			l, err := s.Addresses.List(project, region).MaxResults(pageSize).Filter(filter).PageToken(token).Context(ctx).Do()
			if err != nil {
				return page[lbObject]{}, err
			}
			return listed(l, l.Items, readAddress), nil
		},
		get: func(ctx context.Context, r lbRef) (lbObject, error) {
			x, err := s.Addresses.Get(r.project, r.region, r.name).Context(ctx).Do()
			return one(x, err, readAddress)
		},
		insert: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.Addresses.Insert(r.project, r.region, writeAddress(r, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		remove: func(ctx context.Context, r lbRef, _ lbObject, id string) (*compute.Operation, error) {
			return s.Addresses.Delete(r.project, r.region, r.name).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
	}
}

func (s *sdk) ruleClient() lbClient {
	return lbClient{
		list: func(ctx context.Context, project, region, filter, token string) (page[lbObject], error) {
			l, err := s.ForwardingRules.List(project, region).MaxResults(pageSize).Filter(filter).PageToken(token).Context(ctx).Do()
			if err != nil {
				return page[lbObject]{}, err
			}
			return listed(l, l.Items, readRule), nil
		},
		get: func(ctx context.Context, r lbRef) (lbObject, error) {
			x, err := s.ForwardingRules.Get(r.project, r.region, r.name).Context(ctx).Do()
			return one(x, err, readRule)
		},
		insert: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.ForwardingRules.Insert(r.project, r.region, writeRule(r, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		patch: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.ForwardingRules.Patch(r.project, r.region, r.name, patchOfRule(o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		remove: func(ctx context.Context, r lbRef, _ lbObject, id string) (*compute.Operation, error) {
			return s.ForwardingRules.Delete(r.project, r.region, r.name).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
	}
}

func (s *sdk) backendClient() lbClient {
	return lbClient{
		list: func(ctx context.Context, project, region, filter, token string) (page[lbObject], error) {
			l, err := s.RegionBackendServices.List(project, region).MaxResults(pageSize).Filter(filter).PageToken(token).Context(ctx).Do()
			if err != nil {
				return page[lbObject]{}, err
			}
			return listed(l, l.Items, readBackend), nil
		},
		get: func(ctx context.Context, r lbRef) (lbObject, error) {
			x, err := s.RegionBackendServices.Get(r.project, r.region, r.name).Context(ctx).Do()
			return one(x, err, readBackend)
		},
		insert: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.RegionBackendServices.Insert(r.project, r.region, writeBackend(r, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		patch: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.RegionBackendServices.Patch(r.project, r.region, r.name, patchOfBackend(r, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		remove: func(ctx context.Context, r lbRef, _ lbObject, id string) (*compute.Operation, error) {
			return s.RegionBackendServices.Delete(r.project, r.region, r.name).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
	}
}

func (s *sdk) checkClient() lbClient {
	return lbClient{
		list: func(ctx context.Context, project, region, filter, token string) (page[lbObject], error) {
			l, err := s.RegionHealthChecks.List(project, region).MaxResults(pageSize).Filter(filter).PageToken(token).Context(ctx).Do()
			if err != nil {
				return page[lbObject]{}, err
			}
			return listed(l, l.Items, readCheck), nil
		},
		get: func(ctx context.Context, r lbRef) (lbObject, error) {
			x, err := s.RegionHealthChecks.Get(r.project, r.region, r.name).Context(ctx).Do()
			return one(x, err, readCheck)
		},
		insert: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.RegionHealthChecks.Insert(r.project, r.region, writeCheck(r, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		patch: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.RegionHealthChecks.Patch(r.project, r.region, r.name, writeCheck(r, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		remove: func(ctx context.Context, r lbRef, _ lbObject, id string) (*compute.Operation, error) {
			return s.RegionHealthChecks.Delete(r.project, r.region, r.name).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
	}
}

func (s *sdk) firewallClient() lbClient {
	return lbClient{
		list: func(ctx context.Context, project, _, filter, token string) (page[lbObject], error) {
			l, err := s.Firewalls.List(project).MaxResults(pageSize).Filter(filter).PageToken(token).Context(ctx).Do()
			if err != nil {
				return page[lbObject]{}, err
			}
			return listed(l, l.Items, readClientRule), nil
		},
		get: func(ctx context.Context, r lbRef) (lbObject, error) {
			x, err := s.Firewalls.Get(r.project, r.name).Context(ctx).Do()
			return one(x, err, readClientRule)
		},
		insert: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.Firewalls.Insert(r.project, writeClientRule(r, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		patch: func(ctx context.Context, r lbRef, o lbObject, id string) (*compute.Operation, error) {
			return s.Firewalls.Patch(r.project, r.name, patchOfClientRule(r.name, o)).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
		remove: func(ctx context.Context, r lbRef, _ lbObject, id string) (*compute.Operation, error) {
			return s.Firewalls.Delete(r.project, r.name).RequestId(id).Fields(opFields).Context(ctx).Do()
		},
	}
}

func (s *sdk) lbList(ctx context.Context, kind, project, region, filter, token string) (page[lbObject], error) {
	return s.client(kind).list(ctx, project, region, filter, token)
}

func (s *sdk) lbGet(ctx context.Context, r lbRef) (lbObject, error) {
	return s.client(r.kind).get(ctx, r)
}

func (s *sdk) lbInsert(ctx context.Context, r lbRef, o lbObject, id string) (operation, error) {
	op, err := s.client(r.kind).insert(ctx, r, o, id)
	return readOperation(op), err
}

func (s *sdk) lbPatch(ctx context.Context, r lbRef, o lbObject, id string) (operation, error) {
	op, err := s.client(r.kind).patch(ctx, r, o, id)
	return readOperation(op), err
}

func (s *sdk) lbDelete(ctx context.Context, r lbRef, id string) (operation, error) {
	op, err := s.client(r.kind).remove(ctx, r, lbObject{}, id)
	return readOperation(op), err
}

func (s *sdk) lbHealthy(ctx context.Context, r lbRef, groupURL string) (bool, error) {
	h, err := s.RegionBackendServices.GetHealth(r.project, r.region, r.name, &compute.ResourceGroupReference{Group: groupURL}).Context(ctx).Do()
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(h.HealthStatus, func(one *compute.HealthStatus) bool { return one != nil && one.HealthState == "HEALTHY" }), nil
}
