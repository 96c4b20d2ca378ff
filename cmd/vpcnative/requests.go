package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
	"github.com/vpcnative/vpcnative/controllers/ranges/carve"
)

// requests is plan for RangeRequests.
type requests struct {
	cluster   cluster.Flags
	clouds    clouds.Options
	file      string
	noCluster bool
	clusterID string
}

func (p *requests) register(f *pflag.FlagSet) {
	p.cluster.Register(f)
	p.clouds.Register(f, "", "read the VPC itself instead of the Network's status, with your own credentials for this cloud (gcp or aws)")
	f.StringVarP(&p.file, "filename", "f", "", "file to plan: RangeRequests and Networks, or Services; - for standard input")
	f.BoolVar(&p.noCluster, "no-cluster", false, "use only the file -f, and with --cloud the VPC")
	f.StringVar(&p.clusterID, "cluster-id", "", "the manager's --cluster-id (default: the UID of namespace kube-system)")
}

func (p *requests) run(ctx context.Context, cmd *cobra.Command, o *output, withoutClass bool) error {
	var file cluster.State
	if p.file != "" {
		var err error
		if file, err = p.parse(cmd.InOrStdin(), cluster.Parse); err != nil {
			return err
		}
	}
	if len(file.Services) > 0 {
		return p.services(ctx, cmd, o, file.Services, withoutClass)
	}
	if err := p.choose(); err != nil {
		return err
	}
	in, notes, err := p.input(ctx, file)
	if err != nil {
		return err
	}
	return p.preview(ctx, cmd, o, in, notes)
}

// choose settles from which cloud the VPC is read, if from any.
func (p *requests) choose() error {
	if p.clouds.Cloud = p.clouds.Implied(); p.clouds.Cloud == "" {
		return nil
	}
	return p.clouds.Validate()
}

func (p *requests) preview(ctx context.Context, cmd *cobra.Command, o *output, in preview.Input, notes []string) (err error) {
	for _, note := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: "+note)
	}
	if len(in.Wanted) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "nothing to plan: every RangeRequest in the cluster is granted")
	}
	if in.VPC, err = p.vpcs(ctx, in); err != nil {
		return err
	}
	report := preview.Make(in)
	if err := o.write(cmd.OutOrStdout(), report, report.Print); err != nil {
		return err
	}
	if report.Refused() {
		return errRefused
	}
	return nil
}

// input gathers the objects.
func (p *requests) input(ctx context.Context, file cluster.State) (in preview.Input, notes []string, err error) {
	var state cluster.State
	switch {
	case p.noCluster && p.file == "":
		return in, nil, errors.New("--no-cluster requires -f")
	case p.noCluster:
		if state, err = file.Check(ctx); err != nil {
			return in, nil, err
		}
		in.ClusterID = p.clusterID
		notes = []string{"the objects were checked against the built-in schema, not by an API server, and no node is known"}
		if p.clusterID == "" {
			in.ClusterID = "unknown"
			notes = append(notes, "the names of ranges will differ: they contain the cluster ID, which is not known")
		}
	default:
		if state, notes, err = p.ofCluster(ctx, file, &in); err != nil {
			return in, nil, err
		}
	}
	in.Networks, in.Requests, in.Nodes = state.Networks, state.Requests, state.Nodes
	in.Now = time.Now()
	for i := range state.Requests {
		r := &state.Requests[i]
		ofFile := slices.ContainsFunc(file.Requests, func(f v1alpha1.RangeRequest) bool { return f.Name == r.Name })
		if ofFile || p.file == "" && waits(r) {
			in.Wanted = append(in.Wanted, r.Name)
		}
	}
	return in, notes, nil
}

// ofCluster reads what is in the cluster.
func (p *requests) ofCluster(ctx context.Context, file cluster.State, in *preview.Input) (state cluster.State, notes []string, err error) {
	c, err := p.cluster.Connect()
	if err != nil {
		return state, nil, fmt.Errorf("%w; to plan a new cluster use --nodes and --supernet, to plan a file without a cluster use -f with --no-cluster", err)
	}
	if state, notes, err = p.read(ctx, c, file); err != nil {
		return state, nil, err
	}
	in.Services, err = serviceBlocks(ctx, c)
	if in.NoServices = cluster.IsMissingKind(err); in.NoServices {
		in.Services, err = clusterIPs(ctx, c)
	}
	if err != nil {
		return state, nil, err
	}
	if in.ClusterID = p.clusterID; in.ClusterID == "" {
		in.ClusterID, err = cluster.ID(ctx, c)
	}
	return state, notes, err
}

func (p *requests) read(ctx context.Context, c client.Client, file cluster.State) (cluster.State, []string, error) {
	state, err := cluster.Read(ctx, c)
	if err != nil || p.file == "" {
		return state, nil, err
	}
	return cluster.Admit(ctx, c, state, file)
}

// serviceBlocks are the ServiceCIDRs, as the planner takes them.
func serviceBlocks(ctx context.Context, c client.Reader) (out []carve.ServiceBlock, err error) {
	all, err := cluster.ServiceCIDRs(ctx, c)
	for _, s := range all {
		for _, block := range v1alpha1.ParseCIDRs(s.Spec.CIDRs) {
			out = append(out, carve.ServiceBlock{Prefix: block, Name: s.Name})
		}
	}
	return out, err
}

// clusterIPs are those of Services, where no ServiceCIDR tells of them.
func clusterIPs(ctx context.Context, c client.Reader) ([]carve.ServiceBlock, error) {
	var list corev1.ServiceList
	if err := c.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("listing Services: %w", err)
	}
	return carve.ClusterIPs(list.Items), nil
}

// parse reads the file.
func (p *requests) parse(stdin io.Reader, parse func(io.Reader) (cluster.State, error)) (state cluster.State, err error) {
	in := stdin
	if p.file != "-" {
		var file *os.File
		if file, err = os.Open(p.file); err != nil {
			return state, fmt.Errorf("reading %s: %w", p.file, err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	if state, err = parse(in); err != nil {
		err = fmt.Errorf("reading %s: %w", p.file, err)
	}
	return state, err
}

// waits reports whether the manager has not granted a request as it is now.
func waits(r *v1alpha1.RangeRequest) bool {
	return r.DeletionTimestamp.IsZero() &&
		(r.Status.ObservedGeneration != r.Generation || !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReady))
}

// vpcs says what is known of the VPC of each Network that is asked for.
func (p *requests) vpcs(ctx context.Context, in preview.Input) (map[string]preview.VPC, error) {
	all := openVPCs(p.clouds, in.ClusterID)
	defer all.Close()
	out := map[string]preview.VPC{}
	for i := range in.Networks {
		n := &in.Networks[i]
		wanted := func(r v1alpha1.RangeRequest) bool {
			return r.NetworkName() == n.Name && slices.Contains(in.Wanted, r.Name)
		}
		if !slices.ContainsFunc(in.Requests, wanted) {
			continue
		}
		if p.clouds.Cloud == "" {
			out[n.Name] = preview.Status(n, clouds.Blank(n))
			continue
		}
		known, err := all.read(ctx, n)
		if err != nil {
			return nil, err
		}
		out[n.Name] = known
	}
	return out, nil
}
