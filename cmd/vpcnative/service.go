package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer/wanted"
)

// place is a cluster and the load balancing of one of its Networks.
type place struct {
	client    client.Client
	clusterID string
	network   *v1alpha1.Network
	lb.Balancers
	close func()
}

// open connects to the cluster, and to the cloud of the Network that name
// gives of all there are.
func (p *requests) open(ctx context.Context, name func(client.Client, []v1alpha1.Network) (string, error)) (*place, error) {
	c, err := p.cluster.Connect()
	if err != nil {
		return nil, err
	}
	out := &place{client: c, clusterID: p.clusterID}
	if out.clusterID == "" {
		if out.clusterID, err = cluster.ID(ctx, c); err != nil {
			return nil, err
		}
	}
	var all v1alpha1.NetworkList
	if err := c.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing Networks: %w; is vpcnative installed in this cluster? deploy/crds has its kinds", err)
	}
	want, err := name(c, all.Items)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all.Items, func(n v1alpha1.Network) bool { return n.Name == want })
	if at < 0 {
		return nil, fmt.Errorf("there is no Network %q", want)
	}
	out.network = &all.Items[at]
	out.Balancers, out.close, err = p.balancers(ctx, out.network)
	return out, err
}

// balancers opens a Network's load balancing.
func (p *requests) balancers(ctx context.Context, n *v1alpha1.Network) (lb.Balancers, func(), error) {
	if p.clouds.Cloud = p.clouds.Implied(); p.clouds.Cloud == "" {
		p.clouds.Cloud = clouds.Of(n)
	}
	if err := p.clouds.Validate(); err != nil {
		return nil, nil, err
	}
	opener := clouds.New(clouds.Config{Options: p.clouds, UserAgent: "vpcnative"})
	b, err := opener.Balancers(ctx, n)
	if err != nil {
		opener.Close()
		return nil, nil, err
	}
	return b, opener.Close, nil
}

// service is plan for a Service.
func (p *requests) service(ctx context.Context, cmd *cobra.Command, o *output, arg string, withoutClass bool) error {
	parts := strings.Split(arg, "/")
	if len(parts) != 3 || parts[0] != "service" && parts[0] != "svc" || parts[1] == "" || parts[2] == "" {
		return fmt.Errorf("%s: what is planned by name is service/NAMESPACE/NAME", arg)
	}
	s := &corev1.Service{}
	at, err := p.open(ctx, func(c client.Client, all []v1alpha1.Network) (string, error) {
		err := c.Get(ctx, client.ObjectKey{Namespace: parts[1], Name: parts[2]}, s)
		return loadbalancer.NetworkOf(s, all), err
	})
	if err != nil {
		return err
	}
	defer at.close()
	state, err := cluster.Read(ctx, at.client)
	if err != nil {
		return err
	}
	var nodes []*corev1.Node
	for i := range state.Nodes {
		nodes = append(nodes, &state.Nodes[i])
	}
	preview, err := loadbalancer.PreviewOf(ctx, at, wanted.Cluster{ID: at.clusterID, Cloud: clouds.Of(at.network)}, s, withoutClass, nodes)
	if err != nil {
		return err
	}
	report := reportOf(s, preview)
	if err := o.write(cmd.OutOrStdout(), report, report.print); err != nil {
		return err
	}
	if report.Refused != "" {
		return errRefused
	}
	return nil
}

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
		s := step{Verb: a.Verb, Resource: a.Ref.String(), Why: a.Why}
		for _, c := range a.Diff {
			s.Changes = append(s.Changes, c.String())
		}
		out = append(out, s)
	}
	return out
}

func reportOf(s *corev1.Service, p loadbalancer.Preview) serviceReport {
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
		fmt.Fprintf(&b, "Service %s is none that gets a load balancer of ours.\n", r.Service)
	case r.Refused != "":
		fmt.Fprintf(&b, "Service %s is refused, and nothing would be changed.\n  %s\n", r.Service, r.Refused)
	default:
		fmt.Fprintf(&b, "Service %s: a load balancer that sends to %d nodes.\n", r.Service, r.Nodes)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	if len(r.Ingress) > 0 {
		fmt.Fprintf(&b, "It can be reached at %s.\n", strings.Join(r.Ingress, ", "))
	}
	if r.Refused == "" {
		b.WriteString("\n" + printSteps(r.Actions))
	}
	_, err := io.WriteString(w, b.String())
	return err
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
