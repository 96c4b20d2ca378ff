package loadbalancer

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// Preview is what would be done for a Service.
type Preview struct {
	// Ours: it is to have a balancer; what there is of it goes otherwise.
	Ours  bool
	Notes []wanted.Note
	// Refused says why nothing would be done; it has no reason where nothing
	// stands in the way.
	Refused wanted.Note
	Nodes   int
	Plan    lb.Actions
	// Ingress is where it can be reached now.
	Ingress []lb.Ingress
}

// PreviewOf plans one Service over what was read, as the controller would.
func PreviewOf(b lb.Balancers, state lb.State, in wanted.Cluster, s *corev1.Service, withoutClass bool, nodes []*corev1.Node) Preview {
	p := Preview{Ours: Ours(s, withoutClass)}
	goal := lb.Goal{Owner: wanted.Owner(in.ID, s.Namespace, s.Name)}
	if p.Ours {
		asked := wanted.Make(s, in, state.SchemeOf(goal.Owner))
		p.Notes = asked.Notes
		if why, is := asked.Refused(); is {
			p.Refused = why
			return p
		}
		set := NodeSetOf(in.ID, asked.Nodes, nodes)
		p.Nodes = len(set.Nodes)
		want, err := b.Want(asked.Balancer, set, state)
		if err != nil {
			p.Refused = wanted.Note{Reason: string(cloud.ReasonOf(err)), Text: err.Error()}
			if f := impossible(asked.Balancer, err); f.mixed {
				p.Refused.Reason = f.reason
			}
			return p
		}
		goal.Want, goal.Unprotect = want, unprotected(asked)
		p.Ingress = b.Ingresses(asked.Balancer, state)
	}
	p.Plan = lb.Plan(b.Rules(), state, goal)
	return p
}

// Remove carries out the removal of what was found to be there. removed is
// told of each thing that is gone.
func Remove(ctx context.Context, b lb.Balancers, state lb.State, list []lb.Orphan, removed func(lb.Resource)) error {
	return lb.Run(ctx, remover{b, removed}, lb.Removal(list), state)
}

type remover struct {
	lb.Balancers
	removed func(lb.Resource)
}

// Apply deletes, and nothing else.
func (r remover) Apply(ctx context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	if a.Verb != lb.Delete {
		return lb.Resource{}, errors.New("a removal that is to " + string(a.Verb) + " " + a.Ref.String())
	}
	now, err := r.Balancers.Apply(ctx, a, got)
	if err == nil {
		r.removed(*a.Got)
		for _, part := range a.Parts {
			r.removed(part)
		}
	}
	return now, err
}
