package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

const teardownLong = `Delete everything that vpcnative created in the cloud for a cluster that is gone:
load balancers, ranges (retained ones too), proxy-only subnets, firewall rules
and subnets for new nodes. Resources without that cluster's mark are left alone.

-f is a file with the cluster's Networks as they were. --cluster-id is its
manager's cluster ID, by default the UID of its namespace kube-system; the
descriptions of its cloud resources end with it.

A cluster counts as gone if nothing answers at its API server's address, from the
kubeconfig or --server, and no instance has addresses of its ranges. In a running
cluster delete the objects instead: its manager deletes the cloud resources.
--yes replaces typing the ID, and nothing else.

Routes and VPC blocks (EC2) have no mark: they are known from the status of the
RangeRequests. Put these, with their status, into the file too.`

// wrecker implements the command teardown.
type wrecker struct {
	requests
	yes bool
}

func teardownCommand() *cobra.Command {
	o, t := &output{}, &wrecker{}
	cmd := &cobra.Command{
		Use:     "teardown -f NETWORKS --cluster-id ID",
		Short:   "Delete the cloud resources of a cluster that is gone",
		Long:    teardownLong,
		Example: "  vpcnative teardown -f network.yaml --cluster-id 5b1c9e0e-9c1b-4a52-9a59-0c9a5f6c4d11",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.run(cmd.Context(), cmd, o)
		},
	}
	o.register(cmd)
	set := cmd.Flags()
	t.cluster.Register(set)
	t.cluster.RegisterServer(set)
	t.clouds.Register(set, "", "the cloud, gcp or aws, with your own credentials (default: each Network's)")
	set.StringVarP(&t.file, "filename", "f", "", "file with the Networks, and RangeRequests with their status; - for standard input")
	set.StringVar(&t.clusterID, "cluster-id", "", "the --cluster-id of the cluster's manager")
	set.BoolVar(&t.yes, "yes", false, "do not ask for the cluster's ID; all other checks still apply")
	return cmd
}

func (t *wrecker) run(ctx context.Context, cmd *cobra.Command, o *output) error {
	if t.file == "" || t.clusterID == "" {
		return errors.New("teardown requires -f, the file with the cluster's Networks, and --cluster-id")
	}
	if t.file == "-" && !t.yes {
		return errors.New("standard input cannot be both the file and the confirmation: add --yes")
	}
	saved, err := t.saved(cmd.InOrStdin())
	if err != nil {
		return err
	}
	if err := t.gone(ctx); err != nil {
		return err
	}
	all, done, err := t.lookAll(ctx, saved)
	defer done()
	if err != nil {
		return err
	}
	out := []leftover{}
	for _, r := range all {
		for _, note := range r.notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "note: "+note)
		}
		for _, x := range r.list() {
			out = append(out, leftover{Resource: x.Resource, For: x.For, Result: "to be deleted"})
		}
	}
	if len(out) == 0 {
		return o.write(cmd.OutOrStdout(), out, printResults(out))
	}
	if err := t.agreed(cmd, o, out, all); err != nil {
		return err
	}
	out = []leftover{}
	for _, r := range all {
		out = append(out, r.remove(ctx)...)
	}
	if err := o.write(cmd.OutOrStdout(), out, printResults(out)); err != nil {
		return err
	}
	return stillThere(out)
}

func stillThere(all []leftover) error {
	failed := slices.DeleteFunc(slices.Clone(all), func(x leftover) bool { return x.Error == "" })
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d resources are still there; fix the reasons above and run it again", len(failed), len(all))
}

// lookAll finds what is left in the VPC of each Network; done closes these.
func (t *wrecker) lookAll(ctx context.Context, saved cluster.State) (all []*remains, done func(), err error) {
	done = func() {
		for _, r := range all {
			r.close()
		}
	}
	for i := range saved.Networks {
		r, err := t.look(ctx, &saved.Networks[i], saved.Requests)
		if err != nil {
			return all, done, err
		}
		all = append(all, r)
	}
	once(all)
	return all, done, nil
}

// agreed checks that no instance carries anything, and asks, unless --yes does.
func (t *wrecker) agreed(cmd *cobra.Command, o *output, out []leftover, all []*remains) error {
	if t.yes {
		return noneCarried(all)
	}
	if err := o.print(cmd.ErrOrStderr(), printResults(out)); err != nil {
		return err
	}
	if err := noneCarried(all); err != nil {
		return err
	}
	return confirm(cmd.InOrStdin(), cmd.ErrOrStderr(), t.clusterID)
}

// saved is what the file holds.
func (t *wrecker) saved(stdin io.Reader) (cluster.State, error) {
	return t.parse(stdin, func(r io.Reader) (cluster.State, error) {
		state, err := cluster.ParseSaved(r)
		if err == nil && len(state.Networks) == 0 {
			err = errors.New("it contains no Network")
		}
		return state, err
	})
}

// gone returns an error if anything answers at the API server's address: the
// cluster itself, or another one whose kubeconfig or context was named by
// mistake.
func (t *wrecker) gone(ctx context.Context) error {
	host, answers, err := t.cluster.Answers(ctx)
	if err != nil {
		return fmt.Errorf("cannot tell whether the cluster is gone; nothing was deleted: %w", err)
	}
	if !answers {
		return nil
	}
	id := "its cluster is unknown"
	if c, err := t.cluster.Connect(); err == nil {
		if uid, err := cluster.ID(ctx, c); err == nil && uid == t.clusterID {
			return fmt.Errorf("cluster %s answers at %s: delete its Services, RangeRequests and Networks, and its manager deletes the cloud resources", uid, host)
		} else if err == nil {
			id = "its namespace kube-system has the UID " + uid
		}
	}
	return fmt.Errorf("an API server answers at %s, and %s: select that of the cluster that is gone with --kubeconfig and --context, or its address with --server; "+
		"in a running cluster, its own manager deletes the cloud resources", host, id)
}

// noneCarried returns an error while an instance has addresses of the cluster: a
// network that is down does not answer either, although its cluster runs.
func noneCarried(all []*remains) error {
	var who []string
	for _, r := range all {
		who = append(who, r.carriers...)
	}
	slices.Sort(who)
	who = slices.Compact(who) // two Networks of one VPC show the same
	if len(who) == 0 {
		return nil
	}
	if more := len(who) - conditions.Few; more > 0 {
		who = append(who[:conditions.Few], fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("the API server does not answer, but machines of the cluster exist, so it may still be running; nothing was deleted:\n  %s\ndelete these instances, and run it again",
		strings.Join(who, "\n  "))
}

// confirm asks a person to type the cluster's ID.
func confirm(in io.Reader, out io.Writer, id string) error {
	fmt.Fprintf(out, "\nAll of these will be deleted permanently. Type the cluster's ID to continue: ")
	line, err := bufio.NewReader(in).ReadString('\n')
	if strings.TrimSpace(line) == id {
		return nil
	}
	if err != nil {
		fmt.Fprintln(out) // nobody ended the line
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
	return errors.New("not confirmed; nothing was deleted")
}
