package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// Writer makes the two writes of a Node. Both name the Node's UID, so that a
// Node re-created under the same name is never written; the API server
// refuses to change podCIDRs that are not empty.
//
// They are as cheap to the API server as patches get, since a burst of Nodes
// is bounded by it: strategic patches (a merge patch takes a seventh more of
// its time), no search for unknown fields in what we know to be well formed,
// and an answer without the object.
type Writer struct {
	core     rest.Interface
	busy     chan struct{}
	podCIDRs *traffic
}

// atOnce is how many Nodes are written at the same time: with more, the API
// server does fewer a second.
const atOnce = 32

// NewWriter writes by a client of the core/v1 API. Answers are not decoded.
func NewWriter(core rest.Interface) Writer {
	return Writer{core: core, busy: make(chan struct{}, atOnce), podCIDRs: &traffic{}}
}

// Publish sets the Node's podCIDRs, of every family at once: what is not in
// the one write that the API server admits can never be added.
func (w Writer) Publish(ctx context.Context, node string, uid types.UID, podCIDRs ...netip.Prefix) error {
	w.podCIDRs.begin()
	defer w.podCIDRs.end()
	all := texts(podCIDRs)
	body := fmt.Sprintf(`{"metadata":{"uid":%q},"spec":{"podCIDR":%q,"podCIDRs":["%s"]}}`, uid, all[0], strings.Join(all, `","`))
	return w.patch(ctx, node, []byte(body))
}

// SetCondition sets one condition of the Node.
func (w Writer) SetCondition(ctx context.Context, node string, uid types.UID, cond corev1.NodeCondition) error {
	var patch struct {
		Metadata struct {
			UID types.UID `json:"uid"`
		} `json:"metadata"`
		Status struct {
			Conditions []corev1.NodeCondition `json:"conditions"`
		} `json:"status"`
	}
	patch.Metadata.UID = uid
	patch.Status.Conditions = []corev1.NodeCondition{cond}
	body, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	return w.patch(ctx, node, body, "status")
}

func (w Writer) patch(ctx context.Context, node string, body []byte, sub ...string) error {
	select {
	case w.busy <- struct{}{}:
		defer func() { <-w.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return retry.RetryOnConflict(retry.DefaultRetry, func() error { return w.send(ctx, node, body, sub) })
}

func (w Writer) send(ctx context.Context, node string, body []byte, sub []string) error {
	return w.core.Patch(types.StrategicMergePatchType).Resource("nodes").Name(node).SubResource(sub...).
		Param("fieldManager", "vpcnative").Param("fieldValidation", metav1.FieldValidationIgnore).
		SetHeader("Accept", "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").
		Body(body).Do(ctx).Error()
}

// publish shows the Node's holding, which the cloud has confirmed, in its
// podCIDRs.
func (c *Controller) publish(ctx context.Context, node *corev1.Node) reconcile.Result {
	holding, ok := c.allocator.Held(node.UID)
	if !ok || !holding.Durable {
		return reconcile.Result{RequeueAfter: c.backoff.When(node.Name)}
	}
	podCIDRs, t := c.podCIDRs(ctx, holding)
	if t != nil {
		return c.wait(ctx, node, t)
	}
	err := c.Writer.Publish(ctx, node.Name, node.UID, podCIDRs...)
	if err != nil {
		return c.publishFailed(ctx, node, texts(podCIDRs), err)
	}
	return c.published(ctx, node)
}

func (c *Controller) published(ctx context.Context, node *corev1.Node) reconcile.Result {
	c.allocator.MarkPublished(node.UID)
	c.rivals.forget(node.Name)
	c.roomless.forget(node.Name)
	c.leavePlace(node.UID)
	c.Metrics.allocated(time.Since(node.CreationTimestamp.Time))
	c.settle(node.UID)
	if c.heldUp(node) {
		return c.report(ctx, node)
	}
	c.backoff.Forget(node.Name)
	c.reports.queue(node.Name, node.UID)
	c.news.add(news{node.Name, node.UID, time.Now().Add(reportBy)})
	return reconcile.Result{}
}

// settle records what the Node publishes, which ends its claim.
func (c *Controller) settle(uid types.UID) {
	if h, ok := c.allocator.Held(uid); ok {
		h.Delegated = netip.Prefix{} // it is the cloud's to take back
		c.ledger.Settle(entryOf(h))
	}
}

// publishFailed reads the Node live: whatever the write did, the Node says
// what holds now.
func (c *Controller) publishFailed(ctx context.Context, node *corev1.Node, podCIDRs []string, failed error) reconcile.Result {
	live := &corev1.Node{}
	err := c.Live.Get(ctx, client.ObjectKeyFromObject(node), live)
	switch {
	case apierrors.IsNotFound(err), err == nil && live.UID != node.UID:
		return reconcile.Result{RequeueAfter: time.Second} // the cache will show it, and retire takes over
	case err != nil:
		return c.wait(ctx, node, conditions.FromAPI("publishing podCIDRs "+strings.Join(podCIDRs, " and "), failed))
	case len(live.Spec.PodCIDRs) == 0:
		return c.wait(ctx, node, conditions.FromAPI("publishing podCIDRs "+strings.Join(podCIDRs, " and "), failed))
	case slices.Equal(live.Spec.PodCIDRs, podCIDRs):
		return c.published(ctx, live)
	default:
		return c.keep(ctx, live)
	}
}

// report says on the Node that its network works.
func (c *Controller) report(ctx context.Context, node *corev1.Node) reconcile.Result {
	cond := networkCondition(node)
	if cond != nil && cond.Status == corev1.ConditionFalse {
		c.backoff.Forget(node.Name)
		return reconcile.Result{}
	}
	if err := c.writeReport(ctx, node.Name, node.UID); err != nil {
		return c.wait(ctx, node, conditions.FromAPI("reporting that the pod range is ready", err))
	}
	c.backoff.Forget(node.Name)
	return reconcile.Result{}
}

func (c *Controller) writeReport(ctx context.Context, node string, uid types.UID) error {
	now := metav1.Now()
	err := c.Writer.SetCondition(ctx, node, uid, corev1.NodeCondition{
		Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse,
		Reason: v1alpha1.ReasonPublished, Message: "the pod range is on the instance's interface and published",
		LastTransitionTime: now, LastHeartbeatTime: now,
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	c.reports.note(node, uid, now.Time)
	return nil
}

// networkCondition gives the Node's NetworkUnavailable condition.
func networkCondition(node *corev1.Node) *corev1.NodeCondition {
	for i := range node.Status.Conditions {
		if node.Status.Conditions[i].Type == corev1.NodeNetworkUnavailable {
			return &node.Status.Conditions[i]
		}
	}
	return nil
}
