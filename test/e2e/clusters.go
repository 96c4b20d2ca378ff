package e2e

import (
	"context"
	"errors"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// clusters are those of one story, in one VPC. All are cleaned at its end, for
// the stories after it.
type clusters struct {
	first, now *World
	byName     map[string]*World
}

func newClusters(first *World) *clusters {
	first.vpc = &neighbours{all: []*World{first}}
	return &clusters{first: first, now: first, byName: map[string]*World{}}
}

// neighbours are the clusters in one VPC.
type neighbours struct{ all []*World }

// enter makes what follows act in the cluster of that name. The first name
// is that of the cluster the story began in.
func (c *clusters) enter(name string) error {
	w, ok := c.byName[name]
	switch {
	case ok:
	case len(c.byName) == 0:
		w = c.first
	default:
		var err error
		if w, err = beside(c.first.binary); err != nil {
			return err
		}
		w.Cloud, w.vpc = c.first.Cloud, c.first.vpc
		w.vpc.all = append(w.vpc.all, w)
	}
	c.byName[name] = w
	c.now = w
	return nil
}

// spare are clusters that stood beside a story's first and wait for another.
var spare struct {
	mu  sync.Mutex
	all []*World
}

// beside gives a spare cluster, or a new one where there is none.
func beside(binary string) (*World, error) {
	spare.mu.Lock()
	defer spare.mu.Unlock()
	if n := len(spare.all); n > 0 {
		w := spare.all[n-1]
		spare.all = spare.all[:n-1]
		return w, nil
	}
	return New(binary)
}

// stopSpare ends the clusters that wait.
func stopSpare() {
	for _, w := range spare.all {
		_ = w.Server.Stop()
	}
}

// end cleans the clusters for the next story.
func (c *clusters) end(ctx context.Context) error {
	var bad []error
	for _, w := range c.first.vpc.all[1:] {
		w.vpc = nil
		if err := w.clean(ctx); err != nil {
			bad = append(bad, err, w.Server.Stop())
			continue
		}
		spare.mu.Lock()
		spare.all = append(spare.all, w)
		spare.mu.Unlock()
	}
	c.first.vpc = nil
	return errors.Join(append(bad, c.first.clean(ctx))...)
}

// cluster NAME: what follows acts in the cluster of that name.
func cmdCluster(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(clustersOf(ts).enter(args[0]))
}

// ranges-disjoint: eventually every range that any cluster's requests were granted is
// in the VPC, and no two overlap.
func cmdRangesDisjoint(ts *testscript.TestScript, _ bool, _ []string) {
	w := worldOf(ts)
	err := Eventually(patience, func() error {
		var all []invariants.Grant
		for _, c := range w.vpc.all {
			var list v1alpha1.RangeRequestList
			if err := c.API.List(context.Background(), &list); err != nil {
				return err
			}
			all = append(all, invariants.Grants(c.Server.Config.Host, list.Items)...)
		}
		return invariants.Granted(all, w.Cloud.Subnets())
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, w.Logs())
	}
}
