package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/test/invariants"
)

// stage is what the demo plays on: one cloud, and in it two clusters.
type stage struct {
	screen   *screen
	programs programs
	fail     context.CancelCauseFunc
	chapter  int

	cloud    simulated
	words    words
	endpoint string
	stopSim  func()
	board    *board
	history  *invariants.History

	exposures int    // Services that were made
	files     string // directory of what people write

	east, west *cluster
	westUp     chan struct{} // closed when west's control plane is up, or is not to be
	westErr    error         // valid then
}

func newStage(screen *screen, p programs, c simulated, fail context.CancelCauseFunc) *stage {
	w := c.words()
	return &stage{
		screen: screen, programs: p, fail: fail, cloud: c, words: w,
		// The watch of a deletion may be late; board.rested measures it.
		history: &invariants.History{Rest: quarantine - time.Second, Bad: fail},
		east:    &cluster{name: "east", subnet: w.east, services: w.services},
		// Nobody else reaches its ClusterIPs: they lie outside of the VPC.
		west: &cluster{name: "west", subnet: w.west, services: "172.20.0.0/24"},
	}
}

// set builds the stage, the slow part first. West's control plane comes up
// beside the first chapters.
func (s *stage) set(ctx context.Context) error {
	log.SetLogger(logr.Discard()) // the screen is for what the demo shows
	for _, p := range []string{s.programs.manager, s.programs.vpcnative} {
		if _, err := exec.LookPath(p); err != nil {
			return fmt.Errorf("make demo builds it: %w", err)
		}
	}
	if err := s.write(); err != nil {
		return err
	}
	s.screen.busy("starting etcd and kube-apiserver")
	if err := s.east.start(ctx); err != nil {
		return err
	}
	s.introduce(s.east)
	if err := s.simulate(); err != nil {
		return fmt.Errorf("starting the simulated %s: %w", s.words.cloud, err)
	}
	s.screen.part(s.words.cloud, fmt.Sprintf("%s, simulated; %s", s.endpoint, s.words.about))
	s.board = newBoard(s.screen, s.cloud)
	if err := s.enter(ctx, s.east); err != nil {
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

// introduce says that a control plane is up.
func (s *stage) introduce(c *cluster) {
	s.screen.part("kube-apiserver", fmt.Sprintf("%s, with its etcd, up in %.1f s", strings.TrimSuffix(c.server.Config.Host, "/"), c.took.Seconds()))
}

// enter has a cluster watched and gives it its manager.
func (s *stage) enter(ctx context.Context, c *cluster) error {
	if err := (view{s.board, c.name}).watch(ctx, c.server.Config); err != nil {
		return fmt.Errorf("watching the API server of cluster %s: %w", c.name, err)
	}
	var err error
	if c.unfollow, err = s.history.Follow(c.name, c.api); err != nil {
		return err
	}
	waits := []string{"--load-balancers", "--endpoint-groups", "--quarantine=" + quarantine.String(), "--detach-grace=" + detachGrace.String(), "--orphan-grace=" + orphanGrace.String()}
	if err := c.runManager(s.programs.manager, append(s.cloud.flags(s.endpoint), waits...)); err != nil {
		return err
	}
	go s.watchOver(c.manager.Done(), func() error { return fmt.Errorf("the manager of cluster %s ended by itself", c.name) })
	s.screen.part("manager", filepath.Base(s.programs.manager)+" "+strings.Join(waits, " "))
	return nil
}

// watchOver ends the demo when a process ends that nobody stopped.
func (s *stage) watchOver(done <-chan struct{}, how func() error) {
	<-done
	s.fail(how())
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
	if s.files != "" {
		err = errors.Join(err, os.RemoveAll(s.files))
	}
	return err
}

// write puts what people write into files, for commands that take them.
func (s *stage) write() (err error) {
	if s.files, err = os.MkdirTemp("", "vpcnative-demo-"); err != nil {
		return err
	}
	for _, name := range []string{"balancers", "edited"} {
		if err := os.WriteFile(filepath.Join(s.files, name+".yaml"), []byte(s.yaml(name)), 0o600); err != nil {
			return err
		}
	}
	return nil
}
