// vpcnative-manager is the controller-manager: it carves ranges out of the
// VPC and gives every Node its piece.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

// gcPercent: most of what is allocated is the garbage of requests, most of
// what lives is one small entry for each Node. So a low percentage, which
// keeps the heap at 1.4 times what lives, costs little.
const gcPercent = 40

func main() {
	runtime.MemProfileRate = 0 // nothing serves the profile that it would fill
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := command().ExecuteContext(ctrl.SetupSignalHandler()); err != nil {
		fmt.Fprintln(os.Stderr, "vpcnative-manager: "+show.Errors(err))
		os.Exit(1)
	}
}

func command() *cobra.Command {
	o := defaults()
	cmd := &cobra.Command{
		Use:           "vpcnative-manager",
		Short:         "Carve pod ranges out of the VPC and give every Node its piece",
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
