package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// row is what one thing that happens costs.
type row struct {
	Contender string         `json:"contender"`
	What      string         `json:"what"`
	Reads     int            `json:"reads"`
	Writes    int            `json:"writes"`
	Seconds   float64        `json:"seconds"` // from the cause to the last call
	Methods   map[string]int `json:"methods,omitempty"`
	// MaxReads and MaxWrites are what it may cost.
	MaxReads  int `json:"maxReads"`
	MaxWrites int `json:"maxWrites"`
}

// measuring is one contender being measured.
type measuring struct {
	*world
	contender
	settings
	manager *manager
	rows    []row
}

// measure brings up a cluster and does one thing after another to it.
func (c contender) measure(ctx context.Context, cfg *rest.Config, s settings) (rows []row, err error) {
	cloud, err := c.simulate(s)
	if err != nil {
		return nil, err
	}
	w, err := newWorld(ctx, cfg, slug(c.name), cloud)
	if err != nil {
		return nil, err
	}
	w.gather, w.quiet = s.gather, 2*s.gather
	m := &measuring{world: w, contender: c, settings: s}
	if err := m.addNodes(ctx, s.nodes); err != nil {
		return nil, err
	}
	if err := w.addServices(ctx, s.services, c.annotations); err != nil {
		return nil, err
	}
	defer func() {
		if m.manager != nil {
			err = errors.Join(err, m.manager.stop())
		}
	}()
	for _, step := range m.steps() {
		if err := m.row(ctx, step); err != nil {
			return m.rows, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return m.rows, nil
}

// step is something that happens, how to see that all came of it that should,
// and what it may cost.
type step struct {
	what string
	do   func(context.Context) error
	done func(context.Context) (bool, error)
	most calls
}

func (m *measuring) row(ctx context.Context, s step) error {
	fmt.Fprintf(os.Stderr, "%s: %s\n", m.contender.name, s.what)
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second+time.Duration(m.services)*4*time.Second)
	defer cancel()
	m.cloud.ResetCalls()
	began := time.Now()
	if err := s.do(ctx); err != nil {
		return err
	}
	err := m.until(ctx, func() (bool, error) {
		if time.Since(began) < m.world.quiet {
			return false, nil
		}
		return s.done(ctx)
	})
	out := row{Contender: m.contender.name, What: s.what, Writes: m.cloud.MutatingCalls(), Methods: m.cloud.CallCounts(), MaxReads: s.most.reads, MaxWrites: s.most.writes}
	for _, n := range out.Methods {
		out.Reads += n
	}
	out.Reads -= out.Writes
	if last := m.cloud.lastCall(); !last.IsZero() {
		out.Seconds = last.Sub(began).Seconds()
	}
	m.rows = append(m.rows, out)
	return err
}

func (m *measuring) restart(ctx context.Context) (err error) {
	if m.manager != nil {
		if err := m.manager.stop(); err != nil {
			return err
		}
	}
	m.manager, err = m.start(ctx)
	return err
}

func (m *measuring) allReady(ctx context.Context) (bool, error) {
	n, _, err := m.ready(ctx)
	return n == m.services, err
}

// touch changes of a Node what balancers do not look at.
func (m *measuring) touch(ctx context.Context) error {
	for name := range m.machines {
		n := &corev1.Node{}
		if err := m.api.Get(ctx, client.ObjectKey{Name: name}, n); err != nil {
			return err
		}
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: "Touched", Status: corev1.ConditionTrue})
		if err := m.api.Status().Update(ctx, n); err != nil {
			return err
		}
		n.Annotations = map[string]string{"example.com/touched": "yes"}
		return m.api.Update(ctx, n)
	}
	return nil
}
