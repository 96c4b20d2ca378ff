package node

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/controllers/node/claims"
)

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
