package main

import (
	"context"
	"fmt"
	"time"
)

// patience is how long anything may take on a busy machine.
const patience = 30 * time.Second

// beat is the time between chapters, so that one can follow.
const beat = 300 * time.Millisecond

// chapter is a part of the demo with a heading of its own.
type chapter struct {
	title string
	play  func(context.Context) error
}

// chapters are in files of their names.
func (s *stage) chapters() []chapter {
	firewall := chapter{"The firewall allows the pods of both clusters", s.firewall}
	if !s.words.firewall {
		firewall = chapter{"Each manager reports whether the security groups allow pods", s.readFirewall}
	}
	return []chapter{
		{"A Network defines the space, a RangeRequest asks for a range", s.carve},
		{"Three VMs join: first the range is on the VM, then in podCIDRs", s.three},
		{"Twenty more join at once, each with a range sized for its max pods", s.twenty},
		{"Three leave, and their ranges are quarantined before they are reused", s.reuse},
		{"The range is full, nodes wait, and it grows", s.grow},
		{"Services get load balancers, external and internal", s.balancers},
		{"One is edited, and a node joins: only the differences are applied", s.edit},
		{"Pods are registered in the cloud, and a rollout is followed", s.pods},
		{"Services fill their range, and the API server gets a second one", s.services},
		{"A second cluster joins the VPC, and both carve at once", s.clusters},
		firewall,
		{"How it stands", s.account},
	}
}

// play is the demo until all is shown and runs.
func (s *stage) play(ctx context.Context) error {
	s.screen.say(bold("vpcnative") + ": ranges for pods and Services out of the VPC, and load balancers\n")
	if err := s.set(ctx); err != nil {
		return err
	}
	for _, c := range s.chapters() {
		s.begin(c.title)
		if err := c.play(ctx); err != nil {
			return err
		}
		if err := pause(ctx, beat); err != nil {
			return err
		}
	}
	s.board.flush()
	return nil
}

// begin shows the heading of the next chapter, after all that belongs to the
// one before.
func (s *stage) begin(title string) {
	s.screen.busy("")
	s.board.flush()
	s.chapter++
	s.screen.heading(fmt.Sprintf("%d  %s", s.chapter, title))
}

// note says a thing about what follows.
func (s *stage) note(format string, args ...any) {
	s.board.flush()
	s.screen.note(fmt.Sprintf(format, args...))
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// until asks until check is satisfied, and says what was waited for where it
// is not within its time.
func (s *stage) until(ctx context.Context, what string, check func() error) error {
	s.screen.busy(what)
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %s: %w", what, patience, err)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}
