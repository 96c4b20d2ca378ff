package carve

import (
	"net/netip"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

func TestProxyPlan(t *testing.T) {
	t.Parallel()
	owner := func(cluster string) cloud.Owner {
		return cloud.Owner{ClusterID: cluster, Kind: OwnerKind, Name: "lb"}
	}
	ours := owner("c").ObjectName(0)
	active := func(name, at string) *cloud.ProxySubnet {
		return &cloud.ProxySubnet{Name: name, Prefix: netip.MustParsePrefix(at)}
	}
	length := int32(26)
	for name, tc := range map[string]struct {
		spec    v1alpha1.RangeRequestSpec
		had     []v1alpha1.GrantedRange
		active  *cloud.ProxySubnet
		want    string // name, prefix, create, adopted
		refused string // reason and a part of the text
	}{
		"a /23 by default":               {want: ours + " 10.0.0.0/23 create"},
		"of the size asked for":          {spec: v1alpha1.RangeRequestSpec{PrefixLength: &length}, want: ours + " 10.0.0.0/26 create"},
		"where it is asked for":          {spec: v1alpha1.RangeRequestSpec{CIDRs: []v1alpha1.CIDR{"10.7.0.0/24"}}, want: ours + " 10.7.0.0/24 create"},
		"ours is there":                  {active: active(ours, "10.3.0.0/23"), want: ours + " 10.3.0.0/23"},
		"ours is put back where it was":  {had: []v1alpha1.GrantedRange{{CIDR: "10.5.0.0/23", Subnet: ours, Name: ours}}, want: ours + " 10.5.0.0/23 create"},
		"somebody's is used":             {active: active("theirs", "172.16.0.0/24"), want: "theirs 172.16.0.0/24 adopted"},
		"another cluster's is used":      {active: active(owner("other").ObjectName(0), "10.3.0.0/23"), want: owner("other").ObjectName(0) + " 10.3.0.0/23 adopted"},
		"used where it is asked for":     {spec: v1alpha1.RangeRequestSpec{CIDRs: []v1alpha1.CIDR{"10.7.0.0/24"}}, active: active("theirs", "10.7.0.0/24"), want: "theirs 10.7.0.0/24 adopted"},
		"it is elsewhere":                {spec: v1alpha1.RangeRequestSpec{CIDRs: []v1alpha1.CIDR{"10.7.0.0/24"}}, active: active("theirs", "10.8.0.0/24"), refused: "Overlap: a network has one active"},
		"another one took over":          {had: []v1alpha1.GrantedRange{{CIDR: "10.5.0.0/23", Subnet: ours, Name: ours}}, active: active("theirs", "10.8.0.0/24"), refused: "RangeMissing: proxy-only subnet theirs"},
		"the adopted one was removed":    {had: []v1alpha1.GrantedRange{{CIDR: "10.5.0.0/23", Subnet: "theirs", Name: "theirs", Adopted: true}}, refused: "RangeMissing: range theirs"},
		"it is in no subnet of nodes":    {spec: v1alpha1.RangeRequestSpec{Subnets: []string{"nodes"}}, refused: "UnknownSubnet"},
		"there cannot be several blocks": {spec: v1alpha1.RangeRequestSpec{CIDRs: []v1alpha1.CIDR{"10.7.0.0/24", "10.8.0.0/24"}}, refused: "Unsupported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.spec.Purpose, tc.spec.IPFamilies = v1alpha1.Proxy, []v1alpha1.Family{v1alpha1.IPv4}
			in := Input{
				ClusterID: "c",
				Request:   &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "lb"}, Spec: tc.spec, Status: v1alpha1.RangeRequestStatus{Ranges: tc.had}},
				Network:   &v1alpha1.Network{Spec: v1alpha1.NetworkSpec{Supernets: []v1alpha1.CIDR{"10.0.0.0/12"}}},
				Snapshot:  cloud.Snapshot{Subnets: []cloud.Subnet{{Name: "nodes"}, {Name: "more"}}, Proxy: tc.active},
			}
			if tc.active != nil {
				in.Snapshot.Occupied = []cloud.Occupied{{Prefix: tc.active.Prefix, Kind: cloud.ProxyOnly, Name: "r/" + tc.active.Name, Mark: tc.active.Mark()}}
			}
			steps, _, no := Plan(in)
			if no != nil {
				if got := no.Reason + ": " + no.Text; tc.refused == "" || !strings.HasPrefix(got, tc.refused) {
					t.Fatalf("refused: %s", got)
				}
				return
			}
			if len(steps) != 1 || tc.refused != "" {
				t.Fatalf("planned %+v", steps)
			}
			got := steps[0].Range.Name + " " + steps[0].Range.Prefix.String()
			for _, w := range []struct {
				yes  bool
				word string
			}{{steps[0].Create, " create"}, {steps[0].Adopted, " adopted"}} {
				if w.yes {
					got += w.word
				}
			}
			if got != tc.want || steps[0].Range.Subnet != steps[0].Range.Name {
				t.Errorf("planned %s in %s, want %s", got, steps[0].Range.Subnet, tc.want)
			}
		})
	}
}
