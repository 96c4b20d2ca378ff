package gcp

import (
	"context"

	"cloud.google.com/go/compute/apiv1/computepb"
	v1 "google.golang.org/api/compute/v1"
	"google.golang.org/protobuf/proto"
)

// updateNetworkInterface sends the alias ranges and the fingerprint and
// nothing else: any further field is refused ("Updating this field is not
// supported").
func (s *sdk) updateNetworkInterface(ctx context.Context, ref instanceRef, p nicPatch) (operation, error) {
	if len(p.aliases) == 0 {
		op, err := s.old.Instances.UpdateNetworkInterface(ref.project, ref.zone, ref.nameOrID(), p.nic, &v1.NetworkInterface{
			AliasIpRanges:   []*v1.AliasIpRange{},
			Fingerprint:     p.fingerprint,
			ForceSendFields: []string{"AliasIpRanges"},
		}).RequestId(p.requestID).Fields(operationFields).Context(ctx).Do()
		return oldOperation(op), err
	}
	body := &computepb.NetworkInterface{Fingerprint: &p.fingerprint}
	for _, a := range p.aliases {
		r := &computepb.AliasIpRange{IpCidrRange: &a.cidr}
		if a.rng != "" {
			r.SubnetworkRangeName = &a.rng
		}
		body.AliasIpRanges = append(body.AliasIpRanges, r)
	}
	op, err := s.vms.UpdateNetworkInterface(s.part(ctx, operationFields), &computepb.UpdateNetworkInterfaceInstanceRequest{
		Project: ref.project, Zone: ref.zone, Instance: ref.nameOrID(), NetworkInterface: p.nic,
		NetworkInterfaceResource: body, RequestId: &p.requestID,
	})
	if err != nil {
		return operation{}, err
	}
	return newOperation(op.Proto()), nil
}

func (s *sdk) patchSubnetwork(ctx context.Context, ref subnetRef, p subnetPatch) (operation, error) {
	if len(p.secondary) == 0 {
		op, err := s.old.Subnetworks.Patch(ref.project, ref.region, ref.name, &v1.Subnetwork{
			SecondaryIpRanges: []*v1.SubnetworkSecondaryRange{},
			Fingerprint:       p.fingerprint,
			ForceSendFields:   []string{"SecondaryIpRanges"},
		}).RequestId(p.requestID).Fields(operationFields).Context(ctx).Do()
		return oldOperation(op), err
	}
	body := &computepb.Subnetwork{Fingerprint: &p.fingerprint}
	for _, r := range p.secondary {
		body.SecondaryIpRanges = append(body.SecondaryIpRanges, &computepb.SubnetworkSecondaryRange{
			RangeName: optional(r.name), IpCidrRange: optional(r.cidr), ReservedInternalRange: optional(r.reservedRange),
			IpVersion: optional(r.ipVersion), IpCollection: optional(r.ipCollection),
		})
	}
	op, err := s.subnets.Patch(s.part(ctx, operationFields), &computepb.PatchSubnetworkRequest{
		Project: ref.project, Region: ref.region, Subnetwork: ref.name, SubnetworkResource: body, RequestId: &p.requestID,
	})
	if err != nil {
		return operation{}, err
	}
	return newOperation(op.Proto()), nil
}

// operations lists a scope's operations, newest first: those we wait for are
// among the first, and no filter makes the cloud walk the whole history.
func (s *sdk) operations(ctx context.Context, in scope, max int64, token string) (page[operation], error) {
	const order, fields = "creationTimestamp desc", "nextPageToken,items(" + operationFields + ")"
	project, kind, name := in.split()
	var l *v1.OperationList
	var err error
	if kind == "zones" {
		l, err = s.old.ZoneOperations.List(project, name).OrderBy(order).MaxResults(max).PageToken(token).Fields(fields).Context(ctx).Do()
	} else {
		l, err = s.old.RegionOperations.List(project, name).OrderBy(order).MaxResults(max).PageToken(token).Fields(fields).Context(ctx).Do()
	}
	if err != nil {
		return page[operation]{}, err
	}
	p := page[operation]{next: l.NextPageToken, items: make([]operation, 0, len(l.Items))}
	for _, o := range l.Items {
		p.items = append(p.items, oldOperation(o))
	}
	return p, nil
}

func (s *sdk) operation(ctx context.Context, in scope, name string) (operation, error) {
	project, kind, where := in.split()
	ctx = s.part(ctx, operationFields)
	var op *computepb.Operation
	var err error
	if kind == "zones" {
		op, err = s.zoneOps.Get(ctx, &computepb.GetZoneOperationRequest{Project: project, Zone: where, Operation: name})
	} else {
		op, err = s.regionOps.Get(ctx, &computepb.GetRegionOperationRequest{Project: project, Region: where, Operation: name})
	}
	if err != nil {
		return operation{}, err
	}
	return newOperation(op), nil
}

func newOperation(o *computepb.Operation) operation {
	got := operation{
		name: o.GetName(), target: o.GetTargetLink(),
		done: o.GetStatus() == computepb.Operation_DONE, status: int(o.GetHttpErrorStatusCode()),
	}
	for _, e := range o.GetError().GetErrors() {
		got.faults = append(got.faults, fault{e.GetCode(), e.GetMessage()})
	}
	return got
}

func oldOperation(o *v1.Operation) operation {
	if o == nil {
		return operation{}
	}
	got := operation{name: o.Name, target: o.TargetLink, done: o.Status == "DONE", status: int(o.HttpErrorStatusCode)}
	if o.Error != nil {
		for _, e := range o.Error.Errors {
			got.faults = append(got.faults, fault{e.Code, e.Message})
		}
	}
	return got
}

// optional leaves an empty field out of the request.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return proto.String(s)
}
