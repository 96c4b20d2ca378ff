package stress

import (
	"fmt"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// poolSpec is a request that comes and goes. It is for the Nodes with its
// label, which draw from no other while it is there.
type poolSpec struct {
	name string
	spec func(r *rig, rng *rand.Rand) v1alpha1.RangeRequestSpec
}

// pools are those that any cloud has.
var pools = []poolSpec{
	{"p0", byLength(23)},
	{"p1", byLength(24)},
	{"p2", byLength(22)},
	{"named", func(r *rig, rng *rand.Rand) v1alpha1.RangeRequestSpec {
		return v1alpha1.RangeRequestSpec{CIDRs: []v1alpha1.CIDR{r.namedBlock(rng)}, Subnets: []string{r.cloud.Subnet(subnets[0])}}
	}},
	{"grows", growing},
	{dual, func(*rig, *rand.Rand) v1alpha1.RangeRequestSpec {
		bits := int32(23)
		return v1alpha1.RangeRequestSpec{PrefixLength: &bits, IPFamilies: []v1alpha1.Family{v1alpha1.IPv4, v1alpha1.IPv6}}
	}},
}

// dual is the pool for both families.
const dual = "dual"

// growing has room for one Node of the largest size, or a few small ones, and
// grows under those that wait.
func growing(*rig, *rand.Rand) v1alpha1.RangeRequestSpec {
	bits := int32(24)
	return v1alpha1.RangeRequestSpec{PrefixLength: &bits, Growth: &v1alpha1.Growth{
		Threshold: 100, WaitingNodes: 1, MaxRanges: 3, ReclaimAfter: ptr.To(v1alpha1.Duration(reclaimAfter.String()))}}
}

// plain are requests for which there are no Nodes.
var plain = []struct {
	name string
	spec v1alpha1.RangeRequestSpec
}{
	{"custom", v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Custom, PrefixLength: ptr.To(int32(26))}},
	{"lb", v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Proxy}},
	{"services", v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Services, PrefixLength: ptr.To(int32(28)), Growth: &v1alpha1.Growth{
		Threshold: 80, WaitingNodes: 1, MaxRanges: 3, ReclaimAfter: ptr.To(v1alpha1.Duration(reclaimAfter.String()))}}},
}

func makePlain(r *rig, c *cluster, rng *rand.Rand) string {
	p := plain[rng.IntN(len(plain))]
	err := c.API.Create(r.ctx, &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: p.name}, Spec: p.spec})
	if apierrors.IsAlreadyExists(err) {
		return ""
	}
	r.must(err)
	return p.name
}

func deletePlain(r *rig, c *cluster, rng *rand.Rand) string {
	p := plain[rng.IntN(len(plain))]
	req := &v1alpha1.RangeRequest{}
	err := c.API.Get(r.ctx, client.ObjectKey{Name: p.name}, req)
	if apierrors.IsNotFound(err) || err == nil && !req.DeletionTimestamp.IsZero() {
		return ""
	}
	r.must(err)
	r.must(c.API.Delete(r.ctx, req))
	return p.name
}

// namedBlock draws one of 32 blocks that the named requests of both clusters
// ask for by name, so that some ask for the same.
func (r *rig) namedBlock(rng *rand.Rand) v1alpha1.CIDR {
	return v1alpha1.CIDR(nth(r.ground.named, 24, rng.IntN(32)).String())
}

func byLength(bits int32) func(*rig, *rand.Rand) v1alpha1.RangeRequestSpec {
	return func(*rig, *rand.Rand) v1alpha1.RangeRequestSpec {
		return v1alpha1.RangeRequestSpec{PrefixLength: &bits}
	}
}

// baseRequest is for the Nodes without a label, and always there.
func baseRequest() *v1alpha1.RangeRequest {
	bits := int32(21)
	return &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: "pods"},
		Spec: v1alpha1.RangeRequestSpec{Purpose: v1alpha1.Pods, PrefixLength: &bits}}
}

func makeRequest(r *rig, c *cluster, rng *rand.Rand) string {
	p := r.pools[rng.IntN(len(r.pools))]
	req := &v1alpha1.RangeRequest{ObjectMeta: metav1.ObjectMeta{Name: p.name}, Spec: p.spec(r, rng)}
	req.Spec.Purpose = v1alpha1.Pods
	req.Spec.NodeSelector = &v1alpha1.LabelSelector{MatchLabels: map[string]v1alpha1.LabelValue{pool: v1alpha1.LabelValue(p.name)}}
	err := c.API.Create(r.ctx, req)
	if apierrors.IsAlreadyExists(err) {
		return "" // or it is being deleted
	}
	r.must(err)
	return fmt.Sprintf("%s %v", p.name, req.Spec.CIDRs)
}

// growRequest adds a block to the request that names its blocks.
func growRequest(r *rig, c *cluster, rng *rand.Rand) string {
	block := r.namedBlock(rng)
	req := &v1alpha1.RangeRequest{}
	err := c.API.Get(r.ctx, client.ObjectKey{Name: "named"}, req)
	if apierrors.IsNotFound(err) {
		return ""
	}
	r.must(err)
	if slices.Contains(req.Spec.CIDRs, block) || len(req.Spec.CIDRs) >= 16 {
		return ""
	}
	patch := client.MergeFrom(req.DeepCopy())
	req.Spec.CIDRs = append(req.Spec.CIDRs, block)
	r.must(c.API.Patch(r.ctx, req, patch))
	return fmt.Sprintf("by %s", block)
}

// deleteRequest deletes a request and the Nodes with its label.
func deleteRequest(r *rig, c *cluster, rng *rand.Rand) string {
	p := r.pools[rng.IntN(len(r.pools))]
	withVMs := rng.IntN(2) == 0
	req := &v1alpha1.RangeRequest{}
	err := c.API.Get(r.ctx, client.ObjectKey{Name: p.name}, req)
	if apierrors.IsNotFound(err) || err == nil && !req.DeletionTimestamp.IsZero() {
		return ""
	}
	r.must(err)
	r.must(c.API.Delete(r.ctx, req))
	var nodes corev1.NodeList
	r.must(c.API.List(r.ctx, &nodes, client.MatchingLabels{pool: p.name}))
	for _, n := range nodes.Items {
		if withVMs && c.vms[n.Name] {
			r.shutDown(c, n.Name)
		}
		r.unregister(c, n.Name)
	}
	return fmt.Sprintf("%s and its %d nodes, their VMs too: %v", p.name, len(nodes.Items), withVMs)
}
