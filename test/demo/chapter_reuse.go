package main

import (
	"context"
	"errors"
)

// reuse frees ranges in every way that a node goes, and has one given again.
func (s *stage) reuse(ctx context.Context) error {
	s.note("worker-3 loses only its Node: its range is detached from the VM after %s.", detachGrace)
	for _, m := range []member{worker(2, 110), worker(5, 8)} {
		if err := errors.Join(s.cloud.delete(m), s.leave(ctx, s.east, m)); err != nil {
			return err
		}
	}
	if err := s.leave(ctx, s.east, worker(3, 110)); err != nil {
		return err
	}
	if err := pause(ctx, beat); err != nil {
		return err
	}
	s.note("Everything else is in use, and released ranges are quarantined for %s: worker-24 has to wait.", quarantine)
	if err := s.join(ctx, s.east, worker(24, 110)); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for a range to be given again", s.settled(ctx)); err != nil {
		return err
	}
	// What is settled may not have come by the watch yet.
	return s.until(ctx, "waiting for the watch to show it", func() error { return s.board.rested("worker-24", quarantine) })
}
