package loadbalancer

import (
	"errors"
	"time"

	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

const (
	// burst is how many rounds of changes an owner gets at once.
	burst = 3
	// pendingPause is when something that the cloud is still at is looked at
	// again; for what it makes, later each time.
	pendingPause, mostPending = 5 * time.Second, 30 * time.Second
	// adminPause is when somebody may have given rights.
	adminPause = 5 * time.Minute
	// refusedPause is when a refusal is looked at again, since what it is about
	// may be elsewhere.
	refusedPause = 5 * time.Minute
	// lingering is for how long what is still in use is waited for without a
	// word: a cloud keeps interfaces of a load balancer about for minutes.
	lingering = 15 * time.Minute
)

// turn is what is remembered of an owner between its turns.
type turn struct {
	pace *rate.Limiter
	// shown are the addresses that clients are told of, and since when.
	shown map[string]time.Time
	// forAdmin is what was refused for want of rights, the last time.
	forAdmin map[lb.Ref]bool
	// lingersSince is since when the cloud keeps about what is to go.
	lingersSince time.Time
	// absent is when the first complete read began that did not show what
	// clients are told of.
	absent time.Time
}

func (e *Engine) turn(o cloud.Owner) *turn {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.turns[o]
	if t == nil {
		t = &turn{pace: rate.NewLimiter(rate.Every(e.Pace), burst)}
		e.turns[o] = t
	}
	return t
}

// Forget forgets an owner that is gone, or has nothing any more.
func (e *Engine) Forget(o cloud.Owner) {
	e.mu.Lock()
	delete(e.turns, o)
	e.mu.Unlock()
	for _, k := range e.views() {
		k.leave(o)
	}
	e.retry.Forget(o)
}

// Next is when an owner comes again, by its outcome and the API server's error.
func (e *Engine) Next(o cloud.Owner, is Outcome, err error) (reconcile.Result, error) {
	switch {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err): // the newer object comes
		return reconcile.Result{RequeueAfter: e.Again}, nil
	case err != nil:
		return reconcile.Result{}, err
	case is.Again > 0:
		return reconcile.Result{RequeueAfter: is.Again}, nil
	case is.Trouble != nil:
		return reconcile.Result{RequeueAfter: e.retry.When(o)}, nil
	}
	e.retry.Forget(o)
	return reconcile.Result{}, nil
}

// wait is how long until the owner may have another round of changes; zero
// starts one.
func (t *turn) wait() time.Duration {
	r := t.pace.Reserve()
	pause := r.Delay()
	if pause > 0 {
		r.Cancel()
	}
	return pause
}

// see notes since when clients are told of which addresses. A manager that
// starts takes them for new: it cannot know better.
func (t *turn) see(told []string, now time.Time) {
	since := map[string]time.Time{}
	for _, at := range told {
		if first, seen := t.shown[at]; seen {
			since[at] = first
		} else {
			since[at] = now
		}
	}
	t.shown = since
}

// known is for how long clients may still go by an older address.
func (t *turn) known(now time.Time, hold time.Duration) lb.Known {
	out := lb.Known{}
	for at, since := range t.shown {
		out[at] = max(0, hold-now.Sub(since))
	}
	return out
}

// noteAdmins notes what only somebody with more rights can do.
func (t *turn) noteAdmins(err error) {
	t.forAdmin = map[lb.Ref]bool{}
	for _, admin := range adminsOf(err) {
		t.forAdmin[admin.Of] = true
	}
}

// beyondLingering leaves out what a cloud still keeps about, as long as it may.
func (t *turn) beyondLingering(now time.Time, err error) (rest error, lingers bool) {
	var all []error
	each(err, func(one error) {
		if _, is := errors.AsType[*lb.Lingers](one); is {
			lingers = true
			return
		}
		all = append(all, one)
	})
	if !lingers {
		t.lingersSince = time.Time{}
		return err, false
	}
	if t.lingersSince.IsZero() {
		t.lingersSince = now
	}
	if now.Sub(t.lingersSince) >= lingering {
		return err, false
	}
	return errors.Join(all...), true
}
