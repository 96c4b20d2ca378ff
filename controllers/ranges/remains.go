package ranges

import (
	"context"
	"encoding/json"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/conditions"
)

// departedAnnotation names, on a Network, the last requests that went together
// with their ranges. A range with the mark of one of them was made by a
// manager that came too late, and is removed. One with the mark of any other
// request that is gone may have been retained, and stays: a mark alone does
// not tell the two apart.
const departedAnnotation = "vpcnative.dev/departed-requests"

// mostDeparted bounds the names. The one that left longest ago is forgotten
// first, and what comes for it so late is only shown.
const mostDeparted = 64

// departedFrom returns the names, the last one last.
func departedFrom(n *v1alpha1.Network) (names []string) {
	_ = json.Unmarshal([]byte(n.Annotations[departedAnnotation]), &names) // what a person broke names nobody
	return names
}

// depart notes that the request goes, before it does. One that retains its
// ranges is named no longer.
func (c *Controller) depart(ctx context.Context, r *v1alpha1.RangeRequest, n *v1alpha1.Network) *conditions.Refusal {
	had := departedFrom(n)
	names := slices.DeleteFunc(slices.Clone(had), func(name string) bool { return name == r.Name })
	switch {
	case r.Spec.DeletionPolicy == v1alpha1.Retain:
		if no := c.staysElsewhere(ctx, r, n); no != nil {
			return no
		}
	case slices.Contains(had, r.Name):
		return nil
	default:
		names = append(names, r.Name)
		names = names[max(0, len(names)-mostDeparted):]
	}
	return c.noteDeparted(ctx, r, n, names)
}

// staysElsewhere takes the request off the names of other Networks: of the same
// name, there was another request in one of them, and a range is swept by its
// request's name alone.
func (c *Controller) staysElsewhere(ctx context.Context, r *v1alpha1.RangeRequest, n *v1alpha1.Network) *conditions.Refusal {
	var all v1alpha1.NetworkList
	if err := c.Client.List(ctx, &all); err != nil {
		return conditions.FromAPI("listing Networks", err)
	}
	for i := range all.Items {
		other := &all.Items[i]
		if other.Name == n.Name {
			continue
		}
		names := slices.DeleteFunc(departedFrom(other), func(name string) bool { return name == r.Name })
		if no := c.noteDeparted(ctx, r, other, names); no != nil {
			return no
		}
	}
	return nil
}

// noteDeparted writes the names, where they are others than before.
func (c *Controller) noteDeparted(ctx context.Context, r *v1alpha1.RangeRequest, n *v1alpha1.Network, names []string) *conditions.Refusal {
	if slices.Equal(names, departedFrom(n)) {
		return nil
	}
	text, err := json.Marshal(names)
	if err != nil {
		return conditions.FromAPI("naming RangeRequest "+r.Name, err)
	}
	patched := n.DeepCopy()
	if patched.Annotations == nil {
		patched.Annotations = map[string]string{}
	}
	patched.Annotations[departedAnnotation] = string(text)
	if err := c.Client.Patch(ctx, patched, client.MergeFromWithOptions(n, client.MergeFromWithOptimisticLock{})); err != nil {
		return conditions.FromAPI("noting on Network "+n.Name+" that RangeRequest "+r.Name+" goes", err)
	}
	return nil
}
