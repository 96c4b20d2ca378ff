package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/node"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// nodeReports are what is said of a Node, and of what earlier Nodes of its name
// held.
type nodeReports []nodeReport

type nodeReport struct {
	Node  string     `json:"node"`
	Holds string     `json:"holds,omitempty"`
	Steps []nodeStep `json:"steps"`
}

type nodeStep struct {
	Do    string `json:"do"`
	Why   string `json:"why"`
	Again string `json:"again,omitempty"`
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
	options := p.clouds
	if options.Cloud = options.Implied(); options.Cloud == "" && len(in.networks) > 0 {
		options.Cloud = clouds.Of(&in.networks[0])
	}
	if err := options.Validate(); err != nil {
		return err
	}
	opener := clouds.New(clouds.Config{Options: options, UserAgent: "vpcnative", ClusterID: in.clusterID})
	defer opener.Close()
	previewer, err := node.NewPreviewer(ctx, node.Config{Client: in.client, Live: in.client, OpenVPC: opener.Open,
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
	var out nodeReports
	for _, x := range previews {
		r := nodeReport{Node: x.Node, Holds: x.Holds}
		for _, s := range x.Steps {
			one := nodeStep{Do: string(s.Do), Why: s.Why}
			if s.Again > 0 {
				one.Again = s.Again.String()
			}
			r.Steps = append(r.Steps, one)
		}
		out = append(out, r)
	}
	return o.write(cmd.OutOrStdout(), map[string]any{"nodes": out}, out.print)
}

func (all nodeReports) print(w io.Writer, _ show.Style) error {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "node %s", r.Node)
		if r.Holds != "" {
			fmt.Fprintf(&b, ", %s", r.Holds)
		}
		b.WriteString("\n")
		for _, s := range r.Steps {
			fmt.Fprintf(&b, "  %-17s %s", s.Do, s.Why)
			if s.Again != "" {
				fmt.Fprintf(&b, " (again in %s)", s.Again)
			}
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
