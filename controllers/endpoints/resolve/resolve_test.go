package resolve

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// slice writes an EndpointSlice on one line: "http:8080/TCP 10.0.0.1 10.0.0.2!"
// with ! for not ready, ~ for serving and terminating, and ? for conditions that
// are not set.
func slice(text string) *discoveryv1.EndpointSlice {
	words := strings.Fields(text)
	name, rest, _ := strings.Cut(words[0], ":")
	port, protocol, _ := strings.Cut(rest, "/")
	s := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
	p := discoveryv1.EndpointPort{Name: &name}
	if protocol != "" {
		p.Protocol = ptr.To(corev1.Protocol(protocol))
	}
	var number int32
	if _, err := fmt.Sscan(port, &number); err == nil {
		p.Port = &number
	}
	s.Ports = append(s.Ports, p)
	for _, w := range words[1:] {
		if strings.Contains(w, "::") {
			s.AddressType = discoveryv1.AddressTypeIPv6
		}
		e := discoveryv1.Endpoint{Addresses: []string{strings.TrimRight(w, "!~?")}}
		switch w[len(w)-1] {
		case '!':
			e.Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(false), Terminating: ptr.To(false)}
		case '~':
			e.Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(true), Terminating: ptr.To(true)}
		case '?':
		default:
			e.Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true), Terminating: ptr.To(false)}
		}
		s.Endpoints = append(s.Endpoints, e)
	}
	return s
}

// said writes endpoints as slice reads them.
func said(list []Endpoint) string {
	var out []string
	for _, e := range list {
		mark := "!"
		switch {
		case e.Wanted():
			mark = ""
		case e.Terminating:
			mark = "~"
		}
		out = append(out, e.AddrPort.String()+mark)
	}
	return strings.Join(out, " ")
}

func TestMergingSlices(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slices []string
		port   string
		want   string
	}{
		"one slice":                                {[]string{"http:8080 10.0.0.2 10.0.0.1"}, "http", "10.0.0.1:8080 10.0.0.2:8080"},
		"an address in two slices, once":           {[]string{"http:8080 10.0.0.1", "http:8080 10.0.0.1"}, "http", "10.0.0.1:8080"},
		"ready in one of them":                     {[]string{"http:8080 10.0.0.1!", "http:8080 10.0.0.1"}, "http", "10.0.0.1:8080"},
		"terminating in one of them":               {[]string{"http:8080 10.0.0.1", "http:8080 10.0.0.1~"}, "http", "10.0.0.1:8080"},
		"a named target port differs by pod":       {[]string{"http:8080 10.0.0.1", "http:9090 10.0.0.2"}, "http", "10.0.0.1:8080 10.0.0.2:9090"},
		"one pod with two numbers for a port":      {[]string{"http:8080 10.0.0.1", "http:9090 10.0.0.1"}, "http", "10.0.0.1:8080 10.0.0.1:9090"},
		"another port":                             {[]string{"metrics:9090 10.0.0.1"}, "http", ""},
		"another protocol":                         {[]string{"dns:53/UDP 10.0.0.1"}, "dns", ""},
		"a port without a name":                    {[]string{":80 10.0.0.1"}, "", "10.0.0.1:80"},
		"a port without a number":                  {[]string{"http: 10.0.0.1"}, "http", ""},
		"conditions that are not set mean ready":   {[]string{"http:80 10.0.0.1?"}, "http", "10.0.0.1:80"},
		"not ready, and terminating":               {[]string{"http:80 10.0.0.1! 10.0.0.2~"}, "http", "10.0.0.1:80! 10.0.0.2:80~"},
		"another family":                           {[]string{"http:80 2001:db8::1"}, "http", ""},
		"what is no address":                       {[]string{"http:80 pod.example"}, "http", ""},
		"no slices":                                {nil, "http", ""},
		"a hundred, in the order of their numbers": {[]string{"http:80 10.0.0.10 10.0.0.9"}, "http", "10.0.0.9:80 10.0.0.10:80"},
	} {
		var list []*discoveryv1.EndpointSlice
		for _, s := range c.slices {
			list = append(list, slice(s))
		}
		if got := said(Merge(list, c.port, "", v1alpha1.IPv4)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSlicesLagBehindAServiceWhosePortTheyLack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		slices []string
		lag    bool
	}{
		"none":                        {nil, false},
		"with it":                     {[]string{"web:8080 10.0.0.1"}, false},
		"of no endpoints":             {[]string{"http:8080"}, false},
		"with another port":           {[]string{"http:8080 10.0.0.1"}, true},
		"with another protocol":       {[]string{"web:8080/UDP 10.0.0.1"}, true},
		"one of two, and it is empty": {[]string{"http:8080 10.0.0.1", "web:8080"}, false},
		"of another family":           {[]string{"http:8080 2001:db8::1"}, false},
	} {
		var list []*discoveryv1.EndpointSlice
		for _, s := range c.slices {
			list = append(list, slice(s))
		}
		if got := Lag(list, "web", corev1.ProtocolTCP, v1alpha1.IPv4); got != c.lag {
			t.Errorf("slices %s: lag %t", name, got)
		}
	}
}

