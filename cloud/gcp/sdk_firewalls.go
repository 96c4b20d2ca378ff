package gcp

import (
	"context"
	"slices"

	"google.golang.org/api/compute/v1"

	"github.com/vpcnative/vpcnative/cloud"
)

const firewallFields = "name,network,description,direction,priority,disabled,allowed,denied,sourceRanges,destinationRanges,sourceTags,sourceServiceAccounts,targetTags,targetServiceAccounts"

func (s *sdk) firewalls(ctx context.Context, project, token string) (page[firewall], error) {
	l, err := s.Firewalls.List(project).MaxResults(pageSize).PageToken(token).
		Fields(listFields[compute.FirewallList](firewallFields)).Context(ctx).Do()
	if err != nil {
		return page[firewall]{}, err
	}
	p := pageOf[firewall](l)
	take(&p, l.Items, readFirewall)
	return p, nil
}

func (s *sdk) firewall(ctx context.Context, ref firewallRef) (firewall, error) {
	f, err := s.Firewalls.Get(ref.project, ref.name).Fields(firewallFields).Context(ctx).Do()
	if err != nil {
		return firewall{}, err
	}
	return readFirewall(f), nil
}

func readFirewall(f *compute.Firewall) firewall {
	got := firewall{
		name: f.Name, network: f.Network, description: f.Description, direction: f.Direction, priority: f.Priority, disabled: f.Disabled,
		sources: f.SourceRanges, marks: slices.Concat(f.SourceTags, f.SourceServiceAccounts), destinations: f.DestinationRanges, targets: slices.Concat(f.TargetTags, f.TargetServiceAccounts),
	}
	for _, a := range f.Allowed {
		got.allowed = append(got.allowed, cloud.Protocol{Name: a.IPProtocol, Ports: a.Ports})
	}
	for _, d := range f.Denied {
		got.denied = append(got.denied, cloud.Protocol{Name: d.IPProtocol, Ports: d.Ports})
	}
	return got
}

func (s *sdk) insertFirewall(ctx context.Context, ref firewallRef, f firewall, requestID string) (operation, error) {
	body := writeFirewall(f)
	body.Name, body.Network, body.Direction = f.name, f.network, f.direction
	op, err := s.Firewalls.Insert(ref.project, body).RequestId(requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

// patchFirewall sends every field that can change, also where it is empty, so
// that what somebody added goes, and the name, which the API requires there too.
func (s *sdk) patchFirewall(ctx context.Context, ref firewallRef, f firewall, requestID string) (operation, error) {
	body := writeFirewall(f)
	body.Name = ref.name
	body.ForceSendFields = append(body.ForceSendFields, "Allowed", "Denied", "Disabled", "SourceRanges", "DestinationRanges", "SourceTags", "SourceServiceAccounts",
		"TargetTags", "TargetServiceAccounts")
	op, err := s.Firewalls.Patch(ref.project, ref.name, body).RequestId(requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

func (s *sdk) deleteFirewall(ctx context.Context, ref firewallRef, requestID string) (operation, error) {
	op, err := s.Firewalls.Delete(ref.project, ref.name).RequestId(requestID).Fields(operationFields).Context(ctx).Do()
	return readOperation(op), err
}

// writeFirewall fills in what a patch can change. Priority 0 is the best one,
// not the default.
func writeFirewall(f firewall) *compute.Firewall {
	body := &compute.Firewall{
		Description: f.description, Priority: f.priority, SourceRanges: f.sources, DestinationRanges: f.destinations,
		TargetTags: f.targets, ForceSendFields: []string{"Priority"},
	}
	for _, a := range f.allowed {
		body.Allowed = append(body.Allowed, &compute.FirewallAllowed{IPProtocol: a.Name, Ports: a.Ports})
	}
	for _, d := range f.denied {
		body.Denied = append(body.Denied, &compute.FirewallDenied{IPProtocol: d.Name, Ports: d.Ports})
	}
	return body
}
