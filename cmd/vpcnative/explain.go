package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cmd/clouds"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/explain"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

func explainCommand() *cobra.Command {
	o := &output{}
	var e explainer
	cmd := &cobra.Command{
		Use:   "explain ADDRESS|PREFIX|NAME",
		Short: "Explain what an address, a prefix, a node or a range is",
		Long: `Explain what an address or a prefix is: which range, node, Pod or Service has
it, or why it is free or off limits. NAME is the name of a node, a RangeRequest,
a Network or a range in the cloud; use node/NAME, rangerequest/NAME or
network/NAME if it is ambiguous.

By default the Networks' status says what is in the VPC. With --cloud the VPC
itself is read, and the interfaces of its instances.`,
		Example: `  vpcnative explain 10.4.3.7
  vpcnative explain 10.4.0.0/14 --cloud=gcp
  vpcnative explain node/worker-1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, isPrefix, err := question(args[0])
			if err != nil {
				return err
			}
			if e.clouds.Cloud = e.clouds.Implied(); e.clouds.Cloud != "" {
				if err := e.clouds.Validate(); err != nil {
					return err
				}
			}
			c, err := e.cluster.Connect()
			if err != nil {
				return err
			}
			w, err := e.world(cmd.Context(), c, p)
			if err != nil {
				return err
			}
			for _, n := range e.notes {
				fmt.Fprintln(cmd.ErrOrStderr(), "note: "+n)
			}
			var all []explain.Explanation
			if isPrefix {
				all = append(all, w.Prefix(p))
			} else if all = w.Name(args[0]); len(all) == 0 {
				return fmt.Errorf("no node, RangeRequest, Network or range is called %q; write addresses in full", args[0])
			}
			return o.write(cmd.OutOrStdout(), map[string]any{"explanations": all}, func(p *show.Printer) {
				for i, e := range all {
					if i > 0 {
						fmt.Fprintln(p)
					}
					e.Print(p)
				}
			})
		},
	}
	o.register(cmd)
	e.cluster.Register(cmd.Flags())
	e.clouds.Register(cmd.Flags(), "", "read the VPC itself instead of the Networks' status, with your own credentials for this cloud (gcp or aws)")
	cmd.Flags().StringVar(&e.clusterID, "cluster-id", "", "the manager's --cluster-id (default: the UID of namespace kube-system)")
	return cmd
}

// question parses an address or a prefix; anything else is a name.
func question(text string) (p netip.Prefix, ok bool, err error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), true, nil
	}
	if first, _, said := strings.Cut(text, "/"); said {
		if _, err := netip.ParseAddr(first); err == nil {
			p, err := prefix.Parse(text, 0)
			return p, true, err
		}
	}
	return netip.Prefix{}, false, nil
}

// explainer reads what an explanation needs.
type explainer struct {
	cluster   cluster.Flags
	clouds    clouds.Options
	clusterID string
	notes     []string
}

// leave notes what is left out because the user may not read it, or the API
// server does not have it.
func (e *explainer) leave(what string, err error) error {
	if apierrors.IsForbidden(err) {
		e.notes = append(e.notes, fmt.Sprintf("you may not read %s, so they are ignored", what))
		return nil
	}
	if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func (e *explainer) world(ctx context.Context, c client.Client, p netip.Prefix) (w explain.World, err error) {
	if w.State, err = cluster.Read(ctx, c); err != nil {
		return w, err
	}
	if err := e.vpcs(ctx, c, p, &w); err != nil {
		return w, err
	}
	if w.ServiceCIDRs, err = cluster.ServiceCIDRs(ctx, c); e.leave("ServiceCIDRs", err) != nil {
		return w, err
	}
	if !p.IsValid() || !p.IsSingleIP() {
		return w, nil
	}
	ip := p.Addr().String()
	w.Pods, err = podsWith(ctx, c, p.Addr(), w.Nodes)
	if err := e.leave("Pods", err); err != nil {
		return w, fmt.Errorf("finding Pods with address %s: %w", ip, err)
	}
	var address networkingv1.IPAddress
	err = c.Get(ctx, client.ObjectKey{Name: ip}, &address)
	if err == nil {
		w.IPAddresses = append(w.IPAddresses, address)
	}
	return w, e.leave("IPAddresses", err)
}

// podsWith returns the Pods that have the address. The API server finds them by
// the first of their addresses alone, so those of the node that publishes it
// are looked through for the others.
func podsWith(ctx context.Context, c client.Reader, a netip.Addr, nodes []corev1.Node) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := c.List(ctx, &pods, client.MatchingFields{"status.podIP": a.String()})
	if err != nil || len(pods.Items) > 0 {
		return pods.Items, err
	}
	for _, n := range nodes {
		for _, q := range v1alpha1.ParseCIDRs(n.Spec.PodCIDRs) {
			if !q.Contains(a) {
				continue
			}
			if err := c.List(ctx, &pods, client.MatchingFields{"spec.nodeName": n.Name}); err != nil {
				return nil, err
			}
			return slices.DeleteFunc(pods.Items, func(p corev1.Pod) bool {
				return !slices.ContainsFunc(p.Status.PodIPs, func(ip corev1.PodIP) bool { return ip.IP == a.String() })
			}), nil
		}
	}
	return nil, nil
}
