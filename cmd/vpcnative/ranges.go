package main

import (
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/usage"
)

func rangesCommand() *cobra.Command {
	o := &output{}
	var flags cluster.Flags
	var nodes bool
	cmd := &cobra.Command{
		Use:   "ranges",
		Short: "Show networks and ranges with their utilization",
		Long: `Show networks and ranges with their utilization.

Nodes are counted by their podCIDRs; a node CIDR that is claimed but not
published, or quarantined, is not counted. ClusterIPs are counted as the API
server has allocated them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.Connect()
			if err != nil {
				return err
			}
			state, err := cluster.Read(cmd.Context(), c)
			if err != nil {
				return err
			}
			allocated, err := cluster.IPAddresses(cmd.Context(), c)
			if apierrors.IsForbidden(err) {
				fmt.Fprintln(cmd.ErrOrStderr(), "note: you may not read IPAddresses, so ClusterIPs are not counted")
			} else if err != nil {
				return err
			}
			var addresses []netip.Addr
			for _, a := range allocated {
				if addr, err := netip.ParseAddr(a.Name); err == nil {
					addresses = append(addresses, addr)
				}
			}
			tree := usage.Build(state, addresses, nodes)
			return o.write(cmd.OutOrStdout(), tree, tree.Print)
		},
	}
	o.register(cmd)
	flags.Register(cmd.Flags())
	cmd.Flags().BoolVar(&nodes, "nodes", false, "also list the nodes of each range")
	return cmd
}