// TestTheOrderOfSlicesIsOfNoMatter: how they were rewritten shows nowhere.
func TestTheOrderOfSlicesIsOfNoMatter(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		var list []*discoveryv1.EndpointSlice
		wanted := map[string]bool{}
		for range 1 + r.IntN(4) {
			text := []string{"http:80"}
			for range r.IntN(8) {
				a, mark := fmt.Sprintf("10.0.0.%d", r.IntN(8)), []string{"", "!", "~", "?"}[r.IntN(4)]
				text = append(text, a+mark)
				wanted[a+":80"] = wanted[a+":80"] || mark == "" || mark == "?"
			}
			list = append(list, slice(strings.Join(text, " ")))
		}
		first := Merge(list, "http", corev1.ProtocolTCP, v1alpha1.IPv4)
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if again := Merge(list, "http", corev1.ProtocolTCP, v1alpha1.IPv4); !slices.Equal(first, again) {
			t.Fatalf("seed %d: %s, and %s in another order", seed, said(first), said(again))
		}
		if len(first) != len(wanted) {
			t.Fatalf("seed %d: %d endpoints of %d addresses", seed, len(first), len(wanted))
		}
		for _, e := range first {
			if e.Wanted() != wanted[e.AddrPort.String()] {
				t.Fatalf("seed %d: %s is wanted: %t", seed, e.AddrPort, e.Wanted())
			}
		}
	}
}

func TestThePortOfAService(t *testing.T) {
	t.Parallel()
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
		{Name: "http", Port: 80}, {Name: "dns", Port: 53, Protocol: "UDP"}, {Name: "dns-tcp", Port: 53, Protocol: "TCP"},
	}}}
	for _, c := range []struct {
		port     intstr.IntOrString
		protocol corev1.Protocol
		want     string
		refused  bool
	}{
		{intstr.FromInt32(80), "", "http", false},
		{intstr.FromString("http"), "TCP", "http", false},
		{intstr.FromInt32(53), "UDP", "dns", false},
		{intstr.FromInt32(53), "TCP", "dns-tcp", false},
		{intstr.FromString("dns"), "TCP", "", true},
		{intstr.FromInt32(81), "TCP", "", true},
		{intstr.FromString("80"), "TCP", "", true},
	} {
		got, refused := PortName(s, c.port, c.protocol)
		if got != c.want || (refused != nil) != c.refused {
			t.Errorf("port %s of %s: %q, %v", c.port.String(), c.protocol, got, refused)
		}
	}
}

type podsBy map[string][]string

func (p podsBy) Namespaces(a netip.Addr) []string { return p[a.String()] }

func node(name, id string, blocks ...string) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{ProviderID: id}}
	for _, b := range blocks {
		if strings.Contains(b, "/") {
			n.Spec.PodCIDRs = append(n.Spec.PodCIDRs, b)
		} else {
			n.Status.Addresses = append(n.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: b})
		}
	}
	return n
}

