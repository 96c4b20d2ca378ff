package carve

import (
	"net/netip"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

func TestOrphansAreProxiesToo(t *testing.T) {
	t.Parallel()
	name := cloud.Owner{ClusterID: clusterID, Kind: OwnerKind, Name: "lb"}.ObjectName(0)
	s := cloud.Snapshot{Occupied: []cloud.Occupied{
		{Kind: cloud.ProxyOnly, Name: "us-central1/" + name, Prefix: netip.MustParsePrefix("10.0.2.0/23"), Mark: cloud.ParseMark(name)},
		{Kind: cloud.ProxyOnly, Name: "us-central1/theirs", Prefix: netip.MustParsePrefix("10.0.4.0/23")},
	}}
	got := Orphans(s, clusterID, []string{"pods", "lb"}, nil)
	if len(got) != 1 || !got[0].Proxy || got[0].Name != name || got[0].Request != "lb" {
		t.Errorf("orphans are %+v", got)
	}
	if got := Orphans(s, clusterID, []string{"lb"}, []v1alpha1.RangeRequest{{ObjectMeta: metav1.ObjectMeta{Name: "lb"}}}); len(got) > 0 {
		t.Errorf("orphans are %+v, of a request that is there", got)
	}
}
