package invariants

import (
	"net/netip"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

func node(name, cidr string) corev1.Node {
	n := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	n.Spec.ProviderID = "gce://demo/zone-a/" + name
	if cidr != "" {
		n.Spec.PodCIDR, n.Spec.PodCIDRs = cidr, []string{cidr}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse}}
	}
	return n
}

func vm(name, cidr string) gcesim.Instance {
	i := gcesim.Instance{Project: "demo", Zone: "zone-a", Name: name, Interfaces: []gcesim.Interface{{Name: "nic0"}}}
	if cidr != "" {
		i.Interfaces[0].Aliases = []gcesim.Alias{{Prefix: netip.MustParsePrefix(cidr), RangeName: "vn-pods"}}
	}
	return i
}

func subnets(ranges ...gcesim.SecondaryRange) []Subnet {
	return Subnets([]gcesim.Subnetwork{{Name: "s", Secondary: ranges}})
}

func secondary(name, cidr string) gcesim.SecondaryRange {
	return gcesim.SecondaryRange{Name: name, Prefix: netip.MustParsePrefix(cidr)}
}

func grant(cluster, name, cidr string) Grant {
	return Grant{Cluster: cluster, Request: "pods", Subnet: "s", Name: name, Prefix: netip.MustParsePrefix(cidr)}
}

