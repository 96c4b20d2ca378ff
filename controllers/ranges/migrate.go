package ranges

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// migrate writes a request anew that an earlier version stored, with its fields
// under their new names. It names the old ones, to remove them, and sends the
// new ones whole: what was decoded does not show which of them are stored.
func (c *Controller) migrate(ctx context.Context, r *v1alpha1.RangeRequest) error {
	r.Migrate()
	spec := map[string]any{"networkRef": nil, "families": nil, "newSpace": nil}
	if r.Spec.Growth != nil {
		spec["growth"] = map[string]any{"giveBackAfter": nil, "reclaimAfter": r.Spec.Growth.ReclaimAfter}
	}
	spec["networkName"], spec["ipFamilies"], spec["newSubnets"] = r.NetworkName(), r.Spec.IPFamilies, r.Spec.NewSubnets
	version := map[string]any{"resourceVersion": r.ResourceVersion}
	now := r.DeepCopy()
	if err := c.Client.Patch(ctx, now, merge(map[string]any{"metadata": version, "spec": spec})); err != nil {
		return fmt.Errorf("writing RangeRequest %s with the new names of its fields: %w", r.Name, err)
	}
	version["resourceVersion"] = now.ResourceVersion
	status := map[string]any{"newSpace": nil, "newSubnets": r.Status.NewSubnets, "conditions": r.Status.Conditions}
	if err := c.Client.Status().Patch(ctx, now, merge(map[string]any{"metadata": version, "status": status})); err != nil {
		return fmt.Errorf("writing the status of RangeRequest %s with the new names of its fields: %w", r.Name, err)
	}
	return nil
}

func merge(document map[string]any) client.Patch {
	b, err := json.Marshal(document)
	if err != nil {
		panic(err) // these types can be marshalled
	}
	return client.RawPatch(types.MergePatchType, b)
}
