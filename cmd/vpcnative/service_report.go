package main

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// serviceReport is what is said of a Service.
type serviceReport struct {
	Service string      `json:"service"`
	Ours    bool        `json:"ours"`
	Nodes   int         `json:"nodes"`
	Ingress []string    `json:"ingress,omitempty"`
	Notes   []string    `json:"notes,omitempty"`
	Refused string      `json:"refused,omitempty"`
	Actions []show.Step `json:"actions"`
}

func stepsOf(plan lb.Actions) []show.Step {
	out := []show.Step{}
	for _, a := range plan {
		out = append(out, show.Step{Verb: string(a.Verb), Resource: a.Ref.String(), Why: a.Why, Changes: a.Lines()})
	}
	return out
}

func reportOf(s *corev1.Service, p build.Preview) serviceReport {
	out := serviceReport{Service: s.Namespace + "/" + s.Name, Ours: p.Ours, Nodes: p.Nodes, Actions: stepsOf(p.Plan)}
	for _, n := range p.Notes {
		out.Notes = append(out.Notes, n.Reason+": "+n.Text)
	}
	if p.Refused.Reason != "" {
		out.Refused = p.Refused.Reason + ": " + p.Refused.Text
	}
	for _, i := range p.Ingress {
		if i.Hostname != "" {
			out.Ingress = append(out.Ingress, i.Hostname)
		} else {
			out.Ingress = append(out.Ingress, i.Address.String())
		}
	}
	return out
}

func (r serviceReport) print(p *show.Printer) {
	name := p.Bold("Service " + r.Service)
	switch {
	case !r.Ours:
		fmt.Fprintf(p, "%s is not managed by vpcnative\n", name)
	case r.Refused != "":
		fmt.Fprintf(p, "%s\n  %s %s; nothing would be changed\n", name, p.Bad("would be refused,"), r.Refused)
	case r.Nodes == 1:
		fmt.Fprintf(p, "%s: a load balancer that sends to 1 node\n", name)
	default:
		fmt.Fprintf(p, "%s: a load balancer that sends to %d nodes\n", name, r.Nodes)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(p, "  %s\n", n)
	}
	if len(r.Ingress) > 0 {
		fmt.Fprintf(p, "  address  %s\n", strings.Join(r.Ingress, ", "))
	}
	if r.Refused == "" {
		p.Steps(r.Actions)
	}
}

type serviceReports []serviceReport

func (l serviceReports) print(p *show.Printer) {
	for i, r := range l {
		if i > 0 {
			fmt.Fprintln(p)
		}
		r.print(p)
	}
}

func (l serviceReports) refused() error {
	if slices.ContainsFunc(l, func(r serviceReport) bool { return r.Refused != "" }) {
		return errRefused
	}
	return nil
}
