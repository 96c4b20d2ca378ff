package endpoints

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// refused is the condition about endpoints that cannot be attached.
var refused = conditions.Problem{Type: v1alpha1.ConditionEndpointsRefused, None: "every ready endpoint can be attached", Well: v1alpha1.ReasonEndpointsAttached}

// report writes how the group stands into its status, where that is news, and
// Events and metrics with the same reason.
func (c *Controller) report(ctx context.Context, g *v1alpha1.EndpointGroup, is standing) error {
	if is.Quiet {
		return nil
	}
	before := g.DeepCopy()
	if is.seen {
		enterGroups(&g.Status, is)
	}
	status := metav1.ConditionFalse
	if is.Ready {
		status = metav1.ConditionTrue
	}
	news := conditions.Set(&g.Status.Conditions, g, metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: is.Reason, Message: is.Text})
	c.Metrics.observe(client.ObjectKeyFromObject(g), is.Outcome, g.Status)
	var why *conditions.Refusal
	if len(is.left) > 0 {
		why = conditions.Refuse(v1alpha1.ReasonEndpointsRefused, "%s", leftText(is.left))
	}
	if refused.Set(&g.Status.Conditions, g, why) {
		c.Events.Eventf(g, nil, corev1.EventTypeWarning, why.Reason, "AttachEndpoints", "%s", why.Text)
	}
	if news && (!is.Ready || is.Reason == v1alpha1.ReasonPlanned) {
		log.FromContext(ctx).Info("the EndpointGroup is not ready", "reason", is.Reason, "what", is.Text)
		c.Events.Eventf(g, nil, corev1.EventTypeWarning, is.Reason, "AttachEndpoints", "%s", is.Text)
	}
	if c.Engine.DryRun {
		return nil
	}
	return conditions.WriteStatus(ctx, c.Client, g, before)
}

// enterGroups enters what was seen. What was not stays as it was last seen: a
// group of a zone that does not answer, and what a group holds that cannot be
// listed.
func enterGroups(s *v1alpha1.EndpointGroupStatus, is standing) {
	had := s.Groups
	s.Groups, s.Endpoints, s.Attached = nil, int32(is.ready), 0
	find := func(zone, name string) (v1alpha1.CloudEndpointGroup, bool) {
		at := slices.IndexFunc(had, func(x v1alpha1.CloudEndpointGroup) bool { return x.Zone == zone && x.Name == name })
		if at < 0 {
			return v1alpha1.CloudEndpointGroup{}, false
		}
		return had[at], true
	}
	seen := map[string]bool{}
	for _, x := range is.groups {
		now := v1alpha1.CloudEndpointGroup{Zone: x.Zone, Name: x.Name, ID: x.ID, Endpoints: int32(x.Wanted), Attached: int32(x.Holds)}
		if before, is := find(x.Zone, x.Name); is && !x.Known {
			now.Attached = before.Attached
		}
		seen[x.Zone+"/"+x.Name] = true
		s.Groups = append(s.Groups, now)
	}
	for _, x := range had {
		if slices.Contains(is.silent, x.Zone) && !seen[x.Zone+"/"+x.Name] {
			s.Groups = append(s.Groups, x)
		}
	}
	slices.SortStableFunc(s.Groups, func(a, b v1alpha1.CloudEndpointGroup) int {
		return cmp.Or(strings.Compare(a.Zone, b.Zone), strings.Compare(a.Name, b.Name))
	})
	for _, x := range s.Groups {
		s.Attached += x.Attached
	}
}

// mostNamed is how many endpoints a condition names.
const mostNamed = 5

func leftText(list []string) string {
	more := ""
	if len(list) > mostNamed {
		list, more = list[:mostNamed], fmt.Sprintf("; and %d more", len(list)-mostNamed)
	}
	return "endpoints that cannot be attached: " + strings.Join(list, "; ") + more
}

func objectMeta(key types.NamespacedName) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}
}
