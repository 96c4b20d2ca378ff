// vpcnative is the command line: it plans addresses, shows what is granted,
// and explains what an address is. Installed as kubectl-vpcnative it is a
// plugin of kubectl.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

func main() {
	log.SetLogger(logr.Discard()) // the commands print everything themselves
	klog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	name := "vpcnative"
	if strings.HasPrefix(filepath.Base(os.Args[0]), "kubectl-") {
		name = "kubectl vpcnative"
	}
	os.Exit(run(ctx, name, os.Args[1:], os.Stdout, os.Stderr))
}

// errRefused means that a plan was printed in which something would be refused.
var errRefused = errors.New("something would be refused")

// run returns the exit code: 0, 1 for an error, and 2 for a plan in which
// something would be refused.
func run(ctx context.Context, name string, args []string, out, errs io.Writer) int {
	cmd := command(name)
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errs)
	err := cmd.ExecuteContext(ctx)
	var no noFit
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRefused):
		return 2
	case errors.As(err, &no):
		fmt.Fprintln(errs, "vpcnative: "+err.Error())
		return 2
	}
	fmt.Fprintln(errs, "vpcnative: "+show.Errors(err))
	return 1
}

func command(name string) *cobra.Command {
	cmd := &cobra.Command{
		Use:           "vpcnative",
		Short:         "Plan, show and explain the addresses of a VPC-native cluster",
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(planCommand(), rangesCommand(), explainCommand(), orphansCommand(), teardownCommand(), versionCommand())
	return cmd
}
