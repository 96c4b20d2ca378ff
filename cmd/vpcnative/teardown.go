package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
)

const teardownLong = `Remove all that is ours in the cloud, of a cluster that is gone: load balancers,
ranges (retained ones too), proxy-only subnets, firewall rules, subnets that were
made for nodes. What carries no mark of that cluster is left alone.

-f names the file with the cluster's Networks, as they were; --cluster-id what
its manager's was, by default the UID of its namespace kube-system. Descriptions
of what it made in the cloud end with it. A cluster that still answers under
that ID is refused: delete its objects, and its manager removes all this.

Routes and blocks of a VPC (EC2) carry no mark: they are ours by what the
RangeRequests recorded. Put these, with their status, into the file too.`

// wrecker is the command teardown.
type wrecker struct {
	requests
	yes bool
}

func teardownCommand() *cobra.Command {
	o, t := &output{}, &wrecker{}
	cmd := &cobra.Command{
		Use:     "teardown -f NETWORKS --cluster-id ID",
		Short:   "Remove from the cloud all that is left of a cluster that is gone",
		Long:    teardownLong,
		Example: "  vpcnative teardown -f network.yaml --cluster-id 5b1c9e0e-9c1b-4a52-9a59-0c9a5f6c4d11",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return t.run(cmd.Context(), cmd, o)
		},
	}
	o.register(cmd)
	set := cmd.Flags()
	t.cluster.Register(set)
	t.clouds.Register(set, "", "the cloud, with your own credentials; each Network's where it is not given")
	set.StringVarP(&t.file, "filename", "f", "", "file with the Networks, and RangeRequests with their status; - is standard input")
	set.StringVar(&t.clusterID, "cluster-id", "", "what the manager's --cluster-id was")
	set.BoolVar(&t.yes, "yes", false, "do not ask")
	return cmd
}

func (t *wrecker) run(ctx context.Context, cmd *cobra.Command, o *output) error {
	if t.file == "" || t.clusterID == "" {
		return errors.New("teardown needs both -f, the file with the cluster's Networks, and --cluster-id")
	}
	if t.file == "-" && !t.yes {
		return errors.New("standard input cannot both be the file and answer whether to go on: add --yes")
	}
	saved, err := t.saved(cmd.InOrStdin())
	if err != nil {
		return err
	}
	if err := t.gone(ctx); err != nil {
		return err
	}
	var all []*remains
	for i := range saved.Networks {
		r, err := t.look(ctx, &saved.Networks[i], saved.Requests)
		if err != nil {
			return err
		}
		defer r.close()
		all = append(all, r)
	}
	once(all)
	out := receipts{}
	for _, r := range all {
		for _, note := range r.notes {
			fmt.Fprintln(cmd.ErrOrStderr(), "note: "+note)
		}
		out = append(out, r.list("to be removed")...)
	}
	if len(out) == 0 {
		return o.write(cmd.OutOrStdout(), out, out.print)
	}
	if !t.yes {
		if err := out.print(cmd.ErrOrStderr(), show.Style{}); err != nil {
			return err
		}
		if err := confirm(cmd.InOrStdin(), cmd.ErrOrStderr(), t.clusterID); err != nil {
			return err
		}
	}
	out = receipts{}
	for _, r := range all {
		out = append(out, r.remove(ctx)...)
	}
	if err := o.write(cmd.OutOrStdout(), out, out.print); err != nil {
		return err
	}
	if n := out.failures(); n > 0 {
		return fmt.Errorf("not everything is gone, %d of %d are still there; run it again once what stands in the way is gone", n, len(out))
	}
	return nil
}

// saved is what the file holds.
func (t *wrecker) saved(stdin io.Reader) (cluster.State, error) {
	in := stdin
	if t.file != "-" {
		file, err := os.Open(t.file)
		if err != nil {
			return cluster.State{}, err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	state, err := cluster.ParseSaved(in)
	if err == nil && len(state.Networks) == 0 {
		err = errors.New("it holds no Network")
	}
	if err != nil {
		return state, fmt.Errorf("reading %s: %w", t.file, err)
	}
	return state, nil
}

// gone refuses where the cluster that the kubeconfig names is the one whose
// remains are to be removed. One that does not answer cannot be.
func (t *wrecker) gone(ctx context.Context) error {
	c, err := t.cluster.Connect()
	if err != nil {
		return nil
	}
	id, err := cluster.ID(ctx, c)
	if err == nil && id == t.clusterID {
		return fmt.Errorf("the cluster %s answers: delete its Services, RangeRequests and Networks, and its manager removes all that it made", id)
	}
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return fmt.Errorf("a cluster answers, and does not say whether it is %s: %w; name no cluster, or one that you may ask", t.clusterID, err)
	}
	return nil
}

// confirm has a person type the cluster's ID.
func confirm(in io.Reader, out io.Writer, id string) error {
	fmt.Fprintf(out, "\nAll of it is removed, for good. Type the cluster's ID to go on: ")
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
	return errors.New("not confirmed; nothing was removed")
}
