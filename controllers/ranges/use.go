package ranges

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/assign"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Use is how much of a request's ranges is in use, and by whom.
type Use struct {
	Capacity  prefix.Count
	Allocated prefix.Count
	// Nodes are the names of the Nodes that publish a piece.
	Nodes []string
	// Waiting counts the Nodes that wait for room here; RangeMissing tells
	// that one of them could not use the range at all.
	Waiting      int32
	RangeMissing bool
}

func (c *Controller) use(ctx context.Context, r *v1alpha1.RangeRequest) Use {
	var list v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &list); err != nil {
		list.Items = []v1alpha1.RangeRequest{*r}
	}
	return Count(r, list.Items, c.Nodes())
}

// Count tells how much of r's ranges the nodes use; all are all requests,
// among which a waiting node chooses. It is pure.
func Count(r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest, nodes []*corev1.Node) Use {
	var ranges []netip.Prefix
	for _, g := range r.Status.Ranges {
		if p, err := netip.ParsePrefix(g.CIDR); err == nil {
			ranges = append(ranges, p)
		}
	}
	u := Use{Capacity: prefix.Total(ranges)}
	for _, n := range nodes {
		if len(n.Spec.PodCIDRs) == 0 {
			u.wait(n, r, all)
			continue
		}
		for _, text := range n.Spec.PodCIDRs {
			if p, err := netip.ParsePrefix(text); err == nil && prefix.Within(ranges, p) {
				u.Nodes = append(u.Nodes, n.Name)
				u.Allocated = u.Allocated.Add(prefix.Addresses(p))
			}
		}
	}
	slices.Sort(u.Nodes)
	return u
}

func (u *Use) wait(n *corev1.Node, r *v1alpha1.RangeRequest, all []v1alpha1.RangeRequest) {
	for _, cond := range n.Status.Conditions {
		if cond.Type != corev1.NodeNetworkUnavailable || cond.Status != corev1.ConditionTrue {
			continue
		}
		exhausted, missing := cond.Reason == v1alpha1.ReasonRangeExhausted, cond.Reason == v1alpha1.ReasonRangeMissing
		if !exhausted && !missing {
			continue
		}
		for _, candidate := range assign.Candidates(all, n.Labels) {
			if candidate.Name == r.Name {
				u.RangeMissing = u.RangeMissing || missing
				if exhausted {
					u.Waiting++
				}
			}
		}
	}
}

// Percent is the allocated part of the capacity, rounded up.
func (u Use) Percent() int32 {
	if u.Capacity.IsZero() {
		return 0
	}
	share := 100 * u.Allocated.Float64() / u.Capacity.Float64()
	whole := int32(share)
	if share > float64(whole) {
		whole++
	}
	return whole
}

// Users names some of the nodes.
func (u Use) Users() string {
	const most = 5
	if len(u.Nodes) <= most {
		return strings.Join(u.Nodes, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(u.Nodes[:most], ", "), len(u.Nodes)-most)
}

// report puts the use into the status.
func (c *Controller) report(r *v1alpha1.RangeRequest, u Use) {
	r.Status.Capacity, r.Status.Allocated = u.Capacity.String(), u.Allocated.String()
	r.Status.Utilisation, r.Status.Nodes, r.Status.WaitingNodes = u.Percent(), int32(len(u.Nodes)), u.Waiting
	c.Metrics.observe(r.Name, u)
	if len(r.Status.Ranges) == 0 {
		return
	}
	cond := metav1.Condition{
		Type: v1alpha1.ConditionExhausted, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonRoomLeft,
		Message: "no node waits for room", ObservedGeneration: r.Generation,
	}
	if u.Waiting > 0 {
		cond.Status, cond.Reason = metav1.ConditionTrue, v1alpha1.ReasonNodesWaiting
		cond.Message = fmt.Sprintf("%d nodes wait for room; add a block to cidrs, or make a further RangeRequest with the same nodeSelector", u.Waiting)
		if !meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionExhausted) {
			c.Events.Eventf(r, nil, corev1.EventTypeWarning, v1alpha1.ReasonRangeExhausted, "ProvidePodRange", "%s", cond.Message)
		}
	}
	meta.SetStatusCondition(&r.Status.Conditions, cond)
}

// missingPause is how soon after a look at the VPC a Node's word that its
// range is missing calls for another.
const missingPause = 10 * time.Second

// due tells whether the VPC has to be looked at for this request.
func (c *Controller) due(r *v1alpha1.RangeRequest, u Use) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, ok := c.verified[r.UID]
	since := time.Since(last)
	return !ok || r.Status.ObservedGeneration != r.Generation || since >= c.Verify ||
		(u.RangeMissing && since >= missingPause) ||
		!meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReady)
}
