package preview

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/test/golden"
)

// ec2 is a VPC as a Network's status tells of it.
func ec2() *v1alpha1.Network {
	n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	n.Spec.AWS = &v1alpha1.AWSNetwork{VPCID: "vpc-1", Subnets: []string{"subnet-a"}}
	n.Spec.Supernets = []v1alpha1.CIDR{"10.0.0.0/16", "172.24.0.0/16"}
	n.Status.Occupied = []v1alpha1.OccupiedBlock{{CIDR: "10.0.0.0/24", Kind: "SubnetPrimary", Name: "eu-west-1a/subnet-a"}}
	n.Status.OccupiedCount = 1
	n.Status.Free = []v1alpha1.FreeSpace{{Family: "IPv4", Addresses: "1"}}
	n.Status.Subnets = []v1alpha1.SubnetSpace{{Name: "subnet-a", Zone: "eu-west-1a", CIDR: "10.0.0.0/24", FreeBlocks: []string{"10.0.0.128/25"}}}
	n.Status.Blocks = []string{"10.0.0.0/16"}
	n.Status.Routes = &v1alpha1.RouteRoom{Table: "rtb-1", Limit: 100, Used: 2}
	n.Status.LastRead = &wrote
	return n
}

func routed(size func(*v1alpha1.RangeRequestSpec)) v1alpha1.RangeRequest {
	return pods("routed", func(s *v1alpha1.RangeRequestSpec) {
		size(s)
		s.Attachment, s.NodePrefixLength = v1alpha1.AttachRoutes, ptr.To(intstr.FromInt32(24))
	})
}

func onEC2(n *v1alpha1.Network, requests ...v1alpha1.RangeRequest) Input {
	in := Input{Networks: []v1alpha1.Network{*n}, Requests: requests, ClusterID: "test", VPC: map[string]VPC{n.Name: Status(n, aws.Blank(n.Spec.AWS.Subnets))}}
	for _, r := range requests {
		in.Wanted = append(in.Wanted, r.Name)
	}
	return in
}

func TestPreviewsOfRoutes(t *testing.T) {
	t.Parallel()
	var got show.Printer
	for _, s := range []struct {
		name string
		in   Input
	}{
		{"outside the VPC's blocks", onEC2(ec2(), routed(length(18)))},
		{"more nodes than routes", onEC2(ec2(), routed(length(17)))},
		{"capacity beyond the quota", onEC2(ec2(), routed(func(s *v1alpha1.RangeRequestSpec) { s.Capacity = &v1alpha1.Capacity{Nodes: 99, PodsPerNode: 200} }))},
	} {
		fmt.Fprintf(&got, "# %s\n", s.name)
		Make(s.in).Print(&got)
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/routes.golden", got.String())
}

func fullOf(r v1alpha1.RangeRequest) v1alpha1.RangeRequest {
	r.Status.Ranges = []v1alpha1.GrantedRange{{CIDR: "10.0.0.0/24", Subnet: "subnet-a", Name: "vn-x"}}
	r.Spec.PrefixLength = ptr.To[int32](24)
	return r
}

func TestPreviewsOfNewSpace(t *testing.T) {
	t.Parallel()
	roomy := func(block v1alpha1.CIDR) v1alpha1.RangeRequest {
		return pods("roomy", func(s *v1alpha1.RangeRequestSpec) {
			grows(length(23), nil, 4)(s)
			s.NewSubnets = &v1alpha1.NewSubnets{Blocks: []v1alpha1.CIDR{block}, SubnetPrefixLength: 20, MaxSubnets: 4}
		})
	}
	wide := ec2()
	wide.Spec.Supernets = append(wide.Spec.Supernets, "100.64.0.0/16")
	made := wide.DeepCopy()
	made.Status.Blocks = append(made.Status.Blocks, "100.64.0.0/16")
	made.Status.Subnets = append(made.Status.Subnets, v1alpha1.SubnetSpace{Name: "subnet-b", Zone: "eu-west-1a", CIDR: "100.64.0.0/20", FreeBlocks: []string{"100.64.8.0/21"},
		Made: cloud.Owner{ClusterID: "test", Kind: "RangeRequest", Name: "roomy"}.RoleName("subnet0"), Owner: "RangeRequest roomy"})
	var got show.Printer
	for _, s := range []struct {
		name string
		in   Input
	}{
		{"where the subnet has no room", onEC2(wide, roomy("100.64.0.0/16"))},
		{"in the subnet that was made", onEC2(made, roomy("100.64.0.0/16"))},
		{"in no supernet", onEC2(wide, roomy("100.65.0.0/16"))},
		{"once what it has is full", onEC2(wide, fullOf(roomy("100.64.0.0/16")))},
	} {
		fmt.Fprintf(&got, "# %s\n", s.name)
		Make(s.in).Print(&got)
		got.WriteString("\n")
	}
	golden.Check(t, "testdata/newspace.golden", got.String())
}
