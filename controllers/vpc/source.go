package vpc

import (
	"context"
	"reflect"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// Changes is a source of events: it adds the requests of a Network whenever a
// reading shows other ranges in its VPC than the one before, whoever asked for
// that reading.
func (r *Reader) Changes(requests func(network string) []reconcile.Request) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.watches = append(r.watches, func(network string) {
			for _, x := range requests(network) {
				queue.Add(x)
			}
		})
		return nil
	})
}

// RangesChanged lets through a RangeRequest of which the VPC has other ranges
// than before.
var RangesChanged = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.RangeRequest), e.ObjectNew.(*v1alpha1.RangeRequest)
		return !reflect.DeepEqual(before.Status.Ranges, after.Status.Ranges)
	},
}
