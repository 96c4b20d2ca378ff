package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/test/lab/fabric"
)

// Config of a site.
type Config struct {
	Cloud string // gcp or aws
	// Prefix begins the names of namespaces.
	Prefix string
	// Dir holds what the machines write. Bin has the repository's binaries: the
	// manager, and the sets of programs that were built.
	Dir, Bin string
	// Latency is what the cloud's operations take, Lag at most how long its data
	// plane is behind them.
	Latency, Lag time.Duration
	// Say tells of progress.
	Say func(what string)
}

// Site is a simulated VPC and its fabric, in which clusters are and what else
// there is.
type Site struct {
	Config
	VPC      Cloud
	Fabric   *fabric.Fabric
	Endpoint string // of the simulated cloud
	// Control is the machine of the control planes: their processes are where
	// ours are.
	Control Instance

	images  []string
	stopSim func()
	stop    context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	clusters []*Cluster
	hosts    map[string]*Host
}

// step is one of bringing something up.
type step struct {
	what string
	do   func(context.Context) error
}

func (s *Site) start(ctx context.Context, steps []step) error {
	for _, x := range steps {
		s.Say("starting " + x.what)
		if err := x.do(ctx); err != nil {
			return fmt.Errorf("starting %s: %w", x.what, err)
		}
	}
	return nil
}

// Start brings up a site without clusters. Stop has to be called also after an
// error.
func Start(ctx context.Context, c Config) (*Site, error) {
	run, stop := context.WithCancel(ctx)
	s := &Site{Config: c, stop: stop, hosts: map[string]*Host{}}
	return s, s.start(run, []step{
		{"the simulated cloud and its fabric", s.startCloud},
		{"images", s.makeImages},
	})
}

// startCloud has the VPC, its fabric, and in it the control planes' machine.
func (s *Site) startCloud(ctx context.Context) (err error) {
	s.VPC = Clouds[s.Cloud](s.Latency, func(service, instance string) bool { return s.Fabric.Healthy(service, instance) })
	if s.Endpoint, s.stopSim, err = s.VPC.Serve(); err != nil {
		return err
	}
	project, network := s.VPC.Names()
	s.Fabric, err = fabric.New(ctx, fabric.Config{
		Cloud: s.Cloud, Endpoint: s.Endpoint, Project: project, Network: network, Prefix: s.Prefix, Lag: s.Lag,
		Log: func(format string, args ...any) { s.Say(fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return err
	}
	s.running.Go(func() {
		if err := s.Fabric.Run(ctx); err != nil && ctx.Err() == nil {
			s.Say("fabric: " + err.Error())
		}
	})
	if s.Control, err = s.VPC.Start("control-plane"); err != nil {
		return err
	}
	_, err = s.Fabric.Plug(ctx, s.Control.ID, "")
	return err
}

// Clusters are those that were started.
func (s *Site) Clusters() []*Cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.clusters)
}

// Stop ends everything.
func (s *Site) Stop() error {
	var errs []error
	for _, l := range s.Clusters() {
		errs = append(errs, l.end())
	}
	s.stop()
	s.running.Wait()
	errs = append(errs, s.removeHosts())
	if s.Fabric != nil {
		errs = append(errs, s.Fabric.Close())
	}
	if s.stopSim != nil {
		s.stopSim()
	}
	return errors.Join(errs...)
}
