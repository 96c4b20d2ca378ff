package calc

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/ipam/plan"
)

// Objects ask for a plan's ranges.
type Objects struct {
	Network  v1alpha1.Network
	Requests []v1alpha1.RangeRequest
}

func typed(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
}

// NetworkOf is the Network of a plan.
func NetworkOf(a Ask) *v1alpha1.Network {
	n := a.network()
	return &n
}

func (a Ask) network() v1alpha1.Network {
	n := v1alpha1.Network{TypeMeta: typed("Network"), ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DefaultNetwork}}
	if a.EC2 != nil {
		n.Spec.AWS = a.EC2.network()
	} else {
		n.Spec.GCP = &v1alpha1.GCPNetwork{
			Project: a.Place.Project, Network: a.Place.Network, Region: a.Place.Region, Subnetworks: a.Place.Subnets,
		}
	}
	for _, s := range a.Supernets {
		n.Spec.Supernets = append(n.Spec.Supernets, v1alpha1.CIDR(s.String()))
	}
	for _, r := range a.Reserved {
		n.Spec.Reserved = append(n.Spec.Reserved, v1alpha1.ReservedBlock{CIDR: v1alpha1.CIDR(r.Prefix.String()), Reason: r.Reason})
	}
	return n
}

func request(name string, purpose v1alpha1.Purpose) v1alpha1.RangeRequest {
	r := v1alpha1.RangeRequest{TypeMeta: typed("RangeRequest"), ObjectMeta: metav1.ObjectMeta{Name: name}}
	r.Spec.Purpose = purpose
	r.Spec.IPFamilies = []v1alpha1.Family{v1alpha1.IPv4}
	return r
}

// further is how many more ranges growth takes, where the first holds held
// and the whole is to be wanted times growth.
func further(wanted, held int, growth float64) int {
	return max(0, int(math.Ceil((float64(wanted)*growth-float64(held))/float64(held))))
}

// maxRanges is how many ranges a request may have in a subnet.
const maxRanges = 170

func (a Ask) pods() (r v1alpha1.RangeRequest, more int, err error) {
	r = request("pods", v1alpha1.Pods)
	r.Spec.Capacity = &v1alpha1.Capacity{Nodes: int32(a.Nodes), PodsPerNode: int32(a.MaxPods)}
	size := intstr.FromString(v1alpha1.NodePrefixAuto)
	if a.NodePrefixLength != 0 {
		size = intstr.FromInt32(int32(a.NodePrefixLength))
	}
	r.Spec.NodePrefixLength = &size
	node, _ := assign.NodeSize(&r, int64(a.MaxPods), assign.Bounds{PerPod: cloud.Traits{}.PerPod()})
	length, err := plan.RangeLength(a.Nodes, node.Bits)
	if err != nil {
		return r, 0, err
	}
	more = further(a.Nodes, 1<<(node.Bits-length), a.Growth)
	r.Spec.Growth, err = a.grows("pods", more)
	return r, more, err
}

func (a Ask) services() (r v1alpha1.RangeRequest, more int, err error) {
	r = request("services", v1alpha1.Services)
	length := int32(min(smallestRange, 32-bits.Len(uint(a.Services-1))))
	r.Spec.PrefixLength = &length
	r.Spec.Subnets = a.first()
	more = further(a.Services, 1<<(32-length), a.Growth)
	r.Spec.Growth, err = a.grows("services", more)
	return r, more, err
}

func (a Ask) proxy() v1alpha1.RangeRequest {
	r := request("proxy", v1alpha1.Proxy)
	length := int32(a.Proxy)
	r.Spec.PrefixLength = &length
	return r
}

// first is the subnet of a range that the cluster has once; a request that
// names none is for all.
func (a Ask) first() []string {
	if len(a.Place.Subnets) > 1 {
		return a.Place.Subnets[:1]
	}
	return nil
}

func (a Ask) grows(what string, more int) (*v1alpha1.Growth, error) {
	switch {
	case more == 0:
		return nil, nil
	case more+1 > maxRanges:
		return nil, fmt.Errorf("--growth=%gx needs %d %s ranges, and a subnet has %d at most; start with larger ranges, and less growth", a.Growth, more+1, what, maxRanges)
	}
	return &v1alpha1.Growth{MaxRanges: int32(more + 1)}, nil
}

// pin has a request name the block that it was planned to get.
func pin(r *v1alpha1.RangeRequest, p netip.Prefix) {
	if r.Spec.Growth != nil {
		further := int32(p.Bits())
		r.Spec.Growth.PrefixLength = &further
	}
	r.Spec.Capacity, r.Spec.PrefixLength = nil, nil
	r.Spec.CIDRs = []v1alpha1.CIDR{v1alpha1.CIDR(p.String())}
}
