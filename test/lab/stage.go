package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/enclosure"
)

// stage is one run of the lab.
type stage struct {
	*options
	began time.Time
	// out gets what is shown, progress what happens on the way.
	out, progress io.Writer

	site *cluster.Site
	fail context.CancelCauseFunc // ends the lab
}

func (s *stage) say(what string) {
	fmt.Fprintf(s.progress, "%6.1f s  %s\n", time.Since(s.began).Seconds(), what)
}

// play brings the lab up and shows the claims.
func (s *stage) play(ctx context.Context, fail context.CancelCauseFunc) error {
	var err error
	s.fail = fail
	s.site, err = cluster.Start(ctx, cluster.Config{
		Cloud: s.cloud, Prefix: prefix, Dir: enclosure.Dir, Bin: s.bin,
		Latency: 300 * time.Millisecond, Lag: s.lag, Say: s.say,
	})
	if err != nil {
		return err
	}
	l, err := s.site.StartCluster(ctx, fail)
	if err != nil {
		return err
	}
	if err := s.addMachines(ctx, l); err != nil {
		return err
	}
	s.say(fmt.Sprintf("the lab is up: %d machines, on %s", s.machines, s.cloud))
	return s.show(ctx)
}

// show proves the claims and prints the table.
func (s *stage) show(ctx context.Context) error {
	w, err := s.world(ctx)
	if err != nil {
		return err
	}
	var table []claims.Claim
	for _, c := range slices.Concat(claims.Network, claims.Cluster) {
		if c.Core || !s.core {
			table = append(table, c)
		}
	}
	results := claims.Check(ctx, w, s.cloud, table, func(r claims.Result) {
		verdict := "✓ "
		if !r.OK {
			verdict = "✗ "
		}
		s.say(verdict + r.Claim)
	})
	if ctx.Err() != nil { // the claim that was cut off did not fail
		return context.Cause(ctx)
	}
	if s.json {
		err = json.NewEncoder(s.out).Encode(map[string]any{"cloud": s.cloud, "lag": s.lag.String(), "machines": s.machines, "claims": results})
	} else {
		claims.Write(s.out, fmt.Sprintf("%s, %d machines, the data plane at most %s behind", s.cloud, s.machines, s.lag), results)
	}
	if failed := claims.Failed(results); len(failed) > 0 {
		err = fmt.Errorf("%d of %d claims do not hold, the first: %s: %s", len(failed), len(results), failed[0].Claim, failed[0].Why)
	}
	return err
}

// names of the machines, as claims call them.
func (s *stage) names() (names []string) {
	for i := range s.machines {
		names = append(names, string(rune('a'+i)))
	}
	return names
}

func (s *stage) addMachines(ctx context.Context, l *cluster.Cluster) error {
	errs := make([]error, s.machines)
	var all sync.WaitGroup
	for i, name := range s.names() {
		all.Go(func() {
			s.say("starting machine " + name)
			_, errs[i] = l.AddMachine(ctx, name)
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return s.ready(ctx, l, s.names())
}

// explain shows the ends of the logs, where something failed.
func (s *stage) explain() {
	if s.site == nil {
		return
	}
	for i, l := range s.site.Clusters() {
		if l.Server == nil {
			continue
		}
		files, _ := filepath.Glob(filepath.Join(l.Server.Dir, "*.log"))
		for _, file := range files {
			content, _ := os.ReadFile(file)
			const most = 1500
			fmt.Fprintf(s.progress, "--- cluster %d, %s\n%s\n", i+1, filepath.Base(file), content[max(0, len(content)-most):])
		}
	}
}

func (s *stage) stop() error {
	if s.site == nil {
		return nil
	}
	return s.site.Stop()
}
