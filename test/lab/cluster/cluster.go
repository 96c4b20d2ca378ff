// Package cluster brings up whole clusters in a simulated VPC with real packets:
// a control plane, the manager, and machines with kubelets, joined by the fabric.
package cluster

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

// Cluster is one that runs.
type Cluster struct {
	*Site
	API    client.WithWatch
	Server *apiserver.Server

	number  int // from 0, of the site's clusters
	stop    context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	machines map[string]*Machine
	inside   []netip.Prefix // to which pods go by their own addresses
}

// MaxPods is how many pods a machine has room for.
const MaxPods = 32

// Waits of the manager, short enough to watch.
const (
	Quarantine  = 5 * time.Second
	DetachGrace = 2 * time.Second
	OrphanGrace = 5 * time.Second
	Resync      = 15 * time.Second // how soon what somebody changed by hand is seen
)

// StartCluster brings everything of a cluster up but machines. What has ended by
// itself is told to fail.
func (s *Site) StartCluster(ctx context.Context, fail context.CancelCauseFunc) (*Cluster, error) {
	run, stop := context.WithCancel(ctx)
	l := &Cluster{Site: s, stop: stop, machines: map[string]*Machine{}}
	s.mu.Lock()
	l.number = len(s.clusters)
	s.clusters = append(s.clusters, l)
	s.mu.Unlock()
	err := s.start(run, []step{
		{"the control plane", func(ctx context.Context) error { return l.startControlPlane(ctx, fail) }},
		{"the manager", func(ctx context.Context) error { return l.startManager(ctx, fail) }},
		{"add-ons", l.startAddons},
	})
	return l, err
}

// services is the first range of the cluster's Services.
func (l *Cluster) services() netip.Prefix { return l.VPC.Services(l.number) }

// bin is one of the programs that were built.
func (s *Site) bin(parts ...string) string {
	return filepath.Join(append([]string{s.Bin}, parts...)...)
}

// watchOver says when a process ends that nobody stopped.
func (l *Cluster) watchOver(ctx context.Context, p *apiserver.Process, fail context.CancelCauseFunc) {
	l.running.Go(func() {
		select {
		case <-ctx.Done():
		case <-p.Done():
			fail(p.Err())
		}
	})
}

// end ends everything but the machines' places in the VPC.
func (l *Cluster) end() error {
	l.stop()
	l.running.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, m := range l.machines {
		errs = append(errs, m.Stop())
	}
	if l.Server != nil {
		errs = append(errs, l.Server.Stop())
	}
	return errors.Join(errs...)
}

// Machine is one by its name.
func (l *Cluster) Machine(name string) *Machine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.machines[name]
}
