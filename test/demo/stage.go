package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// The cloud of the demo, and waits short enough to watch.
const (
	project     = "demo"
	network     = "vpc"
	region      = "us-central1"
	namespace   = "vpcnative-system"
	latency     = 300 * time.Millisecond
	quarantine  = 4 * time.Second
	detachGrace = 2 * time.Second
)

// serviceRange is --service-cluster-ip-range of the first cluster: 14
// addresses, so that it is soon full.
const serviceRange = "10.0.40.0/28"

// stage is what the demo plays on: one cloud, and in it two clusters.
type stage struct {
	screen   *screen
	programs programs
	fail     context.CancelCauseFunc
	chapter  int

	sim      *gcesim.Sim
	endpoint string
	stopSim  func()
	board    *board
	history  *invariants.History

	exposures int // Services that were made

	east, west *cluster
	westUp     chan struct{} // closed when west's control plane is up, or is not to be
	westErr    error         // valid then
}

func newStage(screen *screen, p programs, fail context.CancelCauseFunc) *stage {
	return &stage{
		screen: screen, programs: p, fail: fail,
		history: &invariants.History{Rest: quarantine, Bad: fail},
		east:    &cluster{name: "east", subnet: "nodes", services: serviceRange},
		// Nobody else reaches its ClusterIPs: they lie outside of the VPC.
		west: &cluster{name: "west", subnet: "nodes-west", services: "172.20.0.0/24"},
	}
}

// set builds the stage, the slow part first. West's control plane comes up
// beside the first chapters.
func (s *stage) set(ctx context.Context) error {
	log.SetLogger(logr.Discard()) // the screen is for what the demo shows
	s.screen.busy("starting etcd and kube-apiserver")
	if err := s.east.start(ctx); err != nil {
		return err
	}
	s.east.introduce(s.screen)
	if err := s.simulate(); err != nil {
		return fmt.Errorf("starting the simulated Compute Engine: %w", err)
	}
	s.screen.part("Compute Engine", fmt.Sprintf("%s, simulated; each operation takes %s", s.endpoint, latency))
	s.board = newBoard(s.screen, s.sim)
	if err := s.enter(ctx, s.east, view{board: s.board}); err != nil {
		return err
	}
	// It makes ServiceCIDRs ready, as in any cluster.
	p, err := s.east.server.StartServiceCIDRs()
	if err != nil {
		return err
	}
	go s.watchOver(p.Done(), p.Err)
	s.westUp = make(chan struct{})
	go func() {
		defer close(s.westUp)
		s.westErr = s.west.start(ctx)
	}()
	return nil
}

// enter has a cluster watched and gives it its manager.
func (s *stage) enter(ctx context.Context, c *cluster, v view) error {
	if err := v.watch(ctx, c.server.Config); err != nil {
		return fmt.Errorf("watching the API server of cluster %s: %w", c.name, err)
	}
	var err error
	if c.unfollow, err = s.history.Follow(c.name, c.api); err != nil {
		return err
	}
	waits := []string{"--quarantine=" + quarantine.String(), "--detach-grace=" + detachGrace.String()}
	if err := c.runManager(s.programs.manager, s.endpoint, waits); err != nil {
		return err
	}
	go s.watchOver(c.manager.Done(), c.manager.Err)
	s.screen.part("manager", filepath.Base(s.programs.manager)+" "+strings.Join(waits, " "))
	return nil
}

// watchOver ends the demo when a process ends that nobody stopped.
func (s *stage) watchOver(done <-chan struct{}, how func() error) {
	<-done
	s.fail(how())
}

// simulate makes a VPC that others use too: a third subnet with a secondary
// range, and a route to an office.
func (s *stage) simulate() error {
	s.sim = gcesim.New(gcesim.Config{Projects: []string{project}, Latency: latency})
	subnet := func(name, primary string, secondary ...gcesim.SecondaryRange) error {
		return s.sim.AddSubnetwork(gcesim.Subnetwork{
			Project: project, Region: region, Name: name, Network: network, Primary: netip.MustParsePrefix(primary), Secondary: secondary})
	}
	err := errors.Join(
		s.sim.AddNetwork(gcesim.Network{Project: project, Name: network}),
		subnet(s.east.subnet, "10.0.0.0/20"),
		subnet(s.west.subnet, "10.0.36.0/22"),
		subnet("databases", "10.0.32.0/22", gcesim.SecondaryRange{Name: "backup", Prefix: netip.MustParsePrefix("10.1.0.0/18")}),
		s.sim.AddRoute(gcesim.Route{
			Project: project, Name: "to-the-office", Network: network, Dest: netip.MustParsePrefix("10.0.16.0/21"),
			NextHopIP: netip.MustParseAddr("10.0.0.2")}),
	)
	if err != nil {
		return err
	}
	s.endpoint, s.stopSim, err = s.sim.Serve("127.0.0.1:0")
	return err
}

// managersSaid is the end of what each manager said.
func (s *stage) managersSaid() (out string) {
	for _, c := range []*cluster{s.east, s.west} {
		if said := c.managerSaid(); said != "" {
			out += fmt.Sprintf("\nThe manager of cluster %s said last:\n%s", c.name, said)
		}
	}
	return out
}

// close ends all that runs; ctx is done by then.
func (s *stage) close() error {
	if s.westUp != nil {
		<-s.westUp
	}
	err := errors.Join(s.west.stop(), s.east.stop())
	if s.board != nil {
		s.board.close()
	}
	if s.stopSim != nil {
		s.stopSim()
	}
	return err
}
