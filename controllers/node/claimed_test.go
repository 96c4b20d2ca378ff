package node

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// TestOnlyGrantedRangesMakePools: the cloud may yet refuse one that is claimed,
// and a request that is granted in part feeds the nodes of the subnets it has.
func TestOnlyGrantedRangesMakePools(t *testing.T) {
	t.Parallel()
	r := v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"}}
	r.Spec.Purpose = v1alpha1.Pods
	r.Status.Ranges = []v1alpha1.GrantedRange{
		{CIDR: "10.0.0.0/24", Subnet: "a", Name: "vn-a", State: v1alpha1.RangeGranted},
		{CIDR: "10.0.1.0/24", Subnet: "b", Name: "vn-b", State: v1alpha1.RangeClaimed},
		{CIDR: "10.0.2.0/24", Subnet: "c", Name: "vn-c"},
	}
	var got []string
	for _, d := range definitionsOf([]v1alpha1.RangeRequest{r}) {
		got = append(got, d.Key.Subnet)
	}
	if strings.Join(got, " ") != "a c" {
		t.Errorf("there are pools in %v", got)
	}
	r.Status.Subnets = []v1alpha1.UnservedSubnet{{Name: "b", Reason: "NoSpace", Message: "it is full"}}
	said := noPool(cloud.Interface{Subnet: "b", SubnetName: "b"}, []*v1alpha1.RangeRequest{&r})
	if said.Reason != v1alpha1.ReasonWrongSubnet || !strings.Contains(said.Text, "(NoSpace): it is full") {
		t.Errorf("a node there is told %+v", said)
	}
}
