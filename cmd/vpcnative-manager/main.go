// vpcnative-manager is the controller manager: it carves ranges out of the VPC,
// allocates every Node's pod CIDR, and manages load balancers.
package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

func main() {
	runtime.MemProfileRate = 0 // nothing serves the profile that it would fill
	tuneCollector()
	if err := command().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "vpcnative-manager: "+show.Errors(err))
		os.Exit(1)
	}
}

func command() *cobra.Command {
	o := defaults()
	cmd := &cobra.Command{
		Use:           "vpcnative-manager",
		Short:         "Allocate VPC-native pod CIDRs and manage cloud load balancers",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.fromFile(cmd.Flags()); err != nil {
				return err
			}
			if err := o.validate(); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	o.register(cmd.Flags())
	return cmd
}
