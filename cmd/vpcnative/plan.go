package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const planLong = `Show what would be carved, where, and why there. Nothing is changed.

With --nodes and --supernet, plan a new cluster. This needs neither a cluster nor
a cloud, and prints a table and the objects to apply. With --cloud=aws, plan for
EC2, and print the VPC and the subnets that the plan needs.

Otherwise, plan RangeRequests as the manager would: those in the file -f,
range/NAME, or those in the cluster that are not granted yet.

Load balancers are planned as the manager would with --load-balancers: for the
Services in the file -f, new or edited, or for service/NAMESPACE/NAME as it is in
the cluster. This reads the cloud.

For node/NAME, print the next steps that the manager would take for the Node, and
why, up to the first that changes anything.`

const planExample = `  # a new cluster of 500 nodes that may grow to three times its size
  vpcnative plan --nodes 500 --max-pods 110 --services 4096 --growth 3x \
    --supernet 10.0.0.0/8 --reserve "10.10.0.0/16=the office VPN"

  # the same on EC2, in three zones
  vpcnative plan --nodes 500 --max-pods 110 --services 4096 --growth 3x \
    --supernet 10.0.0.0/8 --cloud=aws --aws-region eu-west-1 --zones a,b,c

  # only the objects, to apply
  vpcnative plan --nodes 500 --supernet 10.0.0.0/8 -o yaml | kubectl apply -f -

  # what a request would get in this cluster
  vpcnative plan -f request.yaml

  # what is pending for a request, and what growth would carve next
  vpcnative plan range/pods

  # the load balancer that a Service would get, and what is pending for an existing one
  vpcnative plan -f service.yaml
  vpcnative plan service/default/web

  # the next steps for a Node
  vpcnative plan node/worker-1`

func planCommand() *cobra.Command {
	o := &output{}
	var c calculator
	var r requests
	var withoutClass bool
	var namespace string
	cmd := &cobra.Command{
		Use:     "plan [range/NAME | service/NAMESPACE/NAME | node/NAME]",
		Short:   "Show what would be carved, where and why, without changing anything",
		Long:    planLong,
		Example: planExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if f := cmd.Flags().Lookup("proxy"); len(args) > 0 && f.Changed {
				return fmt.Errorf("--proxy takes its prefix length after an equals sign: --proxy=%s", args[0])
			}
			return cobra.MaximumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			asked := c.asked(cmd.Flags())
			switch {
			case len(args) == 1 && (asked != "" || r.file != "" || r.noCluster):
				return fmt.Errorf("%s is planned as it is in the cluster: do not combine it with -f, --no-cluster or flags for a new cluster", args[0])
			case len(args) == 1 && strings.HasPrefix(args[0], "node/"):
				return r.node(cmd.Context(), cmd, o, strings.TrimPrefix(args[0], "node/"), namespace)
			case len(args) == 1:
				return r.named(cmd.Context(), cmd, o, args[0], withoutClass)
			case asked != "" && r.file != "":
				return fmt.Errorf("--%s plans a new cluster, and -f the objects in a file: use one of them", asked)
			case asked != "":
				if err := c.on(cmd.Flags(), r.clouds); err != nil {
					return err
				}
				return c.run(cmd.OutOrStdout(), o)
			}
			return r.run(cmd.Context(), cmd, o, withoutClass)
		},
	}
	o.register(cmd)
	c.register(cmd.Flags())
	r.register(cmd.Flags())
	cmd.Flags().StringVar(&namespace, "namespace", "vpcnative-system", "for a Node: the namespace of the manager's claims ledger")
	cmd.Flags().BoolVar(&withoutClass, "services-without-class", false, "for a Service: set if the manager's flag is set")
	return cmd
}
