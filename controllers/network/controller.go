// Package network keeps a Network's status: what occupies the VPC inside its
// supernets, what it is, and what is left to carve. It holds a deleted Network
// back while RangeRequests refer to it, since their ranges cannot be removed
// without it.
package network

import (
	"cmp"
	"context"
	"reflect"
	"time"

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
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/network/survey"
	"github.com/vpcnative/vpcnative/controllers/vpc"
)

// Config is what the controller needs.
type Config struct {
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// OpenVPC returns the cloud of a Network.
	OpenVPC func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
	// Space reads the address space of the VPCs.
	Space *vpc.Reader
	// Forget is told of a Network that is gone; it may be nil.
	Forget func(network string)
	// ServiceCIDRs returns the ClusterIP ranges of the cluster, which nothing is
	// carved from either; it may be nil.
	ServiceCIDRs func(context.Context) ([]survey.ServiceCIDR, error)
	// Nodes returns the Nodes of the cache, which must not be changed; it may be nil.
	Nodes     func() []*corev1.Node
	ClusterID string
	Events    events.EventRecorder
	Metrics   *Metrics
	// Now is the time of day; time.Now by default.
	Now func() time.Time
}

// period is how often the VPC is read when nothing calls for it.
const period = 5 * time.Minute

// retryPause is when a VPC is read again that could not be read.
const retryPause = 10 * time.Second

// conflictPause is when a Network is looked at again that another controller
// wrote meanwhile.
const conflictPause = 100 * time.Millisecond

// Controller is the network controller.
type Controller struct{ Config }

// New makes the controller.
func New(cfg Config) *Controller {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Controller{cfg}
}

// Setup adds the controller to a manager.
func (c *Controller) Setup(mgr manager.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("network").
		For(&v1alpha1.Network{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.RangeRequest{},
			handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
				return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: o.(*v1alpha1.RangeRequest).NetworkName()}}}
			}),
			builder.WithPredicates(vpc.RangesChanged)).
		Watches(&v1alpha1.Network{}, handler.EnqueueRequestsFromMapFunc(c.others), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WatchesRawSource(c.Space.Changes(func(network string) []reconcile.Request {
			return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: network}}}
		})).
		Complete(c)
}

// others returns the other Networks: what one reserves, those of the same VPC show.
func (c *Controller) others(ctx context.Context, o client.Object) (out []reconcile.Request) {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return nil // the next look shows it
	}
	for i := range all.Items {
		if n := &all.Items[i]; n.Name != o.GetName() {
			out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(n)})
		}
	}
	return out
}

// Reconcile reads the VPC and says in the Network's status what is in it.
func (c *Controller) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	n := &v1alpha1.Network{}
	if err := c.Client.Get(ctx, req.NamespacedName, n); err != nil {
		if apierrors.IsNotFound(err) {
			c.Metrics.forget(req.Name)
			if c.Forget != nil {
				c.Forget(req.Name)
			}
		}
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	_, cannot := c.OpenVPC(ctx, n)
	ours := !cloud.Is(cannot, cloud.WrongCloud)
	if !n.DeletionTimestamp.IsZero() {
		if !ours {
			return reconcile.Result{}, nil
		}
		again, err := c.letGo(ctx, n)
		if apierrors.IsConflict(err) {
			return reconcile.Result{RequeueAfter: conflictPause}, nil
		}
		return again, err
	}
	if ours {
		err := c.hold(ctx, n)
		if apierrors.IsConflict(err) {
			return reconcile.Result{RequeueAfter: conflictPause}, nil
		}
		if err != nil {
			return reconcile.Result{}, err
		}
	}
	before := n.DeepCopy()
	again := period
	found, no := survey.Survey{}, cmp.Or(conditions.FromCloud(cannot), invalid(n))
	if no == nil {
		found, no = c.survey(ctx, n)
	}
	if no != nil {
		c.refuse(ctx, n, no, "ReadVPC")
		again = retryPause
	} else {
		n.Status.Occupied, n.Status.OccupiedCount = found.Occupied, found.Count
		n.Status.Free, n.Status.Subnets = found.Free, found.Subnets
		n.Status.Blocks, n.Status.Routes = found.Blocks, found.Routes
		read := metav1.NewTime(c.Now()).Rfc3339Copy()
		c.Metrics.observe(n.Name, found)
		conditions.Set(&n.Status.Conditions, n, metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady, Message: found.Summary})
		c.tellOutside(ctx, n, found.Outside)
		c.tellReserved(ctx, n, found.Reserved)
		c.tellUnseen(ctx, n, found.Unseen)
		n.Status.ObservedGeneration = n.Generation
		noteRead(n, before, read)
	}
	n.Status.ObservedGeneration = n.Generation
	err := client.IgnoreNotFound(conditions.WriteStatus(ctx, c.Client, n, before))
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: conflictPause}, nil
	}
	return reconcile.Result{RequeueAfter: again}, err
}

