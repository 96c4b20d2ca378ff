package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

const planLong = `Say what would be carved, where, and why there. Nothing is done.

With --nodes and --supernet it plans a cluster that is not there yet, and needs
neither a cluster nor a cloud: it prints a table and the objects to apply. With
--cloud=aws it plans for EC2, and says what the VPC and its subnets have to be.

Without them it plans RangeRequests: those of -f, or those in the cluster that
are not granted yet, as the manager would.

Load balancers are planned as the manager would with --load-balancers: of the
Services of -f, made or edited as the file has them, or of service/NAMESPACE/NAME
as it is in the cluster. The cloud is read for that.`

const planExample = `  # a new cluster of 500 nodes that may become three times as large
  vpcnative plan --nodes 500 --max-pods 110 --services 4096 --growth 3x \
    --supernet 10.0.0.0/8 --reserve "10.10.0.0/16=the office VPN"

  # the same on EC2, in three zones
  vpcnative plan --nodes 500 --max-pods 110 --services 4096 --growth 3x \
    --supernet 10.0.0.0/8 --cloud=aws --aws-region eu-west-1 --zones a,b,c

  # the objects alone, to apply
  vpcnative plan --nodes 500 --supernet 10.0.0.0/8 -o yaml | kubectl apply -f -

  # what a request would get in this cluster
  vpcnative plan -f request.yaml

  # the load balancer that a Service would get, and what is still to do for one
  vpcnative plan -f service.yaml
  vpcnative plan service/default/web`

func planCommand() *cobra.Command {
	o := &output{}
	var c calculator
	var r requests
	var withoutClass bool
	cmd := &cobra.Command{
		Use:     "plan [service/NAMESPACE/NAME]",
		Short:   "Say what would be carved, where and why; do nothing",
		Long:    planLong,
		Example: planExample,
		Args: func(cmd *cobra.Command, args []string) error {
			if f := cmd.Flags().Lookup("proxy"); len(args) > 0 && f.Changed {
				return fmt.Errorf("--proxy takes its prefix length behind an equals sign: --proxy=%s", args[0])
			}
			return cobra.MaximumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			asked := c.asked(cmd.Flags())
			switch {
			case len(args) == 1 && (asked != "" || r.file != "" || r.noCluster):
				return fmt.Errorf("%s is planned by itself, as it is in the cluster", args[0])
			case len(args) == 1:
				return r.service(cmd.Context(), cmd, o, args[0], withoutClass)
			case asked != "" && r.file != "":
				return fmt.Errorf("--%s plans a cluster that is not there yet, and -f plans what is in the file: give one of them", asked)
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
	cmd.Flags().BoolVar(&withoutClass, "services-without-class", false, "for a Service: what the manager's flag is")
	return cmd
}