func booked(cluster, cidr string) Grant {
	return Grant{Cluster: cluster, Request: "services", Prefix: netip.MustParsePrefix(cidr)}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	nodes := func(n ...corev1.Node) []corev1.Node { return n }
	vms := func(i ...gcesim.Instance) []Machine { return Machines(i) }
	both := node("a", "10.0.0.0/24")
	both.Spec.PodCIDRs = append(both.Spec.PodCIDRs, "fd20::/112")
	only := node("a", "fd20::/112")
	dual := vm("a", "10.0.0.0/24")
	dual.Interfaces[0].IPv6 = netip.MustParsePrefix("fd20::/96")
	own := Subnets([]gcesim.Subnetwork{{Name: "vn-lb", Primary: netip.MustParsePrefix("10.0.2.0/23")}})
	proxy := func(adopted bool) Grant {
		g := grant("a", "vn-lb", "10.0.2.0/23")
		g.Subnet, g.Adopted = "vn-lb", adopted
		return g
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"all is well":          {Unique(nodes(node("a", "10.0.0.0/24"), node("b", "10.0.1.0/24")), vms(vm("a", "10.0.0.0/24"))), ""},
		"nodes overlap":        {Unique(nodes(node("a", "10.0.0.0/24"), node("b", "10.0.0.0/28")), nil), "node b holds 10.0.0.0/28"},
		"the widest is first":  {Unique(nodes(node("a", "10.0.0.0/16"), node("b", "10.0.0.0/28"), node("c", "10.0.9.0/28")), nil), "node c holds"},
		"instances overlap":    {Unique(nil, vms(vm("a", "10.0.0.0/24"), vm("b", "10.0.0.0/24"))), "overlaps 10.0.0.0/24"},
		"published and there":  {Published(nodes(node("a", "10.0.0.0/24")), vms(vm("a", "10.0.0.0/24"))), ""},
		"not published":        {Published(nodes(node("a", "")), vms(vm("a", ""))), "has podCIDRs []"},
		"not on the instance":  {Published(nodes(node("a", "10.0.0.0/24")), vms(vm("a", "10.0.1.0/24"))), "carries [10.0.1.0/24]"},
		"no instance":          {Published(nodes(node("a", "10.0.0.0/24")), nil), "carries []"},
		"both families":        {Published(nodes(both), vms(dual)), ""},
		"IPv6 not its own":     {Published(nodes(both), vms(vm("a", "10.0.0.0/24"))), "publishes fd20::/112"},
		"IPv6 only":            {Published(nodes(only), vms(dual)), "not exactly one of IPv4"},
		"IPv6 twice":           {Unique(nodes(both, node("b", "fd20::/112")), nil), "node b holds fd20::/112"},
		"a stray":              {NoStrays(nodes(node("a", "")), vms(vm("a", "10.0.0.0/24"))), "instance a carries 10.0.0.0/24"},
		"no stray":             {NoStrays(nodes(node("a", "10.0.0.0/24")), vms(vm("a", "10.0.0.0/24"))), ""},
		"a range of ours":      {NothingLeft(subnets(gcesim.SecondaryRange{Name: "vn-x"})), "still has range vn-x"},
		"a range of another's": {NothingLeft(subnets(gcesim.SecondaryRange{Name: "x"})), ""},
		"a subnet of ours":     {NothingLeft(own), "subnet vn-lb (10.0.2.0/23) is still there"},
		"a rule of ours":       {NothingLeft(nil, Rules([]gcesim.Firewall{{Network: "vpc", Name: "vn-x"}})...), "firewall rule vn-x"},
		"granted and there": {Granted([]Grant{grant("a", "vn-1", "10.0.0.0/24"), grant("b", "vn-2", "10.0.1.0/24")},
			subnets(secondary("vn-1", "10.0.0.0/24"), secondary("vn-2", "10.0.1.0/24"))), ""},
		"grants overlap": {Granted([]Grant{grant("a", "vn-1", "10.0.0.0/24"), grant("b", "vn-2", "10.0.0.0/28")},
			subnets(secondary("vn-1", "10.0.0.0/24"), secondary("vn-2", "10.0.0.0/28"))), "of cluster b holds 10.0.0.0/28, which overlaps 10.0.0.0/24"},
		"two clusters' books":           {Granted([]Grant{booked("a", "10.0.0.0/24"), booked("b", "10.0.0.0/24")}, nil), ""},
		"one cluster's books":           {Granted([]Grant{booked("a", "10.0.0.0/24"), booked("a", "10.0.0.0/28")}, nil), "of cluster a holds 10.0.0.0/28, which overlaps 10.0.0.0/24"},
		"books over a range":            {Granted([]Grant{booked("a", "10.0.0.0/28"), grant("b", "vn-1", "10.0.0.0/24")}, subnets(secondary("vn-1", "10.0.0.0/24"))), "of cluster a holds 10.0.0.0/28, which overlaps 10.0.0.0/24"},
		"a grant that is not there":     {Granted([]Grant{grant("a", "vn-1", "10.0.0.0/24")}, subnets()), "was granted 10.0.0.0/24"},
		"a claim that is not there":     {Granted([]Grant{{Cluster: "a", Subnet: "s", Name: "vn-1", Prefix: netip.MustParsePrefix("10.0.0.0/24"), Claimed: true}}, subnets()), ""},
		"a claim that is there":         {NoOrphans([]Grant{{Cluster: "a", Subnet: "s", Name: "vn-1", Prefix: netip.MustParsePrefix("10.0.0.0/24"), Claimed: true}}, subnets(secondary("vn-1", "10.0.0.0/24"))), ""},
		"a grant that is another there": {Granted([]Grant{grant("a", "vn-1", "10.0.0.0/24")}, subnets(secondary("vn-1", "10.0.0.0/25"))), "the VPC has 10.0.0.0/25"},
		"a proxy-only subnet":           {Granted([]Grant{proxy(false), proxy(true)}, own), ""},
		"a proxy-only subnet is gone":   {Granted([]Grant{proxy(false)}, subnets()), "was granted 10.0.2.0/23"},
		"an orphan subnet":              {NoOrphans(nil, own), "there is subnet vn-lb (10.0.2.0/23)"},
		"an orphan":                     {NoOrphans(nil, subnets(secondary("vn-1", "10.0.0.0/24"))), "subnet s has range vn-1"},
		"no orphan":                     {NoOrphans([]Grant{grant("a", "vn-1", "10.0.0.0/24")}, subnets(secondary("vn-1", "10.0.0.0/24"), secondary("x", "10.0.1.0/24"))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if (c.err == nil) != (c.want == "") || c.err != nil && !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("got %v, want %q", c.err, c.want)
			}
		})
	}
}
