// Command benchlb counts the cloud calls of load balancers for many Services
// on many nodes: the real controller and adapters, on a real API server and a
// simulated cloud. It prints a table, writes the same rows as JSON, and fails
// where a row has more calls than it may have.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

type settings struct {
	services, nodes int
	gather          time.Duration // changes of Nodes
	latency         time.Duration // of the cloud's asynchronous changes
	rates           bool          // AWS keeps to its token buckets
	timeout         time.Duration // of the whole run
	json            string
	only            string // contenders whose name has this; all by default
	detail          bool   // calls by method
	verbose         bool   // the controller's log
}

func main() {
	var s settings
	flag.IntVar(&s.services, "services", 200, "`Services` of type LoadBalancer")
	flag.IntVar(&s.nodes, "nodes", 500, "`nodes` that they send to")
	flag.DurationVar(&s.gather, "gather", time.Second, "how `long` the controller gathers changes of Nodes")
	flag.DurationVar(&s.latency, "latency", 0, "how `long` the cloud takes for what it does asynchronously; 0 is what the simulators have by default")
	flag.BoolVar(&s.rates, "rates", false, "have AWS refuse what is beyond its token buckets, and keep to our share of them")
	flag.DurationVar(&s.timeout, "timeout", 45*time.Minute, "`time` after which the run is given up")
	flag.StringVar(&s.json, "json", "", "`file` for the rows as JSON; bin/bench/lb.json by default")
	flag.StringVar(&s.only, "only", "", "`part` of the names of the contenders to run; all by default")
	flag.BoolVar(&s.detail, "detail", false, "print the calls of each row by method")
	flag.BoolVar(&s.verbose, "v", false, "print what the controller logs")
	flag.Parse()

	logger := logr.Discard()
	if s.verbose {
		logger = logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, nil))
	}
	log.SetLogger(logger)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "benchlb:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) (err error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		return err
	}
	if s.json == "" {
		s.json = filepath.Join(root, "bin", "bench", "lb.json")
	}
	server, err := apiserver.Start(ctx, serverOptions(root))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	r := report{Services: s.services, Nodes: s.nodes, Rates: s.rates, LatencySeconds: s.latency.Seconds()}
	for _, c := range contenders(s) {
		if !strings.Contains(c.name, s.only) {
			continue
		}
		rows, err := c.measure(ctx, server.Config, s)
		r.Rows = append(r.Rows, rows...)
		if err != nil {
			r.print(os.Stdout, s.detail)
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	r.print(os.Stdout, s.detail)
	return errors.Join(r.write(s.json), judge(r.Rows))
}

func serverOptions(root string) apiserver.Options {
	return apiserver.Options{
		CRDDirs:        []string{filepath.Join(root, "deploy", "crds")},
		APIServerFlags: map[string][]string{"service-cluster-ip-range": {"10.96.0.0/16"}, "delete-collection-workers": {"16"}},
	}
}
