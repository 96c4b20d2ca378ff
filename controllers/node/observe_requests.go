package node

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
)

// outdated reports whether the Node would be given a prefix by requests that are
// not those of now: what it gets it keeps, so a request that came a moment before
// the Node has to count. It is asked until the prefix is promised.
func (c *Controller) outdated(ctx context.Context, node *corev1.Node, candidates []*v1alpha1.RangeRequest) bool {
	if h, held := c.allocator.Held(node.UID); held && (h.Durable || h.Found) {
		return false
	}
	var now v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &now, client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Info("the requests cannot be listed; the node comes again", "error", err.Error())
		return true
	}
	return !slices.EqualFunc(candidates, assign.Candidates(now.Items, assign.LabelsOf(node)), sameRequest)
}

// sameRequest reports whether both select nodes alike and size them alike.
func sameRequest(x, y *v1alpha1.RangeRequest) bool {
	return x.UID == y.UID && x.Generation == y.Generation && x.DeletionTimestamp.IsZero() == y.DeletionTimestamp.IsZero()
}

// lookAgain has the requests and Networks read again.
func (c *Controller) lookAgain() {
	select {
	case c.again <- struct{}{}:
	default:
	}
}