// readGrain is how much later a look has to be for its time alone to be
// written.
const readGrain = time.Minute

// noteRead says when the VPC was read: with whatever else is news, and by
// itself now and then.
func noteRead(n, before *v1alpha1.Network, read metav1.Time) {
	last := before.Status.LastRead
	if last == nil || read.Sub(last.Time) >= readGrain || !reflect.DeepEqual(before.Status, n.Status) {
		n.Status.LastRead = &read
	}
}

func (c *Controller) survey(ctx context.Context, n *v1alpha1.Network) (out survey.Survey, _ *conditions.Refusal) {
	var requests v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &requests); err != nil {
		return out, conditions.FromAPI("listing RangeRequests", err)
	}
	snapshot, err := c.Space.Fresh(ctx, n)
	if err != nil {
		return out, conditions.FromCloud(err)
	}
	around := survey.Around{Requests: requests.Items}
	if c.ServiceCIDRs != nil {
		if around.ServiceCIDRs, err = c.ServiceCIDRs(ctx); err != nil {
			return out, conditions.FromAPI("listing ServiceCIDRs", err)
		}
	}
	if c.Nodes != nil {
		around.Nodes = c.Nodes()
	}
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return out, conditions.FromAPI("listing Networks", err)
	}
	around.Beside = n.Beside(all.Items)
	out, err = survey.Take(n, snapshot, around, c.ClusterID)
	return out, conditions.FromCloud(err)
}

// refuse reports why the Network is not Ready. What was found before stays.
func (c *Controller) refuse(ctx context.Context, n *v1alpha1.Network, no *conditions.Refusal, action string) {
	c.Metrics.failed(n.Name, no.Reason)
	if conditions.Set(&n.Status.Conditions, n, no.Condition(v1alpha1.ConditionReady)) {
		c.warn(ctx, n, no, action)
	}
}

// tell reports a problem of the Network in its condition and, where it is news,
// by a metric, in the log and by an Event.
func (c *Controller) tell(ctx context.Context, n *v1alpha1.Network, p conditions.Problem, no *conditions.Refusal) {
	if p.Set(&n.Status.Conditions, n, no) {
		c.Metrics.failed(n.Name, no.Reason)
		c.warn(ctx, n, no, "ReadVPC")
	}
}

func (c *Controller) warn(ctx context.Context, n *v1alpha1.Network, no *conditions.Refusal, action string) {
	log.FromContext(ctx).Info("the Network has a problem", "reason", no.Reason, "why", no.Text)
	c.Events.Eventf(n, nil, corev1.EventTypeWarning, no.Reason, action, "%s", no.Text)
}

// invalid refuses what the schema could not.
func invalid(n *v1alpha1.Network) *conditions.Refusal {
	if err := n.Spec.Validate(); err != nil {
		return conditions.Refuse(v1alpha1.ReasonInvalidSpec, "spec.%v", err)
	}
	return nil
}
