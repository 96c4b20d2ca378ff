// Package person does what a person does whom the product asks.
package person

import (
	"context"
	"regexp"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

var asked = regexp.MustCompile(`(confirm-removal\.vpcnative\.dev/\w+)=(\d+)`)

// Confirm says on every Network that what is held may go, in the words that its
// conditions ask for.
func Confirm(ctx context.Context, api client.Client) error {
	var all v1alpha1.NetworkList
	if err := api.List(ctx, &all); err != nil {
		return err
	}
	for i := range all.Items {
		n := &all.Items[i]
		before, said := n.DeepCopy(), false
		for _, kind := range []string{v1alpha1.ConditionNodeReleaseHeld, v1alpha1.ConditionRangeRemovalHeld, v1alpha1.ConditionLoadBalancerRemovalHeld, v1alpha1.ConditionMemberRemovalHeld} {
			cond := meta.FindStatusCondition(n.Status.Conditions, kind)
			if cond == nil || cond.Status != metav1.ConditionTrue {
				continue
			}
			for _, words := range asked.FindAllStringSubmatch(cond.Message, -1) {
				metav1.SetMetaDataAnnotation(&n.ObjectMeta, words[1], words[2])
				said = true
			}
		}
		if !said {
			continue
		}
		if err := api.Patch(ctx, n, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
