// Package network keeps a Network's status: what occupies the VPC inside its
// supernets, what it is, and what is left to carve. It holds a deleted Network
// back while RangeRequests refer to it, since their ranges cannot be removed
// without it.
package network

import (
	"context"
	"errors"
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
	"github.com/vpcnative/vpcnative/controllers/network/survey"
)

// Config is what the controller needs.
type Config struct {
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// OpenVPC gives the cloud of a Network.
	OpenVPC func(context.Context, *v1alpha1.Network) (cloud.VPC, error)
	// Forget is told of a Network that is gone; it may be nil.
	Forget func(network string)
	// ServiceCIDRs gives the ClusterIP ranges of the cluster, which nothing is
	// carved from either; it may be nil.
	ServiceCIDRs func(context.Context) ([]survey.ServiceCIDR, error)
	// Nodes gives the Nodes of the cache, which must not be changed; it may be nil.
	Nodes func() []*corev1.Node
	// Beside gives those of the Networks that are of the same VPC as the one,
	// without that; it may be nil, where there is only one.
	Beside    func(n *v1alpha1.Network, all []v1alpha1.Network) []v1alpha1.Network
	ClusterID string
	Events    events.EventRecorder
	Metrics   *Metrics
	// Period is how often the VPC is read when nothing calls for it; 5
	// minutes by default.
	Period time.Duration
	// Now is the time of day; time.Now by default.
	Now func() time.Time
}

// retryPause is when a VPC is read again that could not be read.
const retryPause = 10 * time.Second

// conflictPause is when a Network is looked at again that another controller
// wrote meanwhile.
const conflictPause = 100 * time.Millisecond

// Controller is the network controller.
type Controller struct{ Config }

// New makes the controller.
func New(cfg Config) *Controller {
	if cfg.Period == 0 {
		cfg.Period = 5 * time.Minute
	}
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
			builder.WithPredicates(rangesChanged)).
		Watches(&v1alpha1.Network{}, handler.EnqueueRequestsFromMapFunc(c.others), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Complete(c)
}

// others gives the other Networks: what one reserves, those of the same VPC show.
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

// rangesChanged lets through what changes the VPC's free space.
var rangesChanged = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.RangeRequest), e.ObjectNew.(*v1alpha1.RangeRequest)
		return !reflect.DeepEqual(before.Status.Ranges, after.Status.Ranges)
	},
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
	vpc, cannot := c.OpenVPC(ctx, n)
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
	again := c.Period
	found, err := survey.Survey{}, cannot
	if cannot == nil {
		err = invalid(n)
	}
	if err == nil {
		found, err = c.survey(ctx, n, vpc)
	}
	if err != nil {
		c.refuse(ctx, n, before, err)
		again = retryPause
	} else {
		n.Status.Occupied, n.Status.OccupiedCount = found.Occupied, found.Count
		n.Status.Free, n.Status.Subnets = found.Free, found.Subnets
		n.Status.Blocks, n.Status.Routes = found.Blocks, found.Routes
		read := metav1.NewTime(c.Now()).Rfc3339Copy()
		c.Metrics.observe(n.Name, found)
		setReady(n, metav1.ConditionTrue, v1alpha1.ReasonReady, found.Summary)
		c.tellOutside(ctx, n, found.Outside)
		c.tellReserved(ctx, n, found.Reserved)
		c.tellUnseen(ctx, n, found.Unseen)
		n.Status.ObservedGeneration = n.Generation
		noteRead(n, before, read)
	}
	n.Status.ObservedGeneration = n.Generation
	err = c.writeStatus(ctx, n, before)
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

// writeStatus names the version it read: other controllers have conditions on
// the Network too, and the list is patched as a whole.
func (c *Controller) writeStatus(ctx context.Context, n, before *v1alpha1.Network) error {
	if reflect.DeepEqual(before.Status, n.Status) {
		return nil
	}
	err := c.Client.Status().Patch(ctx, n, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status of Network %s: %w", n.Name, err)
	}
	return nil
}

func (c *Controller) survey(ctx context.Context, n *v1alpha1.Network, vpc cloud.VPC) (out survey.Survey, err error) {
	var requests v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &requests); err != nil {
		return out, fmt.Errorf("listing RangeRequests: %w", err)
	}
	snapshot, err := vpc.Space.Read(ctx)
	if err != nil {
		return out, err
	}
	around := survey.Around{Requests: requests.Items}
	if c.ServiceCIDRs != nil {
		if around.ServiceCIDRs, err = c.ServiceCIDRs(ctx); err != nil {
			return out, err
		}
	}
	if c.Nodes != nil {
		around.Nodes = c.Nodes()
	}
	if c.Beside != nil {
		var all v1alpha1.NetworkList
		if err := c.Client.List(ctx, &all); err != nil {
			return out, fmt.Errorf("listing Networks: %w", err)
		}
		around.Beside = c.Beside(n, all.Items)
	}
	return survey.Take(n, snapshot, around, c.ClusterID)
}

// refuse says why the VPC could not be read. What was found before stays.
func (c *Controller) refuse(ctx context.Context, n, before *v1alpha1.Network, err error) {
	reason := string(cloud.ReasonOf(err))
	if errors.As(err, new(*invalidSpec)) {
		reason = v1alpha1.ReasonInvalidSpec
	}
	if apierrors.IsForbidden(err) {
		reason = string(cloud.PermissionDenied)
		err = fmt.Errorf("%w; give the manager's service account the rights of deploy/manifests/rbac.yaml", err)
	}
	had := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	if had == nil || had.Reason != reason || had.Message != err.Error() {
		log.FromContext(ctx).Info("the VPC could not be read", "reason", reason, "why", err.Error())
		c.Events.Eventf(n, nil, corev1.EventTypeWarning, reason, "ReadVPC", "%s", err.Error())
	}
	c.Metrics.failed(n.Name, reason)
	setReady(n, metav1.ConditionFalse, reason, err.Error())
}

// invalidSpec is what is wrong with a spec, that the schema did not refuse.
type invalidSpec struct{ error }

func invalid(n *v1alpha1.Network) error {
	if err := n.Spec.Validate(); err != nil {
		return &invalidSpec{fmt.Errorf("spec.%w", err)}
	}
	return nil
}

func setReady(n *v1alpha1.Network, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&n.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: message,
		ObservedGeneration: n.Generation,
	})
}
