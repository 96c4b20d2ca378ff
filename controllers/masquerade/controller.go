// Package masquerade keeps ip-masq-agent's ConfigMap: the destinations for
// which pods keep their own address, so that traffic is native inside the VPC
// and leaves it from the node's address.
package masquerade

import (
	"context"
	"fmt"
	"time"

	"github.com/vpcnative/vpcnative/controllers/vpc"

	"github.com/vpcnative/vpcnative/controllers/conditions"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
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
	// ConfigMaps are those of the agent's namespace, read live; Namespace and
	// Name say which one is the agent's.
	ConfigMaps      typedcorev1.ConfigMapInterface
	Namespace, Name string
	// Space reads the address space of the VPCs.
	Space   *vpc.Reader
	Events  events.EventRecorder
	Metrics *Metrics
	// Period is how often the VPCs are read when nothing calls for it; 5
	// minutes by default.
	Period time.Duration
}

// retryPause is when it is tried again after an error.
const retryPause = 30 * time.Second

// Controller is the masquerade controller.
type Controller struct{ Config }

// New makes the controller.
func New(cfg Config) *Controller {
	if cfg.Period == 0 {
		cfg.Period = 5 * time.Minute
	}
	return &Controller{cfg}
}

// Setup adds the controller to a manager. There is one thing to reconcile,
// whatever changed.
func (c *Controller) Setup(mgr manager.Manager) error {
	it := []reconcile.Request{{NamespacedName: client.ObjectKey{Namespace: c.Namespace, Name: c.Name}}}
	one := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request { return it })
	return ctrl.NewControllerManagedBy(mgr).
		Named("masquerade").
		Watches(&v1alpha1.Network{}, one, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, conditions.Lost(v1alpha1.ConditionMasquerade, conditionsOf)))).
		Watches(&v1alpha1.RangeRequest{}, one, builder.WithPredicates(vpc.RangesChanged)).
		WatchesRawSource(c.Space.Changes(func(string) []reconcile.Request { return it })).
		Complete(c)
}

func conditionsOf(o client.Object) []metav1.Condition { return o.(*v1alpha1.Network).Status.Conditions }

// Reconcile brings the ConfigMap up to date and says so on every Network.
func (c *Controller) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	var networks v1alpha1.NetworkList
	var requests v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &networks); err != nil {
		return reconcile.Result{}, fmt.Errorf("listing Networks: %w", err)
	}
	if err := c.Client.List(ctx, &requests); err != nil {
		return reconcile.Result{}, fmt.Errorf("listing RangeRequests: %w", err)
	}
	var is finding
	if len(networks.Items) == 0 {
		is = c.takeBack(ctx)
	} else {
		is = c.keep(ctx, c.read(ctx, networks.Items), requests.Items)
	}
	c.Metrics.observe(is)
	again := c.Period
	if is.Status != metav1.ConditionTrue {
		again = retryPause
	}
	for i := range networks.Items {
		err := c.report(ctx, &networks.Items[i], is.Condition)
		if apierrors.IsConflict(err) { // somebody else wrote the Network
			again = time.Second
		} else if client.IgnoreNotFound(err) != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{RequeueAfter: again}, nil
}

// reading is what the VPCs are found to hold. A Network of another cloud has
// none that is ours to read, and keeps nothing from the others.
type reading struct {
	snapshots []cloud.Snapshot
	// err is why some VPC could not be read.
	err error
	// partly reports that some of a VPC cannot be seen, and may be where pods have
	// gone with their own addresses: the Network says so.
	partly bool
}

func (c *Controller) read(ctx context.Context, networks []v1alpha1.Network) (out reading) {
	for i := range networks {
		s, err := c.Space.Fresh(ctx, &networks[i])
		switch {
		case cloud.Is(err, cloud.WrongCloud):
		case err != nil:
			out.err = err
		default:
			out.snapshots, out.partly = append(out.snapshots, s), out.partly || len(s.Unseen) > 0
		}
	}
	return out
}

// report writes the condition of a Network, and an Event where it is news.
func (c *Controller) report(ctx context.Context, n *v1alpha1.Network, is metav1.Condition) error {
	before := n.DeepCopy()
	if conditions.Set(&n.Status.Conditions, n, is) {
		kind := corev1.EventTypeWarning
		if is.Status == metav1.ConditionTrue {
			kind = corev1.EventTypeNormal
		}
		log.FromContext(ctx).Info("checked the masquerade ConfigMap", "reason", is.Reason, "what", is.Message)
		c.Events.Eventf(n, nil, kind, is.Reason, "KeepMasquerade", "%s", is.Message)
	}
	return conditions.WriteStatus(ctx, c.Client, n, before)
}
