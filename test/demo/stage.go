package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// The cloud of the demo, and waits short enough to watch.
const (
	project     = "demo"
	network     = "vpc"
	region      = "us-central1"
	subnet      = "nodes"
	namespace   = "vpcnative-system"
	latency     = 300 * time.Millisecond
	quarantine  = 4 * time.Second
	detachGrace = 2 * time.Second
)

// stage is what the demo plays on: a control plane, a cloud and a manager.
type stage struct {
	screen  *screen
	manager string
	fail    context.CancelCauseFunc

	sim      *gcesim.Sim
	endpoint string
	server   *apiserver.Server
	api      client.Client
	process  *apiserver.Process
	board    *board
	stopSim  func()
}

// set builds the stage, the slow part first.
func (s *stage) set(ctx context.Context) error {
	log.SetLogger(logr.Discard()) // the screen is for what the demo shows
	s.screen.busy("starting etcd and kube-apiserver")
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		return err
	}
	began := time.Now()
	s.server, err = apiserver.Start(ctx, apiserver.Options{CRDDirs: []string{filepath.Join(root, "deploy", "crds")}})
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	if s.api, err = client.New(s.server.Config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("connecting to the API server: %w", err)
	}
	if err := s.api.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return fmt.Errorf("making namespace %s: %w", namespace, err)
	}
	s.screen.part("kube-apiserver", fmt.Sprintf("%s, with its etcd, up in %.1f s", strings.TrimSuffix(s.server.Config.Host, "/"), time.Since(began).Seconds()))
	if err := s.simulate(); err != nil {
		return fmt.Errorf("starting the simulated Compute Engine: %w", err)
	}
	s.screen.part("Compute Engine", fmt.Sprintf("%s, simulated; each operation takes %s", s.endpoint, latency))
	s.board = newBoard(s.screen, s.sim)
	if err := s.board.watch(ctx, s.server.Config, scheme); err != nil {
		return fmt.Errorf("watching the API server: %w", err)
	}
	return s.startManager()
}

// simulate makes a VPC that others use too: a second subnet with a secondary
// range, and a route to an office.
func (s *stage) simulate() error {
	s.sim = gcesim.New(gcesim.Config{Projects: []string{project}, Latency: latency})
	err := errors.Join(
		s.sim.AddNetwork(gcesim.Network{Project: project, Name: network}),
		s.sim.AddSubnetwork(gcesim.Subnetwork{
			Project: project, Region: region, Name: subnet, Network: network, Primary: netip.MustParsePrefix("10.0.0.0/20")}),
		s.sim.AddSubnetwork(gcesim.Subnetwork{
			Project: project, Region: region, Name: "databases", Network: network, Primary: netip.MustParsePrefix("10.0.32.0/22"),
			Secondary: []gcesim.SecondaryRange{{Name: "backup", Prefix: netip.MustParsePrefix("10.1.0.0/18")}}}),
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

func (s *stage) startManager() (err error) {
	waits := []string{"--quarantine=" + quarantine.String(), "--detach-grace=" + detachGrace.String()}
	s.process, err = s.server.Run("vpcnative-manager", s.manager, append([]string{
		"--kubeconfig=" + s.server.KubeconfigFile, "--namespace=" + namespace,
		"--gcp-endpoint=" + s.endpoint, "--gcp-no-auth", "--log-format=text",
		"--metrics-bind-address=0", "--health-probe-bind-address=0",
	}, waits...)...)
	if err != nil {
		return err
	}
	go func() {
		<-s.process.Done()
		s.fail(errors.New("the manager ended by itself"))
	}()
	s.screen.part("manager", filepath.Base(s.manager)+" "+strings.Join(waits, " "))
	return nil
}

// managerLog is the end of what the manager said.
func (s *stage) managerLog() string {
	if s.process == nil {
		return ""
	}
	content, err := os.ReadFile(s.process.LogFile)
	if err != nil {
		return err.Error()
	}
	const most = 15
	lines := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// close ends all that runs.
func (s *stage) close() error {
	if s.board != nil {
		s.board.close()
	}
	if s.stopSim != nil {
		s.stopSim()
	}
	if s.server != nil {
		return s.server.Stop()
	}
	return nil
}

// until asks until check is satisfied, and says what was waited for where it
// is not within its time.
func (s *stage) until(ctx context.Context, what string, atMost time.Duration, check func() error) error {
	s.screen.busy(what)
	deadline := time.Now().Add(atMost)
	for {
		err := check()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %s: %w", what, atMost, err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
