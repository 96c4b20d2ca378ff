package node

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

// leader takes the ledger over, restores, and from then on keeps the allocator.
type leader struct{ c *Controller }

func (leader) NeedLeaderElection() bool { return true }

func (l leader) Start(ctx context.Context) error {
	c := l.c
	close(c.leads)
	var promised claims.Records
	err := until(ctx, "taking over the claims ledger", func() (err error) {
		promised, err = c.openLedger(ctx)
		return err
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	select {
	case <-c.queued: // restoring brings Nodes to it
	case <-ctx.Done():
		return nil
	}
	records := make(chan struct{})
	go func() {
		defer close(records)
		c.ledger.Run(ctx)
	}()
	defer func() { <-records }()
	err = until(ctx, "reading what is in use", func() error { return c.restore(ctx, promised) })
	if err != nil || ctx.Err() != nil {
		return err
	}
	close(c.restored)
	c.run(ctx)
	return c.flush(ctx)
}

// flushTime bounds the last write of the ledger: an API server that is away
// must not keep a manager from stopping. What is not written then stands as
// an older promise or release, which the next leader settles by looking.
const flushTime = 10 * time.Second

func (c *Controller) flush(ctx context.Context) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	return c.ledger.Flush(last)
}

// standby restores read-only, so that a manager that waits for the lease is
// known to be able to.
type standby struct{ c *Controller }

func (standby) NeedLeaderElection() bool { return false }

// standbyAfter is how long a manager hopes to lead before it restores as a
// standby.
const standbyAfter = 3 * time.Second

func (s standby) Start(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.c.leads:
		return nil
	case <-time.After(standbyAfter):
	}
	return until(ctx, "reading what is in use, as a standby", func() error {
		if s.c.Ready() == nil {
			return nil
		}
		promised, err := claims.Peek(ctx, s.c.Ledger)
		if err != nil {
			return err
		}
		r, err := s.c.read(ctx, promised)
		if err != nil {
			return err
		}
		if s.c.findings.begin(r.catalog) {
			log.FromContext(ctx).Info("the standby has read what is in use", "nodes", len(r.alive))
		}
		return nil
	})
}

// until tries until it succeeds or the manager stops; later each time, at
// most every 15 seconds.
func until(ctx context.Context, act string, try func() error) error {
	for delay := 500 * time.Millisecond; ; delay = min(2*delay, 15*time.Second) {
		err := try()
		if err == nil || ctx.Err() != nil {
			return nil
		}
		log.FromContext(ctx).Error(err, act+" failed; trying again", "after", delay)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
	}
}
