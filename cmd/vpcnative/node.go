package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/node"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// nodeReport is what is said of a Node, or of what an earlier Node of its name
// held.
type nodeReport struct {
	Node  string      `json:"node"`
	Holds string      `json:"holds,omitempty"`
	Steps []show.Step `json:"steps"`
}

// node is plan for a Node as it is in the cluster.
func (p *requests) node(ctx context.Context, cmd *cobra.Command, o *output, name, namespace string) error {
	in, err := p.join(ctx)
	if err != nil {
		return err
	}
	configMaps, err := p.cluster.ConfigMaps(namespace)
	if err != nil {
		return err
	}
	first := &v1alpha1.Network{}
	if len(in.networks) > 0 {
		first = &in.networks[0]
	}
	all, err := p.connect(first, in.clusterID)
	if err != nil {
		return err
	}
	defer all.Close()
	previewer, err := node.NewPreviewer(ctx, node.Config{Client: in.client, Live: in.client, OpenVPC: all.Open, Space: all.space,
		Ledger: claims.Config{ConfigMaps: configMaps, Name: claims.DefaultName}})
	if err != nil {
		return err
	}
	previews, err := previewer.Node(ctx, name)
	if err != nil {
		return err
	}
	if len(previews) == 0 {
		return fmt.Errorf("there is no Node %s, and nothing is held by one that is gone", name)
	}
	out := []nodeReport{}
	for _, x := range previews {
		r := nodeReport{Node: x.Node, Holds: x.Holds}
		for _, s := range x.Steps {
			step := show.Step{Verb: string(s.Do), Why: s.Why}
			if s.Again > 0 {
				step.Again = s.Again.String()
			}
			r.Steps = append(r.Steps, step)
		}
		out = append(out, r)
	}
	return o.write(cmd.OutOrStdout(), map[string]any{"nodes": out}, func(p *show.Printer) {
		for _, r := range out {
			fmt.Fprintln(p, p.Bold(strings.TrimSuffix("Node "+r.Node+", "+r.Holds, ", ")))
			p.Steps(r.Steps)
		}
	})
}
