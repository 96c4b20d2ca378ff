package loadbalancer

import (
	"context"
	"maps"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// lookPause is the least time between two looks at what the cloud is making:
// one serves every owner that waits.
const lookPause = time.Second

// pending are the resources that the cloud is still at; owned reports whether one
// is the owner's.
func (k *View) pending(o cloud.Owner) (all lb.State, owned bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	all = lb.State{}
	for ref, r := range k.state {
		if r.Pending != "" {
			all[ref] = r
			owned = owned || r.Owner == o
		}
	}
	return all, owned
}

// await looks again at what is pending, of all owners together, where the
// owner has some of it.
func (k *View) await(ctx context.Context, now func() time.Time, o cloud.Owner) error {
	k.looking.Lock()
	defer k.looking.Unlock()
	was, owned := k.pending(o)
	if !owned || now().Sub(k.looked) < lookPause {
		return nil
	}
	if err := k.look(ctx, was); err != nil {
		return err
	}
	k.looked = now()
	return nil
}

// lookAt looks again at what a plan waits for.
func (k *View) lookAt(ctx context.Context, refs []lb.Ref) error {
	was, view := lb.State{}, k.view()
	for _, ref := range refs {
		if r, there := view[ref]; there {
			was[ref] = r
		}
	}
	if len(was) == 0 {
		return nil
	}
	return k.look(ctx, was)
}

// look enters how these are by now, but for what has been changed meanwhile.
func (k *View) look(ctx context.Context, was lb.State) error {
	k.mu.Lock()
	began, at := k.clock, time.Now()
	k.mu.Unlock()
	got, err := k.Look(ctx, maps.Clone(was))
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for ref := range was {
		r, there := got[ref]
		if !k.believes(ref, there, began, at) {
			continue
		}
		if delete(k.state, ref); there {
			k.state[ref] = r
			continue
		}
		delete(k.members, ref)
		k.aside.Forget(was[ref].Group())
	}
	return nil
}
