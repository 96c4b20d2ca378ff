package loadbalancer

import (
	"context"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Fade has the status emptied of an owner that is reached nowhere any more,
// whatever else there is to say of it. The status is what was last seen in the
// cloud, and a read may be behind: so two complete ones, at least the read lag
// apart, have to show nothing.
func (e *Engine) Fade(ctx context.Context, k *View, w Wanted, is Outcome) Outcome {
	if is.Quiet || e.DryRun || len(w.Told) == 0 || !k.known() { // where it would be is not known
		return is
	}
	owner, t := w.owner(), e.turn(w.owner())
	if is.Looked && len(is.Ingress) > 0 || !is.Looked && k.has(owner) {
		t.absent = time.Time{}
		return is
	}
	at := k.readAt(owner)
	switch {
	case t.absent.IsZero():
		t.absent = at
	case at.Sub(t.absent) >= e.ReadLag:
		is.Ingress = []lb.Ingress{}
		return is
	}
	k.doubt(owner)
	if left := e.ReadLag - time.Since(at); left > 0 {
		is.Again = left
		return is
	}
	if err := k.settle(ctx, owner); err != nil {
		return Troubled(err)
	}
	is.Again = e.Again
	return is
}

// readAt is when the last complete read began that the owner's things were part
// of.
func (k *View) readAt(o cloud.Owner) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if at := k.begunOf[o]; at.After(k.begun) {
		return at
	}
	return k.begun
}
