package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// account shows how things stand, and checks it.
func (s *stage) account(ctx context.Context) error {
	if err := s.until(ctx, "waiting for the request to be counted", patience, s.counted(ctx)); err != nil {
		return err
	}
	s.heading("How it stands:")
	var nodes corev1.NodeList
	if err := s.api.List(ctx, &nodes); err != nil {
		return fmt.Errorf("listing Nodes: %w", err)
	}
	s.screen.say(s.nodeTable(nodes.Items))
	if err := s.requestView(ctx); err != nil {
		return err
	}
	if err := s.networkView(ctx); err != nil {
		return err
	}
	if err := s.settled(ctx)(); err != nil {
		return err
	}
	s.screen.say(fmt.Sprintf("\n  %s I1  no two of %d Nodes hold overlapping ranges, in the API or in the cloud", green("✓"), len(nodes.Items)))
	s.screen.say(fmt.Sprintf("  %s I2  every Node has one podCIDR, and its VM carries just that as its alias range", green("✓")))
	s.screen.say(fmt.Sprintf("  %s I3  the range that was given again had rested for %s first", green("✓"), quarantine))
	s.screen.say(fmt.Sprintf("  %s I5  no VM carries a range that its Node does not publish", green("✓")))
	return nil
}

func newTable(header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.Style().Options.SeparateColumns = false
	t.Style().Options.DrawBorder = false
	t.Style().Box.PaddingLeft = ""
	t.Style().Box.PaddingRight = "  "
	t.AppendHeader(header)
	return t
}

func indent(t table.Writer) string {
	lines := strings.Split(t.Render(), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight("  "+l, " ")
	}
	return "\n" + strings.Join(lines, "\n")
}

// nodeTable has every VM, also one that is no Node any more.
func (s *stage) nodeTable(nodes []corev1.Node) string {
	byID := map[string]corev1.Node{}
	for _, n := range nodes {
		byID[n.Spec.ProviderID] = n
	}
	instances := s.sim.Instances()
	slices.SortFunc(instances, func(a, b gcesim.Instance) int {
		return strings.Compare(fmt.Sprintf("%3d%s", len(a.Name), a.Name), fmt.Sprintf("%3d%s", len(b.Name), b.Name))
	})
	t := newTable("Node", "Max pods", "Instance", "podCIDR", "Alias range")
	for _, i := range instances {
		n, maxPods := byID[invariants.ProviderID(i)], ""
		if n.Name != "" {
			maxPods = n.Status.Capacity.Pods().String()
		}
		t.AppendRow(table.Row{or(n.Name, "-"), or(maxPods, "-"), i.Zone + "/" + i.Name, or(n.Spec.PodCIDR, "-"), or(aliases(i), "-")})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight, AlignHeader: text.AlignRight}})
	return indent(t)
}

func or(v, fallback string) string {
	if v == "" {
		return fallback
	}
	return v
}

// requestView is what kubectl prints: the API server makes the columns.
func (s *stage) requestView(ctx context.Context) error {
	clients, err := kubernetes.NewForConfig(s.server.Config)
	if err != nil {
		return err
	}
	raw, err := clients.Discovery().RESTClient().Get().AbsPath("/apis/vpcnative.dev/v1alpha1/rangerequests").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(ctx).Raw()
	if err != nil {
		return fmt.Errorf("listing RangeRequests as a table: %w", err)
	}
	var view metav1.Table
	if err := json.Unmarshal(raw, &view); err != nil {
		return fmt.Errorf("reading the table of RangeRequests: %w", err)
	}
	var header table.Row
	var shown []int
	for i, c := range view.ColumnDefinitions {
		if c.Priority == 0 {
			shown = append(shown, i)
			header = append(header, c.Name)
		}
	}
	t := newTable(header...)
	for _, row := range view.Rows {
		var cells table.Row
		for _, i := range shown {
			cells = append(cells, row.Cells[i])
		}
		t.AppendRow(cells)
	}
	s.screen.say("\n  " + faint("$ kubectl get rangerequests") + indent(t))
	return nil
}

// networkView is the VPC as the Network's status has it.
func (s *stage) networkView(ctx context.Context) error {
	n := &v1alpha1.Network{}
	if err := s.api.Get(ctx, client.ObjectKey{Name: v1alpha1.DefaultNetwork}, n); err != nil {
		return fmt.Errorf("reading the Network: %w", err)
	}
	t := newTable("Occupied", "What", "Name", "Owner")
	for _, o := range n.Status.Occupied {
		t.AppendRow(table.Row{o.CIDR, o.Kind, o.Name, o.Owner})
	}
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: 28}}) // or 80 columns are not enough
	s.screen.say(indent(t))
	for _, f := range n.Status.Free {
		blocks := f.LargestBlocks[:min(4, len(f.LargestBlocks))]
		s.screen.say(fmt.Sprintf("\n  Free: %s %s addresses, %d %% of %s\n  The largest free blocks: %s",
			f.Addresses, f.Family, f.Share, cidrs(n.Spec.Supernets), strings.Join(blocks, ", ")))
	}
	return nil
}

func cidrs(list []v1alpha1.CIDR) string {
	var out []string
	for _, c := range list {
		out = append(out, string(c))
	}
	return strings.Join(out, ", ")
}