func TestEndpointsArePlacedByTheirAddress(t *testing.T) {
	t.Parallel()
	machines := IndexMachines([]*corev1.Node{
		node("a", "gce://p/z/a", "10.4.0.0/24", "10.0.0.2"), node("b", "gce://p/z/b", "10.4.1.0/25", "2001:db8:1::/112"), node("new", "", "10.4.2.0/24"),
	})
	pods := podsBy{"10.4.0.7": {"shop"}, "10.4.1.7": {"shop"}, "10.4.1.8": {"bank"}, "10.0.0.2": {"system", "shop"}, "10.4.2.7": {"shop"}, "10.9.0.1": {"shop"}, "2001:db8:1::7": {"shop"}}
	for text, want := range map[string]string{
		"10.4.0.7":      "a",
		"10.4.1.7":      "b",
		"2001:db8:1::7": "b",
		"10.0.0.2":      "a", // of a pod on the host's network, beside another namespace's
		"10.4.1.8":      "the address is of a pod in namespace bank",
		"10.4.0.9":      "no pod has the address",
		"10.4.2.7":      "Node new has no providerID yet",
		"10.9.0.1":      "no Node has the address in its podCIDRs",
		"10.4.1.200":    "no Node has the address in its podCIDRs", // beyond the /25
	} {
		e := Endpoint{AddrPort: netip.AddrPortFrom(netip.MustParseAddr(text), 80), Ready: true, Serving: true}
		p, got := Place([]Endpoint{e}, "shop", machines, pods), ""
		for _, x := range p.Placed {
			got = x.Node.Name
		}
		for _, x := range p.Left {
			got = x.Why
		}
		if got != want || len(p.Placed)+len(p.Left) != 1 {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	gone := Endpoint{AddrPort: netip.MustParseAddrPort("10.4.0.7:80"), Ready: true, Terminating: true}
	if p := Place([]Endpoint{gone}, "shop", machines, pods); len(p.Placed)+len(p.Left) > 0 {
		t.Errorf("what terminates is placed: %+v", p)
	}
}

// TestTheNewerNodeHasTheAddress, whatever their order: the machine of the other is
// gone, and cannot have it.
func TestTheNewerNodeHasTheAddress(t *testing.T) {
	t.Parallel()
	at := func(n *corev1.Node, age int64) *corev1.Node { n.CreationTimestamp = metav1.Unix(age, 0); return n }
	gone := at(node("gone", "x", "10.0.0.2"), 9)
	gone.DeletionTimestamp = &metav1.Time{}
	*gone.DeletionTimestamp = metav1.Unix(10, 0)
	list := []*corev1.Node{at(node("old", "x", "10.0.0.2"), 1), at(node("new", "x", "10.0.0.2"), 2), gone, at(node("alike", "x", "10.0.0.2"), 2)}
	for range 20 {
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if got := IndexMachines(list).Of(netip.MustParseAddr("10.0.0.2")); got.Name != "new" {
			t.Fatalf("the address is on %s", got.Name)
		}
	}
}

// TestMachinesByTheSlowWay: the index finds what a search of all Nodes finds.
func TestMachinesByTheSlowWay(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 5))
	var nodes []*corev1.Node
	for i := range 60 {
		nodes = append(nodes, node(fmt.Sprint("n", i), "x", fmt.Sprintf("10.4.%d.0/%d", i, 24+r.IntN(5)), fmt.Sprintf("10.0.0.%d", i)))
	}
	machines := IndexMachines(nodes)
	for range 3000 {
		a := netip.AddrFrom4([4]byte{10, []byte{0, 4}[r.IntN(2)], byte(r.IntN(64)), byte(r.IntN(256))})
		var want *corev1.Node
		for _, n := range nodes {
			if netip.MustParsePrefix(n.Spec.PodCIDRs[0]).Contains(a) || n.Status.Addresses[0].Address == a.String() {
				want = n
			}
		}
		if got := machines.Of(a); got != want {
			t.Fatalf("%s is on %v, want %v", a, got, want)
		}
	}
}
