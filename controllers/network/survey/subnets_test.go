package survey

import (
	"net/netip"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/test/golden"
)

// TestSurveyOfSubnets: where ranges lie inside the subnets' own blocks, what is
// free is what is free in them, by sizes: many single addresses may make no
// block.
func TestSurveyOfSubnets(t *testing.T) {
	t.Parallel()
	prefixes := func(all ...string) (out []netip.Prefix) {
		for _, p := range all {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	ours := cloud.Owner{ClusterID: "mine", Kind: "RangeRequest", Name: "pods"}.ObjectName(0)
	s := cloud.Snapshot{
		Traits: cloud.Traits{Inside: true, Smallest: 28}, Blocks: prefixes("10.0.0.0/16"),
		Occupied: []cloud.Occupied{
			occupiedBy("10.0.0.0/8", cloud.StaticRoute, "rtb/tgw"),
			occupiedBy("10.0.0.0/24", cloud.SubnetPrimary, "z1/subnet-1"),
			occupiedBy("10.0.1.0/24", cloud.SubnetPrimary, "z2/subnet-2"),
			occupiedBy("10.0.2.0/24", cloud.SubnetPrimary, "z1/databases"),
			occupiedBy("10.0.0.128/25", cloud.SubnetReservation, "subnet-1/"+ours),
		},
		Subnets: []cloud.Subnet{
			{Name: "subnet-1", Zone: "z1", Primary: netip.MustParsePrefix("10.0.0.0/24"), Used: prefixes("10.0.0.0/30", "10.0.0.5/32", "10.0.0.160/28", "10.0.0.255/32"),
				Ranges: []cloud.Range{{Subnet: "subnet-1", Name: ours, Prefix: netip.MustParsePrefix("10.0.0.128/25")}}},
			// An address in every /28.
			{Name: "subnet-2", Zone: "z2", Primary: netip.MustParsePrefix("10.0.1.0/24"), Used: fragments()},
			{Name: "unread"},
		},
	}
	n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.NetworkSpec{
		Supernets: []v1alpha1.CIDR{"10.0.0.0/22"}, Reserved: []v1alpha1.ReservedBlock{{CIDR: "10.0.0.64/28", Reason: "the printers"}}}}
	got, err := Take(n, s, Around{Requests: []v1alpha1.RangeRequest{{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}}}, "mine")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/subnets.golden", string(printed))
}

func fragments() (out []netip.Prefix) {
	for i := range 16 {
		out = append(out, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(16*i + 7)}), 32))
	}
	return out
}
