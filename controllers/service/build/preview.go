package build

import (
	"errors"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// Preview is what would be done for a Service.
type Preview struct {
	// Ours: it is to have a balancer; what there is of it goes otherwise.
	Ours  bool
	Notes []Note
	// Refused says why nothing would be done; it has no reason where nothing
	// stands in the way.
	Refused Note
	Nodes   int
	Plan    lb.Actions
	// Ingress is where it can be reached now.
	Ingress []lb.Ingress
}

// PreviewOf plans one Service over what was read, as the controller would.
func PreviewOf(b lb.Balancers, state lb.State, in Cluster, s *corev1.Service, withoutClass bool, nodes []*corev1.Node) Preview {
	p := Preview{Ours: Ours(s, withoutClass)}
	owner := Owner(in.ID, s.Namespace, s.Name)
	if !p.Ours {
		p.Plan = lb.Plan(b.Rules(), state, lb.Goal{Owner: owner})
		return p
	}
	asked := Make(s, in, state.SchemeOf(owner))
	p.Notes = asked.Notes
	if why, is := asked.Refused(); is {
		p.Refused = why
		return p
	}
	planned, err := loadbalancer.Plan(b, state, asked.Wanted(s), in.ID, nodes)
	p.Nodes = planned.Nodes
	if err != nil {
		p.Refused = Note{Reason: string(cloud.ReasonOf(err)), Text: err.Error()}
		if errors.Is(err, lb.ErrMixedProtocols) {
			p.Refused.Reason = v1alpha1.ReasonMixedProtocols
		}
		return p
	}
	p.Plan, p.Ingress = planned.Actions, b.Ingresses(asked.Balancer, state)
	return p
}
