package node

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// ledgerBlocked is why ConfigMaps of the ledger cannot be written; nil where all
// can.
func ledgerBlocked(by []*claims.BlockedError) *conditions.Refusal {
	if len(by) == 0 {
		return nil
	}
	return ledgerRefusal(by[0])
}

func namesOfBlocked(by []*claims.BlockedError) (out []string) {
	for _, b := range by {
		out = append(out, b.ConfigMap)
	}
	return out
}

func ledgerRefusal(why error) *conditions.Refusal {
	return conditions.Refuse(v1alpha1.ReasonLedgerBlocked, "%s", cloud.Steady(why.Error()))
}

// openLedger takes the ledger over. Where that fails nothing is given to any
// Node, and the requests say why.
func (c *Controller) openLedger(ctx context.Context) (promised claims.Records, err error) {
	c.ledger, promised, err = claims.Open(ctx, c.Ledger)
	if err == nil || ctx.Err() != nil {
		return promised, err
	}
	c.Metrics.refused(v1alpha1.ReasonLedgerBlocked)
	c.Metrics.ledgerBlocked(c.Ledger.Name)
	var requests v1alpha1.RangeRequestList
	if err := c.Client.List(ctx, &requests); err != nil {
		log.FromContext(ctx).Info("the requests cannot be told that the claims ledger is not open", "error", err.Error())
	}
	for i := range requests.Items {
		if r := &requests.Items[i]; r.Spec.Purpose == v1alpha1.Pods {
			c.status.WriteRequest(ctx, r, nodestatus.Findings{
				Problems: map[string]*conditions.Refusal{v1alpha1.ConditionLedgerBlocked: ledgerRefusal(err)}, Observed: r.Status.ObservedNodes})
		}
	}
	return promised, err
}

// drop gives back at once what a Node was picked and the cloud never heard of.
// The ledger may have been asked to promise it.
func (c *Controller) drop(uid types.UID) {
	if h, held := c.allocator.Held(uid); held && !h.Durable {
		c.ledger.End(uid, h.Prefix)
	}
	c.allocator.Drop(uid)
}
