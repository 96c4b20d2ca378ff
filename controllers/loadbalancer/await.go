package loadbalancer

import (
	"context"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// lookPause is the least time between two looks at what the cloud is making:
// one serves every Service that waits.
const lookPause = time.Second

// pending are the resources that the cloud is still at; owned tells whether one
// is the owner's.
func (k *book) pending(o cloud.Owner) (all lb.State, owned bool) {
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

// await looks again at what is pending, of all Services together, where the
// owner has some of it.
func (k *book) await(ctx context.Context, now func() time.Time, o cloud.Owner) error {
	k.looking.Lock()
	defer k.looking.Unlock()
	was, owned := k.pending(o)
	if !owned || now().Sub(k.looked) < lookPause {
		return nil
	}
	k.mu.Lock()
	began := k.clock
	k.mu.Unlock()
	got, err := k.Pending(ctx, was)
	if err != nil {
		return err
	}
	k.looked = now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for ref := range was {
		if k.noted[ref] > began {
			continue
		}
		delete(k.state, ref)
		if r, there := got[ref]; there {
			k.state[ref] = r
		}
	}
	return nil
}
