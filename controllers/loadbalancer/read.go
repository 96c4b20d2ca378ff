package loadbalancer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// retryRead is the least time between two bulk reads that fail.
const retryRead = 10 * time.Second

// load sees to it that the store has been read, and not longer than maxAge ago
// where that is given. read reports whether it was now.
func (k *View) load(ctx context.Context, now func() time.Time, maxAge time.Duration) (read bool, err error) {
	k.loading.Lock()
	defer k.loading.Unlock()
	k.mu.Lock()
	last, tried, failure, stale := k.read, k.tried, k.failure, k.stale
	k.mu.Unlock()
	switch {
	case !last.IsZero() && !stale && (maxAge == 0 || now().Sub(last) < maxAge):
		return false, nil
	case failure != nil && now().Sub(tried) < retryRead:
		return false, failure
	}
	err = k.refresh(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried, k.failure = now(), err
	if err == nil {
		k.read, k.stale = k.tried, false
	}
	return err == nil, err
}

// refresh reads what is there: of the whole cluster, or of these owners alone.
func (k *View) refresh(ctx context.Context, of ...cloud.Owner) error {
	k.mu.Lock()
	began, at := k.clock, time.Now()
	k.mu.Unlock()
	got, err := k.Read(ctx, k.clusterID, of...)
	hole, partly := errors.AsType[*lb.Hole](err)
	if err != nil && !partly {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if partly || len(of) == 0 {
		k.hole = hole
	}
	meant := func(o cloud.Owner) bool { return len(of) == 0 || slices.Contains(of, o) }
	for ref, r := range k.state {
		if _, there := got[ref]; !there && k.believes(ref, false, began, at) && meant(r.Owner) && !hole.Covers(ref) {
			delete(k.state, ref)
			delete(k.members, ref)
			k.aside.Forget(r.Group())
		}
	}
	for ref, r := range got {
		if k.believes(ref, true, began, at) {
			k.state[ref] = r
		}
	}
	k.wasRead(of, began, at)
	return nil
}

// wasRead enters of whom a reading was that began then: of these owners, or of
// all. The store is locked.
func (k *View) wasRead(of []cloud.Owner, began uint64, at time.Time) {
	k.reads++
	for _, o := range of {
		delete(k.doubtful, o)
		k.begunOf[o] = at
	}
	if len(of) > 0 {
		return
	}
	k.begun = at
	clear(k.begunOf)
	clear(k.doubtful)
	clear(k.members) // it is listed again
	maps.DeleteFunc(k.noted, func(_ lb.Ref, at uint64) bool { return at <= began })
	maps.DeleteFunc(k.notedAt, func(_ lb.Ref, then time.Time) bool { return at.Sub(then) >= k.readLag })
}

// believes reports whether a read that began then may enter that a resource is
// there, or is not: it may be behind what was done before it began. The
// store is locked.
func (k *View) believes(ref lb.Ref, there bool, began uint64, at time.Time) bool {
	then, changed := k.notedAt[ref]
	_, had := k.state[ref]
	return k.noted[ref] <= began && !(changed && had != there && at.Sub(then) < k.readLag)
}

// whole is nil where the last read showed everything. Otherwise nothing may be
// taken for unused: who uses it, or what else is there, may be what is missing.
func (k *View) whole() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hole == nil {
		return nil
	}
	return k.hole
}

// doubt has the owner's resources read before they are planned on again.
func (k *View) doubt(o cloud.Owner) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.doubtful[o] = true
}

// settle reads the owner's resources where there is doubt about them, and
// those of the shared ones that it uses.
func (k *View) settle(ctx context.Context, owners ...cloud.Owner) error {
	k.mu.Lock()
	var of []cloud.Owner
	for _, o := range owners {
		if k.doubtful[o] {
			of = append(of, o)
		}
	}
	k.mu.Unlock()
	if len(of) == 0 {
		return nil
	}
	return k.refresh(ctx, of...)
}
