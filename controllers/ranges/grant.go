package ranges

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

const (
	// retrySoon is when a request is tried again that failed for a passing
	// reason.
	retrySoon = 5 * time.Second
	// retryLater is when a request is tried again that a person has to mend,
	// or the VPC has to change for.
	retryLater = time.Minute
	// carveTries is how often a block that somebody else took meanwhile is
	// looked for elsewhere before the request comes again.
	carveTries = 5
)

// refusal is why a request is not granted.
type refusal struct {
	Reason, Text string
	Again        time.Duration
}

func refuse(reason, format string, args ...any) *refusal {
	return &refusal{Reason: reason, Text: fmt.Sprintf(format, args...), Again: retryLater}
}

func refusedByCloud(err error) *refusal {
	again := retrySoon
	switch cloud.ReasonOf(err) {
	case cloud.Invalid, cloud.LimitExceeded, cloud.QuotaExceeded, cloud.PermissionDenied, cloud.Unauthenticated, cloud.WrongCloud, cloud.NotFound, cloud.Conflict:
		again = retryLater
	}
	return &refusal{Reason: string(cloud.ReasonOf(err)), Text: err.Error(), Again: again}
}

// grant carves and creates what the request asks for and does not have, and
// gives when to look again.
func (c *Controller) grant(ctx context.Context, r *v1alpha1.RangeRequest) time.Duration {
	no := c.tryGrant(ctx, r)
	ready := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady,
		Message: "every range is in the VPC", ObservedGeneration: r.Generation,
	}
	again := c.Verify
	if no != nil {
		ready.Status, ready.Reason, ready.Message, again = metav1.ConditionFalse, no.Reason, no.Text, no.Again
		c.Metrics.failed(r.Name, no.Reason)
	} else {
		c.mu.Lock()
		c.verified[r.UID] = time.Now()
		c.mu.Unlock()
	}
	had := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady)
	if had == nil || had.Reason != ready.Reason || had.Message != ready.Message {
		kind := corev1.EventTypeNormal
		if no != nil {
			kind = corev1.EventTypeWarning
			log.FromContext(ctx).Info("the request is not granted", "reason", no.Reason, "why", no.Text)
		}
		c.Events.Eventf(r, nil, kind, ready.Reason, "GrantRange", "%s", ready.Message)
	}
	meta.SetStatusCondition(&r.Status.Conditions, ready)
	return again
}

func (c *Controller) tryGrant(ctx context.Context, r *v1alpha1.RangeRequest) *refusal {
	if no := supported(r); no != nil {
		return no
	}
	n, vpc, no := c.network(ctx, r)
	if no != nil {
		return no
	}
	if no := c.begins(r, n); no != nil {
		return no
	}
	var refused []netip.Prefix
	var lost *refusal
	for try := 1; ; try++ {
		no, taken := c.carve(ctx, r, n, vpc, refused)
		switch {
		case no == nil:
			return nil
		case !taken.IsValid() && lost != nil && no.Reason == v1alpha1.ReasonNoSpace:
			return lost // there may be room, once it shows what others are taking
		case !taken.IsValid():
			return no
		}
		lost = no
		lost.Again = retrySoon
		if try == carveTries {
			return lost
		}
		refused = append(refused, taken)
	}
}

func supported(r *v1alpha1.RangeRequest) *refusal {
	if r.Spec.Purpose != v1alpha1.Pods {
		return refuse(v1alpha1.ReasonUnsupported, "purpose %s is not provided by this version; Pods is", r.Spec.Purpose)
	}
	if !slices.Equal(r.Spec.Families, []v1alpha1.Family{v1alpha1.IPv4}) {
		return refuse(v1alpha1.ReasonUnsupported, "families %v are not provided by this version; [IPv4] is", r.Spec.Families)
	}
	return nil
}

// begins refuses a request that has nothing yet where its Network may go
// before it: a Network waits for its requests only while it has a finalizer,
// and one that is being deleted may not have seen this request.
func (c *Controller) begins(r *v1alpha1.RangeRequest, n *v1alpha1.Network) *refusal {
	switch {
	case controllerutil.ContainsFinalizer(r, v1alpha1.Finalizer):
		return nil
	case !n.DeletionTimestamp.IsZero():
		return refuse(v1alpha1.ReasonBeingDeleted, "Network %s is being deleted, and nothing new is carved from it; delete this request too, or name another Network in a new one", n.Name)
	case !controllerutil.ContainsFinalizer(n, v1alpha1.Finalizer):
		no := refuse(v1alpha1.ReasonNetworkNotReady, "Network %s does not carry the finalizer %s yet; the manager puts it on by itself", n.Name, v1alpha1.Finalizer)
		no.Again = retrySoon
		return no
	}
	return nil
}

