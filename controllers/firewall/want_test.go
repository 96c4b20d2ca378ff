package firewall

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

func request(name, network string, purpose v1alpha1.Purpose, ranges ...string) v1alpha1.RangeRequest {
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.RangeRequestSpec{NetworkName: network, Purpose: purpose}}
	for _, cidr := range ranges {
		r.Status.Ranges = append(r.Status.Ranges, v1alpha1.GrantedRange{CIDR: cidr})
	}
	return r
}

func TestOnlyThePodsOfTheNetworkAreLetIn(t *testing.T) {
	t.Parallel()
	requests := []v1alpha1.RangeRequest{
		request("a", "", v1alpha1.Pods, "10.4.0.0/16", "10.5.0.0/16", "fd20::/64"),
		request("b", "default", v1alpha1.Pods, "10.9.0.0/24"),
		request("services", "", v1alpha1.Services, "10.20.0.0/20"),
		request("elsewhere", "other", v1alpha1.Pods, "10.30.0.0/16"),
		request("none", "", v1alpha1.Pods),
	}
	s := cloud.Snapshot{Subnets: []cloud.Subnet{{Name: "nodes", Primary: cidrs("10.0.0.0/20")[0]}, {Name: "six"}}}
	flows := Flows("default", requests, s)
	o := cloud.Owner{ClusterID: "c", Kind: "Network", Name: "default"}
	for f, want := range map[prefix.Family]string{
		prefix.IPv4: "from [10.4.0.0/15 10.9.0.0/24] to [10.0.0.0/20 10.4.0.0/15 10.9.0.0/24]",
		prefix.IPv6: "from [fd20::/64] to [fd20::/64]",
	} {
		r := Rule(o, f, flows[f])
		if got := fmt.Sprintf("from %v to %v", r.Sources, r.Destinations); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
		if !r.Mark().Of(o) || !strings.Contains(r.Description, "Network default of cluster c") {
			t.Errorf("%v: %s (%s) does not say whose it is", f, r.Name, r.Description)
		}
		if byHand := ByHand("default", f, flows[f]); !byHand.Mark().IsZero() || byHand.Description != "" {
			t.Errorf("%v: a rule made by hand would pass for ours: %+v", f, byHand)
		}
		if v := Judge([]cloud.FirewallRule{r}, flows[f]); !v.Open() {
			t.Errorf("%v: our own rule does not let them in: %s", f, v)
		}
	}
	dual := request("dual", "", v1alpha1.Pods, "10.6.0.0/16")
	dual.Spec.IPFamilies, dual.Status.Ranges[0].Subnet = []v1alpha1.Family{v1alpha1.IPv4, v1alpha1.IPv6}, "two"
	s.Subnets = []cloud.Subnet{{Name: "one", IPv6: cidrs("fd20:0:0:1::/64")}, {Name: "two", IPv6: cidrs("fd20:0:0:2::/64")}}
	six := Flows("default", []v1alpha1.RangeRequest{dual}, s)[prefix.IPv6]
	if got := fmt.Sprintf("from %v to %v", six.Sources, six.Destinations); got != "from [fd20:0:0:2::/64] to [fd20:0:0:1::/64 fd20:0:0:2::/64]" {
		t.Errorf("IPv6 of the interfaces: %s", got)
	}
	if len(Flows("empty", requests, s)) != 0 {
		t.Error("a network without pod ranges needs something")
	}
}

// TestThePodsOfEveryNetworkOfTheVPCAreLetIn: to this one's own pods and nodes,
// and no further: what comes in to another one's is for that one.
func TestThePodsOfEveryNetworkOfTheVPCAreLetIn(t *testing.T) {
	t.Parallel()
	six := request("six", "twin", v1alpha1.Pods, "10.6.0.0/16")
	six.Spec.IPFamilies, six.Status.Ranges[0].Subnet = []v1alpha1.Family{v1alpha1.IPv4, v1alpha1.IPv6}, "two"
	dual := request("dual", "", v1alpha1.Pods, "10.4.0.0/16")
	dual.Spec.IPFamilies, dual.Status.Ranges[0].Subnet = six.Spec.IPFamilies, "one"
	requests := []v1alpha1.RangeRequest{dual, six, request("far", "other", v1alpha1.Pods, "10.30.0.0/16")}
	s := cloud.Snapshot{Subnets: []cloud.Subnet{{Name: "one", Primary: cidrs("10.0.0.0/20")[0], IPv6: cidrs("fd20:0:0:1::/64")}}}
	if !needsOwn("twin", requests, s.Subnets) || needsOwn("default", requests, s.Subnets) {
		t.Error("whose subnets have to be read is not known")
	}
	flows := Flows("default", requests, s, Neighbour{"twin", []cloud.Subnet{{Name: "two", IPv6: cidrs("fd20:0:0:2::/64")}}})
	for f, want := range map[prefix.Family]string{
		prefix.IPv4: "from [10.4.0.0/16 10.6.0.0/16] to [10.0.0.0/20 10.4.0.0/16]",
		prefix.IPv6: "from [fd20:0:0:1::/64 fd20:0:0:2::/64] to [fd20:0:0:1::/64]",
	} {
		if got := fmt.Sprintf("from %v to %v", flows[f].Sources, flows[f].Destinations); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
}

func TestNamesMadeByHandAreNames(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"default", strings.Repeat("a.b-", 60)} {
		name := ByHand(network, prefix.IPv4, Traffic{}).Name
		if len(name) > 63 || strings.ContainsAny(name, ".") || strings.Contains(name, "--") {
			t.Errorf("%q", name)
		}
	}
}
