package gcp

import (
	"context"

	"google.golang.org/api/compute/v1"
)

// updateNetworkInterface sends the alias ranges and the fingerprint and
// nothing else: any further field is refused ("Updating this field is not
// supported"). An empty list is sent as one, since it is to clear.
func (s *sdk) updateNetworkInterface(ctx context.Context, ref instanceRef, p nicPatch) (operation, error) {
	body := &compute.NetworkInterface{
		AliasIpRanges: []*compute.AliasIpRange{}, Fingerprint: p.fingerprint, ForceSendFields: []string{"AliasIpRanges"}}
	for _, a := range p.aliases {
		body.AliasIpRanges = append(body.AliasIpRanges, &compute.AliasIpRange{IpCidrRange: a.cidr, SubnetworkRangeName: a.rng})
	}
	op, err := s.Instances.UpdateNetworkInterface(ref.project, ref.zone, ref.nameOrID(), p.nic, body).
		RequestId(p.requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

func (s *sdk) patchSubnetwork(ctx context.Context, ref subnetRef, p subnetPatch) (operation, error) {
	body := &compute.Subnetwork{
		SecondaryIpRanges: []*compute.SubnetworkSecondaryRange{}, Fingerprint: p.fingerprint, ForceSendFields: []string{"SecondaryIpRanges"}}
	for _, r := range p.secondary {
		body.SecondaryIpRanges = append(body.SecondaryIpRanges, &compute.SubnetworkSecondaryRange{
			RangeName: r.name, IpCidrRange: r.cidr, ReservedInternalRange: r.reservedRange,
			IpVersion: r.ipVersion, IpCollection: r.ipCollection,
		})
	}
	op, err := s.Subnetworks.Patch(ref.project, ref.region, ref.name, body).
		RequestId(p.requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

// insertProxySubnet sets nothing but what a proxy-only subnetwork may have:
// "Invalid field set in subnetwork with purpose REGIONAL_MANAGED_PROXY".
func (s *sdk) insertProxySubnet(ctx context.Context, ref subnetRef, p proxyInsert) (operation, error) {
	body := &compute.Subnetwork{
		Name: ref.name, Description: p.description, Network: p.network, IpCidrRange: p.cidr,
		Purpose: purposeProxy, Role: roleActive,
	}
	op, err := s.Subnetworks.Insert(ref.project, ref.region, body).RequestId(p.requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

func (s *sdk) deleteSubnetwork(ctx context.Context, ref subnetRef, requestID string) (operation, error) {
	op, err := s.Subnetworks.Delete(ref.project, ref.region, ref.name).RequestId(requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

// operations lists a scope's operations, newest first: those we wait for are
// among the first, and no filter makes the cloud walk the whole history.
func (s *sdk) operations(ctx context.Context, in scope, max int64, token string) (page[operation], error) {
	const order, fields = "creationTimestamp desc", "nextPageToken,items(" + operationFields + ")"
	project, kind, name := in.split()
	var l *compute.OperationList
	var err error
	switch kind {
	case "zones":
		l, err = s.ZoneOperations.List(project, name).OrderBy(order).MaxResults(max).PageToken(token).Fields(fields).Context(ctx).Do()
	case "global":
		l, err = s.GlobalOperations.List(project).OrderBy(order).MaxResults(max).PageToken(token).Fields(fields).Context(ctx).Do()
	default:
		l, err = s.RegionOperations.List(project, name).OrderBy(order).MaxResults(max).PageToken(token).Fields(fields).Context(ctx).Do()
	}
	if err != nil {
		return page[operation]{}, err
	}
	p := page[operation]{next: l.NextPageToken, items: make([]operation, 0, len(l.Items))}
	for _, o := range l.Items {
		p.items = append(p.items, readOperation(o))
	}
	return p, nil
}

func (s *sdk) operation(ctx context.Context, in scope, name string) (operation, error) {
	project, kind, where := in.split()
	var op *compute.Operation
	var err error
	switch kind {
	case "zones":
		op, err = s.ZoneOperations.Get(project, where, name).Fields(operationFields).Context(ctx).Do()
	case "global":
		op, err = s.GlobalOperations.Get(project, name).Fields(operationFields).Context(ctx).Do()
	default:
		op, err = s.RegionOperations.Get(project, where, name).Fields(operationFields).Context(ctx).Do()
	}
	return readOperation(op), err
}

func readOperation(o *compute.Operation) operation {
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
