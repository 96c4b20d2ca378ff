// Package firewall sees to it that the VPC's firewall lets the pod ranges
// through: it keeps a rule of ours, or says which one is missing.
package firewall

import (
	"context"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
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
	// OpenVPC gives the cloud of a Network.
	OpenVPC   func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
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
		For(&v1alpha1.Network{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, conditionLost))).
		Watches(&v1alpha1.RangeRequest{},
			handler.EnqueueRequestsFromMapFunc(c.everyNetwork),
			builder.WithPredicates(rangesChanged)).
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

// rangesChanged lets through what changes the pod ranges.
var rangesChanged = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.RangeRequest), e.ObjectNew.(*v1alpha1.RangeRequest)
		return !reflect.DeepEqual(before.Status.Ranges, after.Status.Ranges)
	},
}

// conditionLost lets through a write of the status that took our condition
// away.
var conditionLost = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool { return condition(e.ObjectOld) != nil && condition(e.ObjectNew) == nil },
	DeleteFunc: func(event.DeleteEvent) bool { return false },
}

func condition(o client.Object) *metav1.Condition {
	return meta.FindStatusCondition(o.(*v1alpha1.Network).Status.Conditions, v1alpha1.ConditionFirewall)
}

// finding is how the firewall stands, in the words of a condition.
type finding struct {
	status       metav1.ConditionStatus
	reason, text string
}

func failed(err error, more string) *finding {
	return &finding{metav1.ConditionUnknown, string(cloud.ReasonOf(err)), err.Error() + more}
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
	found, err := c.settle(ctx, n, requests.Items)
	if err == nil && found != nil {
		err = c.report(ctx, n, *found)
	}
	switch {
	case apierrors.IsConflict(err): // somebody else wrote the Network: its event comes
		return reconcile.Result{RequeueAfter: time.Second}, nil
	case err != nil:
		return reconcile.Result{}, client.IgnoreNotFound(err)
	case found != nil && found.status == metav1.ConditionUnknown:
		return reconcile.Result{RequeueAfter: retryPause}, nil
	}
	return reconcile.Result{RequeueAfter: c.Period}, nil
}

// What the API server takes, in bytes: of a condition's message, and of an
// Event's note. A command line with many ranges can be longer.
const maxMessage, maxNote = 32768, 1024

func clip(text string, most int) string {
	const more = "..."
	if len(text) <= most {
		return text
	}
	return text[:most-len(more)] + more
}

// report writes the finding into the status, and an Event when it is news.
// The list of conditions is patched as a whole, hence the lock.
func (c *Controller) report(ctx context.Context, n *v1alpha1.Network, f finding) error {
	c.Metrics.observe(n.Name, f)
	f.text = clip(f.text, maxMessage)
	before := n.DeepCopy()
	had := condition(before)
	changed := meta.SetStatusCondition(&n.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionFirewall, Status: f.status, Reason: f.reason, Message: f.text, ObservedGeneration: n.Generation,
	})
	if !changed {
		return nil
	}
	if had == nil || had.Reason != f.reason || had.Message != f.text {
		kind := corev1.EventTypeWarning
		if f.status == metav1.ConditionTrue {
			kind = corev1.EventTypeNormal
		}
		log.FromContext(ctx).Info("the firewall was looked at", "reason", f.reason, "what", f.text)
		c.Events.Eventf(n, nil, kind, f.reason, "CheckFirewall", "%s", clip(f.text, maxNote))
	}
	err := c.Client.Status().Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("writing the status of Network %s: %w", n.Name, err)
	}
	return nil
}
