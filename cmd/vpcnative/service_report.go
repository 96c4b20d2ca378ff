package main

import (
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// serviceReport is what is said of a Service.
type serviceReport struct {
	Service string   `json:"service"`
	Ours    bool     `json:"ours"`
	Nodes   int      `json:"nodes"`
	Ingress []string `json:"ingress,omitempty"`
	Notes   []string `json:"notes,omitempty"`
	Refused string   `json:"refused,omitempty"`
	Actions []step   `json:"actions"`
}

type step struct {
	Verb     lb.Verb  `json:"verb"`
	Resource string   `json:"resource"`
	Why      string   `json:"why"`
	Changes  []string `json:"changes,omitempty"`
}

func stepsOf(plan lb.Actions) []step {
	out := []step{}
	for _, a := range plan {
		out = append(out, step{Verb: a.Verb, Resource: a.Ref.String(), Why: a.Why, Changes: a.Lines()})
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

func (r serviceReport) print(w io.Writer, _ show.Style) error {
	var b strings.Builder
	switch {
	case !r.Ours:
		fmt.Fprintf(&b, "Service %s is not managed by vpcnative.\n", r.Service)
	case r.Refused != "":
		fmt.Fprintf(&b, "Service %s would be refused, and nothing would be changed.\n  %s\n", r.Service, r.Refused)
	default:
		fmt.Fprintf(&b, "Service %s: a load balancer that sends to %s.\n", r.Service, nodes(r.Nodes))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	if len(r.Ingress) > 0 {
		fmt.Fprintf(&b, "Address: %s.\n", strings.Join(r.Ingress, ", "))
	}
	if r.Refused == "" {
		b.WriteString("\n" + printSteps(r.Actions))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func nodes(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

type serviceReports []serviceReport

func (l serviceReports) print(w io.Writer, s show.Style) error {
	for i, r := range l {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := r.print(w, s); err != nil {
			return err
		}
	}
	return nil
}

func (l serviceReports) refused() error {
	for _, r := range l {
		if r.Refused != "" {
			return errRefused
		}
	}
	return nil
}

// printSteps is as lb.Actions print.
func printSteps(list []step) string {
	if len(list) == 0 {
		return "nothing to do\n"
	}
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%-8s %s: %s\n", s.Verb, s.Resource, s.Why)
		for _, c := range s.Changes {
			fmt.Fprintf(&b, "           %s\n", c)
		}
	}
	return b.String()
}