func (c *Controller) network(ctx context.Context, r *v1alpha1.RangeRequest) (*v1alpha1.Network, cloud.VPC, *refusal) {
	n := &v1alpha1.Network{}
	err := c.Client.Get(ctx, client.ObjectKey{Name: r.NetworkName()}, n)
	if apierrors.IsNotFound(err) {
		return nil, cloud.VPC{}, refuse(v1alpha1.ReasonNetworkNotFound, "there is no Network %s; create it, or name another in networkRef", r.NetworkName())
	}
	if err != nil {
		return nil, cloud.VPC{}, &refusal{Reason: string(cloud.Unavailable), Text: "reading Network " + r.NetworkName() + ": " + err.Error(), Again: retrySoon}
	}
	vpc, err := c.OpenVPC(ctx, n)
	if err != nil {
		return nil, cloud.VPC{}, refusedByCloud(err)
	}
	return n, vpc, nil
}

// carve reads the VPC, plans, and creates. Taken is a block that the cloud
// refused because somebody else has it, or is about to: until their change is
// done the VPC reads as if it were free, so the next try keeps clear of what
// was refused before.
func (c *Controller) carve(ctx context.Context, r *v1alpha1.RangeRequest, n *v1alpha1.Network, vpc cloud.VPC, refused []netip.Prefix) (no *refusal, taken netip.Prefix) {
	snapshot, err := vpc.Space.Read(ctx)
	if err != nil {
		return refusedByCloud(err), taken
	}
	var others v1alpha1.RangeRequestList
	if err := c.Live.List(ctx, &others); err != nil {
		return &refusal{Reason: string(cloud.Unavailable), Text: "listing RangeRequests: " + err.Error(), Again: retrySoon}, taken
	}
	plan, no := Plan(Input{Request: r, Network: n, Snapshot: snapshot, Others: others.Items, Refused: refused, ClusterID: c.ClusterID})
	if no != nil {
		return no, taken
	}
	for _, step := range plan {
		if step.Create {
			if err := c.create(ctx, r, step, vpc); err != nil {
				if cloud.Is(err, cloud.Conflict) && step.Chosen {
					taken = step.Range.Prefix
				}
				return refusedByCloud(err), taken
			}
		}
		setRange(r, step)
	}
	return nil, taken
}

func (c *Controller) create(ctx context.Context, r *v1alpha1.RangeRequest, step Step, vpc cloud.VPC) error {
	if err := c.addFinalizer(ctx, r); err != nil {
		return err
	}
	log.FromContext(ctx).Info("creating a range", "range", step.Range.Name, "subnet", step.Range.Subnet, "prefix", step.Range.Prefix, "why", step.Why)
	return vpc.Ranges.Create(ctx, step.Range)
}

// addFinalizer keeps the request until its ranges are gone; it is there
// before the cloud is asked for the first.
func (c *Controller) addFinalizer(ctx context.Context, r *v1alpha1.RangeRequest) error {
	if controllerutil.ContainsFinalizer(r, v1alpha1.Finalizer) {
		return nil
	}
	patched := r.DeepCopy()
	controllerutil.AddFinalizer(patched, v1alpha1.Finalizer)
	err := c.Client.Patch(ctx, patched, client.MergeFromWithOptions(r, client.MergeFromWithOptimisticLock{}))
	if err != nil {
		return fmt.Errorf("adding the finalizer to RangeRequest %s: %w", r.Name, err)
	}
	r.ResourceVersion, r.Finalizers = patched.ResourceVersion, patched.Finalizers
	return nil
}

func setRange(r *v1alpha1.RangeRequest, s Step) {
	granted := v1alpha1.GrantedRange{
		CIDR: s.Range.Prefix.String(), Subnet: s.Range.Subnet, Name: s.Range.Name, Reason: s.Why,
	}
	for i, g := range r.Status.Ranges {
		if g.CIDR == granted.CIDR {
			granted.Reason = g.Reason
			r.Status.Ranges[i] = granted
			return
		}
	}
	r.Status.Ranges = append(r.Status.Ranges, granted)
}

func prefixOf(g v1alpha1.GrantedRange) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(g.CIDR)
	return p, err == nil
}
