package explain

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// blocks are all prefixes that are something, the largest first, and among
// equals in the order of the kinds.
func (w World) blocks() []Block {
	var out []Block
	add := func(cidr string, kind Kind, name, text string) {
		if p, err := netip.ParsePrefix(cidr); err == nil {
			out = append(out, Block{CIDR: cidr, Kind: kind, Name: name, Text: text, p: p})
		}
	}
	for i := range w.Networks {
		w.ofNetwork(&w.Networks[i], add)
	}
	w.ofRequests(add)
	w.ofServices(add)
	for _, x := range w.Carried {
		add(x.Prefix.String(), attached, x.Instance, "on its interface")
	}
	w.ofNodes(add)
	w.ofIPAddresses(add)
	slices.SortStableFunc(out, func(a, b Block) int {
		return cmp.Or(cmp.Compare(a.p.Bits(), b.p.Bits()), a.p.Addr().Compare(b.p.Addr()))
	})
	return out
}

// adder takes a block.
type adder func(cidr string, kind Kind, name, text string)

func (w World) ofRequests(add adder) {
	for _, r := range w.Requests {
		for _, g := range r.Status.Ranges {
			text := strings.TrimSpace(fmt.Sprintf("%s, %s", r.Spec.Purpose, g.Name))
			if g.Claimed() {
				text += ", " + claimed
			}
			add(g.CIDR, granted, "RangeRequest "+r.Name, text)
		}
	}
}

func (w World) ofServices(add adder) {
	for _, s := range w.ServiceCIDRs {
		text := "the API server allocates ClusterIPs from it"
		if !s.DeletionTimestamp.IsZero() {
			text = "being deleted: the API server allocates no more ClusterIPs from it"
		}
		for _, c := range s.Spec.CIDRs {
			add(c, serviceCIDR, s.Name, text)
		}
	}
}

func (w World) ofIPAddresses(add adder) {
	for _, a := range w.IPAddresses {
		name := "somebody"
		if ref := a.Spec.ParentRef; ref != nil {
			name = strings.TrimPrefix(ref.Namespace+"/"+ref.Name, "/")
			if ref.Resource != "services" {
				name = ref.Resource + " " + name
			}
		}
		add(host(a.Name), service, name, "")
	}
}

// ofNodes returns what Nodes and the Pods on them have.
func (w World) ofNodes(add adder) {
	for _, n := range w.Nodes {
		for _, c := range n.Spec.PodCIDRs {
			add(c, nodeRange, n.Name, "its pod CIDR")
		}
		for _, a := range n.Status.Addresses {
			if a.Type == corev1.NodeInternalIP || a.Type == corev1.NodeExternalIP {
				add(host(a.Address), nodeAddress, n.Name, string(a.Type))
			}
		}
	}
	for _, p := range w.Pods {
		if p.Spec.HostNetwork || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue // it has the node's address, or none any more
		}
		for _, ip := range p.Status.PodIPs {
			add(host(ip.IP), pod, p.Namespace+"/"+p.Name, "on node "+p.Spec.NodeName)
		}
	}
}

// claimed describes a range that is being created.
const claimed = "claimed, not in the VPC yet"

func host(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	return netip.PrefixFrom(a, a.BitLen()).String()
}

// ofNetwork returns the supernets and what occupies them. A range that a
// request was granted is left to that request, a ServiceCIDR to its object.
func (w World) ofNetwork(n *v1alpha1.Network, add adder) {
	for _, c := range n.Spec.Supernets {
		add(string(c), supernet, "Network "+n.Name, "")
	}
	for _, r := range n.Spec.Reserved {
		add(string(r.CIDR), reserved, "Network "+n.Name, r.Reason)
	}
	owners := map[string]string{}
	for _, o := range n.Status.Occupied {
		owners[o.CIDR+" "+o.Name] = o.Owner
	}
	known := w.byObjects()
	for _, o := range w.VPC[n.Name].Snapshot.Occupied {
		if known(o) {
			continue // the object tells more
		}
		text := owners[o.Prefix.String()+" "+o.Name]
		if text == "" && w.ClusterID != "" {
			text = survey.Owner(o.Mark, w.Requests, w.ClusterID)
		}
		if Kind(o.Kind) == serviceCIDR {
			text = "from the Network's status"
		}
		add(o.Prefix.String(), Kind(o.Kind), o.Name, text)
	}
}

// byObjects tells of what the VPC has that an object of the cluster is about.
func (w World) byObjects() func(cloud.Occupied) bool {
	ours, services := map[string]bool{}, map[string]bool{}
	for _, r := range w.Requests {
		for _, g := range r.Status.Ranges {
			ours[g.CIDR] = true
		}
	}
	for _, s := range w.ServiceCIDRs {
		services[s.Name] = true
	}
	return func(o cloud.Occupied) bool {
		if Kind(o.Kind) == serviceCIDR {
			return services[o.Name]
		}
		return (o.Kind.IsRange() || o.Kind == cloud.ProxyOnly || o.Kind == survey.RouteRange) && ours[o.Prefix.String()]
	}
}
