package masquerade

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/controllers/conditions"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

const (
	// managedBy marks the ConfigMap as ours.
	managedBy, us = "app.kubernetes.io/managed-by", "vpcnative"
	// AlsoNative is an annotation by which a person adds destinations, such
	// as what lies behind a route that is too wide to mean anything.
	AlsoNative = "vpcnative.dev/also-native"
)

// finding is how the ConfigMap stands; it is empty where nothing can be told.
type finding struct {
	metav1.Condition
	native int // destinations
}

func found(status metav1.ConditionStatus, reason, format string, args ...any) finding {
	return finding{Condition: metav1.Condition{Type: v1alpha1.ConditionMasquerade, Status: status, Reason: reason, Message: fmt.Sprintf(format, args...)}}
}

func (c *Controller) where() string { return "ConfigMap " + c.Namespace + "/" + c.Name }

// failed is for errors of the API server.
func (c *Controller) failed(act string, err error) finding {
	reason, remedy := string(cloud.Unavailable), "it is tried again"
	if apierrors.IsForbidden(err) {
		reason, remedy = string(cloud.PermissionDenied), "grant it as the Role in deploy/manifests/rbac.yaml does for kube-system"
	}
	return found(metav1.ConditionFalse, reason, "%s %s: %v; %s", act, c.where(), err, remedy)
}

// keep writes what was read into the ConfigMap, if that is ours. While a VPC
// cannot be read nothing is taken out of it.
func (c *Controller) keep(ctx context.Context, r reading, requests []v1alpha1.RangeRequest) finding {
	native := Native(r.snapshots, requests)
	var out finding
	err := retry.OnError(retry.DefaultBackoff, overtaken, func() (err error) {
		out, err = c.write(ctx, r, native)
		return err
	})
	if err != nil {
		out = c.failed("writing", err)
	}
	if r.err != nil && out.Status != metav1.ConditionFalse {
		out = found(metav1.ConditionUnknown, string(cloud.ReasonOf(r.err)), "%v; until then nothing is removed from %s", r.err, c.where())
	}
	return out
}

// overtaken reports that somebody else wrote the ConfigMap since it was read.
func overtaken(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }

// write brings the ConfigMap up to date, as it is now.
func (c *Controller) write(ctx context.Context, r reading, native []netip.Prefix) (finding, error) {
	now, err := c.ConfigMaps.Get(ctx, c.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		now, err = nil, nil
	}
	switch {
	case err != nil:
		return c.failed("reading", err), nil
	case now == nil && r.err != nil: // half a list would have the rest masqueraded
		return finding{}, nil
	case now == nil:
		return c.create(ctx, native)
	case now.Labels[managedBy] != us:
		return c.foreign(now, native), nil
	}
	return c.update(ctx, now, native, r.err != nil || r.partly)
}

func (c *Controller) create(ctx context.Context, native []netip.Prefix) (finding, error) {
	text, err := Render(native)
	if err == nil {
		log.FromContext(ctx).Info("creating the masquerade ConfigMap", "destinations", len(native))
		_, err = c.ConfigMaps.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: c.Name, Namespace: c.Namespace, Labels: map[string]string{managedBy: us}},
			Data:       map[string]string{configKey: text},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		return finding{}, err
	}
	return c.ready(native), nil
}

// update leaves alone what else the ConfigMap holds.
func (c *Controller) update(ctx context.Context, now *corev1.ConfigMap, native []netip.Prefix, onlyAdd bool) (finding, error) {
	also, err := parseList(now.Annotations[AlsoNative])
	if err != nil {
		return found(metav1.ConditionFalse, string(cloud.Invalid), "annotation %s of %s: %v; write prefixes separated by commas", AlsoNative, c.where(), err), nil
	}
	native = append(native, also...)
	if onlyAdd {
		has, err := Parse(now.Data[configKey])
		if err != nil {
			return found(metav1.ConditionFalse, string(cloud.Invalid), "%s: %v; fix it, or delete it to have it recreated", c.where(), err), nil
		}
		native = append(native, has...)
	}
	native = prefix.Normalise(native)
	text, err := Render(native)
	if err != nil {
		return finding{}, err
	}
	if now.Data[configKey] == text {
		return c.ready(native), nil
	}
	if now.Data == nil {
		now.Data = map[string]string{}
	}
	now.Data[configKey] = text
	log.FromContext(ctx).Info("writing the masquerade ConfigMap", "destinations", len(native))
	// Update carries the version that was read: an edit in between is not lost.
	if _, err := c.ConfigMaps.Update(ctx, now, metav1.UpdateOptions{}); err != nil {
		return finding{}, err
	}
	return c.ready(native), nil
}

func (c *Controller) ready(native []netip.Prefix) finding {
	out := found(metav1.ConditionTrue, v1alpha1.ReasonReady, "pods keep their addresses inside the VPC: %s is up to date", c.where())
	out.native = len(native)
	return out
}

// mostMissing is how many missing prefixes are named: a person adds them.
const mostMissing = 10

// foreign never writes to what is somebody else's. It is as good as ours
// where it says enough.
func (c *Controller) foreign(now *corev1.ConfigMap, native []netip.Prefix) finding {
	has, err := Parse(now.Data[configKey])
	missing := prefix.Subtract(native, has)
	if err == nil && len(missing) == 0 {
		out := c.ready(native)
		out.Message = c.where() + " is not vpcnative's and covers the VPC; it is left alone"
		return out
	}
	why := "it lacks " + conditions.List(missing, mostMissing)
	if err != nil {
		why = err.Error()
	}
	return found(metav1.ConditionFalse, v1alpha1.ReasonForeignConfigMap,
		"%s is not vpcnative's (it has no label %s=%s) and is left alone: %s; add that to its nonMasqueradeCIDRs, or have vpcnative maintain it by adding the label or deleting it",
		c.where(), managedBy, us, why)
}

// takeBack deletes ours when there is no Network left: an agent without the
// file goes by its own defaults.
func (c *Controller) takeBack(ctx context.Context) finding {
	now, err := c.ConfigMaps.Get(ctx, c.Name, metav1.GetOptions{})
	if err == nil && now.Labels[managedBy] == us {
		log.FromContext(ctx).Info("deleting the masquerade ConfigMap: no Network is left")
		err = c.ConfigMaps.Delete(ctx, c.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &now.UID}})
	}
	if err != nil && !apierrors.IsNotFound(err) {
		log.FromContext(ctx).Info("the masquerade ConfigMap could not be deleted", "why", err.Error())
		return c.failed("deleting", err)
	}
	return found(metav1.ConditionTrue, v1alpha1.ReasonReady, "no Network is left")
}
