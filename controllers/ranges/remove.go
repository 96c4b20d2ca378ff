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
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// carrierPause is how soon the instances are looked at again that still carry
// prefixes of a range that is to go.
const carrierPause = 2 * time.Second

// remove takes a deleted request's ranges out of the VPC once no Node uses
// them, and lets the request go. Done tells that it has gone.
func (c *Controller) remove(ctx context.Context, r *v1alpha1.RangeRequest, u Use) (done bool, again time.Duration) {
	if !controllerutil.ContainsFinalizer(r, v1alpha1.Finalizer) {
		return true, 0
	}
	no := c.tryRemove(ctx, r, u)
	if no == nil {
		no = c.letGo(ctx, r)
	}
	if no == nil {
		c.mu.Lock()
		delete(c.verified, r.UID)
		c.mu.Unlock()
		return true, 0
	}
	c.Metrics.failed(r.Name, no.Reason)
	had := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady)
	if had == nil || had.Reason != no.Reason || had.Message != no.Text {
		c.Events.Eventf(r, nil, corev1.EventTypeWarning, no.Reason, "RemoveRange", "%s", no.Text)
	}
	meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: no.Reason, Message: no.Text,
		ObservedGeneration: r.Generation,
	})
	return false, no.Again
}

func (c *Controller) tryRemove(ctx context.Context, r *v1alpha1.RangeRequest, u Use) *Refusal {
	if len(u.Nodes) > 0 {
		return refuse(v1alpha1.ReasonInUse, "deletion waits: %d nodes use the ranges (%s); drain and delete them first", len(u.Nodes), u.Users())
	}
	if r.Spec.Purpose != v1alpha1.Pods {
		return nil
	}
	_, vpc, no := c.network(ctx, r)
	if no != nil {
		return no
	}
	if no := carriers(ctx, r, vpc); no != nil {
		return no
	}
	if r.Spec.DeletionPolicy == v1alpha1.Retain {
		return nil
	}
	snapshot, err := vpc.Space.Read(ctx)
	if err != nil {
		return refusedByCloud(err)
	}
	for _, mine := range c.inVPC(r, snapshot) {
		log.FromContext(ctx).Info("removing a range", "range", mine.Name, "subnet", mine.Subnet, "prefix", mine.Prefix)
		err := vpc.Ranges.Delete(ctx, mine)
		if cloud.Is(err, cloud.Conflict) {
			no := refuse(v1alpha1.ReasonInUse, "deletion waits: %v; take the prefixes off the instances that still carry them", err)
			no.Again = retrySoon // the node controller may be at it
			return no
		}
		if err != nil {
			return refusedByCloud(err)
		}
	}
	return nil
}

// carriers refuses while instances carry prefixes of the ranges: the node
// controller takes back what was its own, for which it needs the request, and
// the cloud would refuse to remove the range.
func carriers(ctx context.Context, r *v1alpha1.RangeRequest, vpc cloud.VPC) *Refusal {
	var ranges []netip.Prefix
	for _, g := range r.Status.Ranges {
		if p, ok := prefixOf(g); ok {
			ranges = append(ranges, p)
		}
	}
	var found []string
	for nic, err := range vpc.Interfaces.List(ctx) {
		if err != nil {
			return refusedByCloud(err)
		}
		for _, a := range nic.Attachments {
			if prefix.Within(ranges, a.Prefix) {
				found = append(found, nic.Instance+" "+a.Prefix.String())
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	more := ""
	if len(found) > 3 {
		more = fmt.Sprintf(" and %d more", len(found)-3)
	}
	no := refuse(v1alpha1.ReasonInUse, "deletion waits: instances still carry prefixes of the ranges (%s%s); those of deleted Nodes are taken off by themselves, any other by whoever put it there",
		strings.Join(found[:min(len(found), 3)], ", "), more)
	no.Again = carrierPause
	return no
}

// inVPC gives the ranges that are there and carry the request's mark (I4).
func (c *Controller) inVPC(r *v1alpha1.RangeRequest, s cloud.Snapshot) []cloud.Range {
	owner := cloud.Owner{ClusterID: c.ClusterID, Kind: ownerKind, Name: r.Name}
	var out []cloud.Range
	for _, subnet := range s.Subnets {
		for _, x := range subnet.Ranges {
			if cloud.ParseMark(x.Name).Of(owner) {
				out = append(out, x)
			}
		}
	}
	return slices.Clip(out)
}

func (c *Controller) letGo(ctx context.Context, r *v1alpha1.RangeRequest) *Refusal {
	patched := r.DeepCopy()
	controllerutil.RemoveFinalizer(patched, v1alpha1.Finalizer)
	err := c.Client.Patch(ctx, patched, client.MergeFromWithOptions(r, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return &Refusal{Reason: string(cloud.Unavailable), Again: retrySoon,
			Text: fmt.Sprintf("taking the finalizer off RangeRequest %s: %v", r.Name, err)}
	}
	return nil
}
