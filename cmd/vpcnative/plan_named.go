package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
)

// named is plan for one object as it is in the cluster.
func (p *requests) named(ctx context.Context, cmd *cobra.Command, o *output, arg string, withoutClass bool) error {
	kind, name, _ := strings.Cut(arg, "/")
	switch namespace, service, two := strings.Cut(name, "/"); {
	case (kind == "service" || kind == "svc") && namespace != "" && service != "" && !strings.Contains(service, "/"):
		return p.service(ctx, cmd, o, client.ObjectKey{Namespace: namespace, Name: service}, withoutClass)
	case (kind == "range" || kind == "rangerequest") && name != "" && !two:
		return p.request(ctx, cmd, o, name)
	}
	return fmt.Errorf("%s: use range/NAME, service/NAMESPACE/NAME or node/NAME", arg)
}

func (p *requests) request(ctx context.Context, cmd *cobra.Command, o *output, name string) error {
	if err := p.choose(); err != nil {
		return err
	}
	in, notes, err := p.input(ctx, cluster.State{})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(in.Requests, func(r v1alpha1.RangeRequest) bool { return r.Name == name }) {
		return fmt.Errorf("there is no RangeRequest %s in the cluster", name)
	}
	in.Wanted = []string{name}
	return p.preview(ctx, cmd, o, in, notes)
}
