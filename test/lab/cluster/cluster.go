// Package cluster brings up a whole cluster in a simulated VPC with real
// packets: a control plane, the manager, and machines with kubelets, joined by
// the fabric.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/apiserver"
	"github.com/vpcnative/vpcnative/test/lab/fabric"
	"github.com/vpcnative/vpcnative/test/lab/machine"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// Config of a cluster.
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

// Cluster is one that runs.
type Cluster struct {
	Config
	VPC      Cloud
	API      client.WithWatch
	Server   *apiserver.Server
	Fabric   *fabric.Fabric
	Endpoint string // of the simulated cloud
	// Control is the control plane's machine: its processes are where ours are.
	Control Instance

	images  []string
	stopSim func()
	stop    context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	machines map[string]*Machine
	inside   []netip.Prefix // to which pods go by their own addresses
}

// Machine is a machine in its cloud.
type Machine struct {
	*machine.Machine
	Instance Instance
	NIC      fabric.NIC
}

// MaxPods is how many pods a machine has room for.
const MaxPods = 32

// Start brings everything up but machines. What has ended by itself is told to
// fail. Stop has to be called also after an error.
func Start(ctx context.Context, c Config, fail context.CancelCauseFunc) (*Cluster, error) {
	run, stop := context.WithCancel(ctx)
	l := &Cluster{Config: c, stop: stop, machines: map[string]*Machine{}}
	for _, step := range []struct {
		what string
		do   func(context.Context, context.CancelCauseFunc) error
	}{
		{"the simulated cloud and its fabric", l.startCloud},
		{"images", l.makeImages},
		{"the control plane", l.startControlPlane},
		{"the manager", l.startManager},
		{"add-ons", l.startAddons},
	} {
		c.Say("starting " + step.what)
		if err := step.do(run, fail); err != nil {
			return l, fmt.Errorf("starting %s: %w", step.what, err)
		}
	}
	return l, nil
}

// startCloud has the VPC, its fabric, and in it the control plane's machine.
func (l *Cluster) startCloud(ctx context.Context, _ context.CancelCauseFunc) (err error) {
	l.VPC = Clouds[l.Cloud](l.Latency, func(service, instance string) bool { return l.Fabric.Healthy(service, instance) })
	if l.Endpoint, l.stopSim, err = l.VPC.Serve(); err != nil {
		return err
	}
	project, network := l.VPC.Names()
	l.Fabric, err = fabric.New(ctx, fabric.Config{
		Cloud: l.Cloud, Endpoint: l.Endpoint, Project: project, Network: network, Prefix: l.Prefix, Lag: l.Lag,
		Log: func(format string, args ...any) { l.Say(fmt.Sprintf(format, args...)) },
	})
	if err != nil {
		return err
	}
	l.running.Go(func() {
		if err := l.Fabric.Run(ctx); err != nil && ctx.Err() == nil {
			l.Say("fabric: " + err.Error())
		}
	})
	if l.Control, err = l.VPC.Start("control-plane"); err != nil {
		return err
	}
	_, err = l.Fabric.Plug(ctx, l.Control.ID, "")
	return err
}

// bin is one of the programs that were built.
func (l *Cluster) bin(parts ...string) string {
	return filepath.Join(append([]string{l.Bin}, parts...)...)
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

// Stop ends everything.
func (l *Cluster) Stop() error {
	l.stop()
	l.running.Wait()
	var errs []error
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.machines {
		errs = append(errs, m.Stop(), netns.Delete(context.Background(), m.Netns))
	}
	if l.Server != nil {
		errs = append(errs, l.Server.Stop())
	}
	if l.Fabric != nil {
		errs = append(errs, l.Fabric.Close())
	}
	if l.stopSim != nil {
		l.stopSim()
	}
	return errors.Join(errs...)
}
