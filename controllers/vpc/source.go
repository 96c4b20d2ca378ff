package vpc

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
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
