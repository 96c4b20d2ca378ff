package survey

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/test/golden"
)

func occupiedBy(cidr string, kind cloud.Kind, name string) cloud.Occupied {
	return cloud.Occupied{Prefix: netip.MustParsePrefix(cidr), Kind: kind, Name: name, Mark: cloud.ParseMark(filepath.Base(name))}
}

// TestSurvey: who owns what by its mark, what lies outside is left out, what
// is reserved counts, and each family has its own free space.
func TestSurvey(t *testing.T) {
	t.Parallel()
	owned := func(cluster, request string) string {
		return "r/nodes/" + cloud.Owner{ClusterID: cluster, Kind: "RangeRequest", Name: request}.ObjectName(0)
	}
	spec := v1alpha1.NetworkSpec{
		Supernets: []v1alpha1.CIDR{"10.0.0.0/12", "fd00::/48"},
		Reserved:  []v1alpha1.ReservedBlock{{CIDR: "10.15.0.0/16", Reason: "the office"}},
	}
	s := cloud.Snapshot{Occupied: []cloud.Occupied{
		occupiedBy("10.8.0.0/16", cloud.SecondaryRange, owned("mine", "pods")),
		occupiedBy("10.9.0.0/16", cloud.SecondaryRange, owned("mine", "gone")),
		occupiedBy("10.10.0.0/16", cloud.SecondaryRange, owned("other", "pods")),
		occupiedBy("10.0.0.0/20", cloud.SubnetPrimary, "r/nodes"),
		occupiedBy("10.0.0.0/8", cloud.PeeringRoute, "peering"),
		occupiedBy("10.11.0.0/23", cloud.ProxyOnly, owned("mine", "pods")),
		occupiedBy("192.168.0.0/16", cloud.StaticRoute, "vpn"),
		occupiedBy("fd00::/64", cloud.SubnetPrimary, "r/nodes"),
	}}
	requests := []v1alpha1.RangeRequest{{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}}
	network := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: spec}
	whole, err := Take(network, s, Around{Requests: requests}, "mine")
	if err != nil {
		t.Fatal(err)
	}
	s.Occupied = append(s.Occupied[:4], s.Occupied[5:]...) // without the route over everything
	got, err := Take(network, s, Around{Requests: requests}, "mine")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := yaml.Marshal(map[string]Survey{"as it is": got, "under a route over everything": whole})
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/survey.golden", string(printed))
}

func TestMoreThanAThousandBlocksAreCountedAndNotListed(t *testing.T) {
	t.Parallel()
	var s cloud.Snapshot
	for i := range 1500 {
		s.Occupied = append(s.Occupied, occupiedBy(fmt.Sprintf("10.%d.%d.0/24", i/256, i%256), cloud.StaticRoute, "x"))
	}
	got, err := Take(&v1alpha1.Network{Spec: v1alpha1.NetworkSpec{Supernets: []v1alpha1.CIDR{"10.0.0.0/8"}}}, s, Around{}, "mine")
	if err != nil || len(got.Occupied) != maxOccupied || got.Count != 1500 {
		t.Errorf("%d listed, %d counted, %v", len(got.Occupied), got.Count, err)
	}
	if free := got.FreeAddresses["IPv4"]; free != 1<<24-1500*256 {
		t.Errorf("%f free", free)
	}
}

func TestBrokenSpecsAreRefused(t *testing.T) {
	t.Parallel()
	for _, spec := range []v1alpha1.NetworkSpec{
		{Supernets: []v1alpha1.CIDR{"10.0.0.0"}},
		{Supernets: []v1alpha1.CIDR{"10.0.0.0/8"}, Reserved: []v1alpha1.ReservedBlock{{CIDR: "x"}}},
	} {
		if got, err := Take(&v1alpha1.Network{Spec: spec}, cloud.Snapshot{}, Around{}, "mine"); err == nil {
			t.Errorf("%v: %v", spec, got)
		}
	}
}
