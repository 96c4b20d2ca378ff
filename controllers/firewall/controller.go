// Package firewall sees to it that the VPC's firewall lets the pod ranges
// through: it keeps a rule of ours, or says which one is missing.
package firewall

import (
	"context"
	"fmt"
	"time"

	"github.com/vpcnative/vpcnative/controllers/vpc"

	"github.com/vpcnative/vpcnative/controllers/conditions"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// Config is what the controller needs.
type Config struct {
	Client client.Client
	// OpenVPC returns the cloud of a Network.
	OpenVPC func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
	// Space reads the address space of the VPCs.
	Space     *vpc.Reader
	ClusterID string
	Events    events.EventRecorder
	Metrics   *Metrics
	// Period is how often the rules are read when nothing calls for it, since
	// others change them too; 5 minutes by default.
	Period time.Duration
}

// retryPause is when the rules are looked at again after an error.
const retryPause = 30 * time.Second

// Controller is the firewall controller.
type Controller struct{ Config }

// New makes the controller.
func New(cfg Config) *Controller {
	if cfg.Period == 0 {
		cfg.Period = 5 * time.Minute
	}
	return &Controller{cfg}
}

// Setup adds the controller to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("firewall").
		For(&v1alpha1.Network{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, conditions.Lost(v1alpha1.ConditionFirewall, conditionsOf)))).
		Watches(&v1alpha1.RangeRequest{},
			handler.EnqueueRequestsFromMapFunc(c.everyNetwork),
			builder.WithPredicates(vpc.RangesChanged)).
		WatchesRawSource(c.Space.Changes(func(string) []reconcile.Request { return c.everyNetwork(context.Background(), nil) })).
		Complete(c)
}

// everyNetwork: the pods of one Network are let in by all others of its VPC.
func (c *Controller) everyNetwork(ctx context.Context, _ client.Object) (out []reconcile.Request) {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		log.FromContext(ctx).Error(err, "listing Networks")
		return nil
	}
	for i := range all.Items {
		out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&all.Items[i])})
	}
	return out
}

func conditionsOf(o client.Object) []metav1.Condition { return o.(*v1alpha1.Network).Status.Conditions }

// found is how the firewall stands.
func found(status metav1.ConditionStatus, reason, text string) *metav1.Condition {
	return &metav1.Condition{Type: v1alpha1.ConditionFirewall, Status: status, Reason: reason, Message: text}
}

func failed(err error, more string) *metav1.Condition {
	return found(metav1.ConditionUnknown, string(cloud.ReasonOf(err)), err.Error()+more)
}

// Reconcile looks at one Network's firewall. A Network whose firewall cannot
// be read or changed is served in all other ways.
func (c *Controller) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	n := &v1alpha1.Network{}
	if err := c.Client.Get(ctx, req.NamespacedName, n); err != nil {
		if apierrors.IsNotFound(err) {
			c.Metrics.forget(req.Name)
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	var requests v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &requests); err != nil {
		return reconcile.Result{}, fmt.Errorf("listing RangeRequests: %w", err)
	}
	is, err := c.settle(ctx, n, requests.Items)
	if err == nil && is != nil {
		err = c.report(ctx, n, *is)
	}
	switch {
	case apierrors.IsConflict(err): // somebody else wrote the Network: its event comes
		return reconcile.Result{RequeueAfter: time.Second}, nil
	case err != nil:
		return reconcile.Result{}, client.IgnoreNotFound(err)
	case is != nil && is.Status == metav1.ConditionUnknown:
		return reconcile.Result{RequeueAfter: retryPause}, nil
	}
	return reconcile.Result{RequeueAfter: c.Period}, nil
}

// report writes the condition, and an Event where it is news.
func (c *Controller) report(ctx context.Context, n *v1alpha1.Network, is metav1.Condition) error {
	c.Metrics.observe(n.Name, is)
	before := n.DeepCopy()
	if conditions.Set(&n.Status.Conditions, n, is) {
		kind := corev1.EventTypeWarning
		if is.Status == metav1.ConditionTrue {
			kind = corev1.EventTypeNormal
		}
		log.FromContext(ctx).Info("checked the firewall", "reason", is.Reason, "what", is.Message)
		c.Events.Eventf(n, nil, kind, is.Reason, "CheckFirewall", "%s", is.Message)
	}
	return conditions.WriteStatus(ctx, c.Client, n, before)
}
