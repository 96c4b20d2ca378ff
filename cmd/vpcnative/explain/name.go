package explain

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Name explains all that has the name: nodes, RangeRequests, Networks, and
// ranges by their name in the cloud. "node/a" asks for a node alone.
func (w World) Name(name string) (out []Explanation) {
	kind, rest, said := strings.Cut(name, "/")
	if !said {
		rest = name
	}
	wants := func(has string, kinds ...string) bool {
		return has == rest && (!said || slices.Contains(kinds, strings.ToLower(kind)))
	}
	for i := range w.Nodes {
		if n := &w.Nodes[i]; wants(n.Name, "node", "nodes") {
			out = append(out, w.node(n))
		}
	}
	for i := range w.Requests {
		if r := &w.Requests[i]; wants(r.Name, "rangerequest", "rangerequests", "rr") {
			out = append(out, w.request(r))
		}
	}
	for i := range w.Networks {
		if n := &w.Networks[i]; wants(n.Name, "network", "networks", "vpcnet") {
			out = append(out, w.network(n))
		}
	}
	return append(out, w.rangesNamed(name)...)
}

// rangesNamed finds ranges by the cloud's name, whole or its last part.
func (w World) rangesNamed(name string) (out []Explanation) {
	seen := map[netip.Prefix]bool{}
	found := func(p netip.Prefix) {
		if seen[p] {
			return
		}
		seen[p] = true
		e := w.Prefix(p)
		e.Subject = fmt.Sprintf("range %s (%s)", name, p)
		out = append(out, e)
	}
	for _, r := range w.Requests {
		for _, g := range r.Status.Ranges {
			if p, err := netip.ParsePrefix(g.CIDR); err == nil && g.Name == name {
				found(p)
			}
		}
	}
	for _, vpc := range w.VPC {
		for _, o := range vpc.Snapshot.Occupied {
			if o.Name == name || o.Name[strings.LastIndex(o.Name, "/")+1:] == name {
				found(o.Prefix)
			}
		}
	}
	return out
}

func (w World) node(n *corev1.Node) Explanation {
	out := Explanation{Subject: "Node " + n.Name}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeNetworkUnavailable && c.Status == corev1.ConditionTrue ||
			strings.HasPrefix(string(c.Type), "vpcnative.dev/") && c.Status == corev1.ConditionTrue {
			out.Notes = append(out.Notes, fmt.Sprintf("%s, %s: %s", c.Type, c.Reason, c.Message))
		}
	}
	candidates := assign.Candidates(w.Requests, assign.LabelsOf(n))
	if len(n.Spec.PodCIDRs) == 0 {
		out.Answer, out.Text = Free, fmt.Sprintf("Node %s has no pod CIDR yet", n.Name)
		if len(candidates) == 0 {
			out.Text += ": no RangeRequest selects it"
		}
	} else {
		out.Answer, out.Text = InUse, fmt.Sprintf("Node %s has pod CIDR %s", n.Name, strings.Join(n.Spec.PodCIDRs, " and "))
	}
	var names []string
	for _, c := range candidates {
		names = append(names, c.Name)
	}
	if len(names) > 0 {
		out.Notes = append(out.Notes, "selected by RangeRequests, in this order: "+strings.Join(names, ", "))
	}
	if n.Spec.ProviderID != "" {
		out.Notes = append(out.Notes, "instance "+n.Spec.ProviderID)
	}
	w.podCIDRs(&out, n)
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP {
			out.Inside = append(out.Inside, Block{CIDR: a.Address, Kind: nodeAddress, Name: n.Name, Text: string(a.Type)})
		}
	}
	return out
}

// podCIDRs says in what the Node's podCIDRs lie.
func (w World) podCIDRs(out *Explanation, n *corev1.Node) {
	for _, p := range v1alpha1.ParseCIDRs(n.Spec.PodCIDRs) {
		inRange := false
		for _, b := range w.blocks() {
			if prefix.Contains(b.p, p) && b.Name != n.Name {
				out.Around = append(out.Around, b)
				inRange = inRange || b.Kind == granted
			}
		}
		switch {
		case inRange:
		case p.Addr().Is6():
			out.Notes = append(out.Notes, p.String()+" belongs to its instance's interface, as IPv6 does, and lies in no range of a RangeRequest")
		default:
			out.Notes = append(out.Notes, p.String()+" lies in no range of a RangeRequest")
		}
	}
}

func (w World) request(r *v1alpha1.RangeRequest) Explanation {
	out := Explanation{Subject: "RangeRequest " + r.Name, Answer: Granted}
	for _, c := range r.Status.Conditions {
		out.Notes = append(out.Notes, fmt.Sprintf("%s=%s, %s: %s", c.Type, c.Status, c.Reason, c.Message))
	}
	var ps []string
	for _, g := range r.Status.Ranges {
		ps = append(ps, g.CIDR)
		text := "subnet " + g.Subnet
		switch {
		case r.Spec.Attachment == v1alpha1.AttachRoutes:
			text = "by routes"
		case g.Subnet == "":
			text = "in no subnet"
		}
		if g.Claimed() {
			text += ", " + claimed
		}
		if g.Reason != "" {
			text += ": " + g.Reason
		}
		out.Inside = append(out.Inside, Block{CIDR: g.CIDR, Kind: granted, Name: g.Name, Text: text})
	}
	switch {
	case len(ps) > 0:
		out.Text = fmt.Sprintf("RangeRequest %s (%s, Network %s) has %s", r.Name, r.Spec.Purpose, r.NetworkName(), strings.Join(ps, ", "))
		if r.Spec.Purpose == v1alpha1.Pods {
			out.Text += fmt.Sprintf(", %d %% full with %d nodes", r.Status.Utilization, r.Status.Nodes)
		}
	default:
		out.Answer, out.Text = Free, fmt.Sprintf("RangeRequest %s (%s, Network %s) has no range yet; vpcnative plan shows what it would get", r.Name, r.Spec.Purpose, r.NetworkName())
	}
	if !r.DeletionTimestamp.IsZero() {
		out.Notes = append(out.Notes, "being deleted")
	}
	return out
}

func (w World) network(n *v1alpha1.Network) Explanation {
	var supernets []string
	for _, c := range n.Spec.Supernets {
		supernets = append(supernets, string(c))
	}
	out := Explanation{Subject: "Network " + n.Name, Answer: InUse,
		Text: fmt.Sprintf("Network %s has supernets %s, in which %d blocks are in use", n.Name, strings.Join(supernets, ", "), n.Status.OccupiedCount)}
	for _, f := range n.Status.Free {
		out.FreeBlocks = append(out.FreeBlocks, f.LargestBlocks...)
	}
	for _, b := range w.blocks() {
		within := func(p netip.Prefix) bool { return p != b.p && prefix.Contains(p, b.p) }
		if b.Kind != nodeRange && b.Kind != nodeAddress && slices.ContainsFunc(v1alpha1.ParseCIDRs(n.Spec.Supernets), within) {
			out.Inside = append(out.Inside, b)
		}
	}
	out.cut()
	if c := meta.FindStatusCondition(n.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		out.Notes = append(out.Notes, fmt.Sprintf("%s=%s, %s: %s", c.Type, c.Status, c.Reason, c.Message))
	}
	source := w.VPC[n.Name].Source
	out.Notes = append(append(out.Notes, "from "+source.String()), source.Warnings...)
	return out
}
