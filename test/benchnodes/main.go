// Command benchnodes measures how fast Nodes get their podCIDRs from several
// allocators, side by side on one real API server in one run: a burst of Nodes
// that wait, Nodes that arrive one after the other, memory, and a restart. A
// bare loop that makes the writes an allocator cannot avoid shows the API
// server's own limit.
//
// It prints tables and writes the same rows as JSON.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

type settings struct {
	nodes       int           // of a burst
	slowNodes   int           // of the burst that nodeipam gets as it comes
	arrivals    int           // Nodes that arrive
	arrivalRate int           // a second
	held        bool          // Nodes say that their network is unavailable
	many        int           // Nodes for memory and restart; 0 leaves these out
	timeout     time.Duration // of the whole run
	json        string
	only        string // contenders whose name has this; all by default
}

func main() {
	var s settings
	flag.IntVar(&s.nodes, "nodes", 3000, "`Nodes` of a burst")
	flag.IntVar(&s.slowNodes, "slow-nodes", 300, "`Nodes` of the burst for nodeipam as it comes, which does about 20 a second")
	flag.IntVar(&s.arrivals, "arrivals", 2000, "`Nodes` that arrive one after the other")
	flag.IntVar(&s.arrivalRate, "arrival-rate", 100, "arriving `Nodes` a second")
	flag.BoolVar(&s.held, "held", false, "Nodes come with NetworkUnavailable=True, as the node controller of Compute Engine's cloud provider leaves them: vpcnative then lets no report of theirs wait")
	flag.IntVar(&s.many, "many", 10000, "`Nodes` for memory and restart; 0 leaves these out")
	flag.DurationVar(&s.timeout, "timeout", 45*time.Minute, "`time` after which the run is given up")
	flag.StringVar(&s.json, "json", "", "`file` for the rows as JSON; bin/bench/nodes.json by default")
	flag.StringVar(&s.only, "only", "", "`part` of the names of the contenders to run; all by default")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "benchnodes:", err)
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
		s.json = filepath.Join(root, "bin", "bench", "nodes.json")
	}
	server, err := apiserver.Start(ctx, apiserver.Options{
		CRDDirs: []string{filepath.Join(root, "deploy", "crds")},
		APIServerFlags: map[string][]string{
			"delete-collection-workers": {"16"}, // Nodes are removed between rows
		}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	client, err := protobufClient(server.Config)
	if err != nil {
		return err
	}
	// A connection of its own: the many patches of the bare loop would delay
	// what is watched through theirs.
	watcher, err := protobufClient(server.Config)
	if err != nil {
		return err
	}
	cloud, err := simulate()
	if err != nil {
		return err
	}
	defer cloud.stop()
	b := &bench{settings: s, server: server, client: client, watcher: watcher, cloud: cloud}
	r := report{Machine: describeMachine(), Began: time.Now().UTC()}
	if err := b.measure(ctx, &r); err != nil {
		return err
	}
	r.Seconds = time.Since(r.Began).Seconds()
	r.Targets = judge(r)
	r.print(os.Stdout)
	if err := r.write(s.json); err != nil {
		return err
	}
	fmt.Println("The same as JSON:", s.json)
	return nil
}

func protobufClient(config *rest.Config) (*kubernetes.Clientset, error) {
	config = rest.CopyConfig(config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	// A dialer of its own keeps clients from sharing a connection.
	config.Dial = (&net.Dialer{Timeout: 10 * time.Second}).DialContext
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the API server: %w", err)
	}
	return client, nil
}

type bench struct {
	settings
	server  *apiserver.Server
	client  *kubernetes.Clientset
	watcher *kubernetes.Clientset
	cloud   *simulation
}

// measure runs every row.
func (b *bench) measure(ctx context.Context, r *report) error {
	if err := b.grant(ctx); err != nil {
		return err
	}
	workers, err := b.bestWorkers(ctx)
	if err != nil {
		return err
	}
	all := b.chosen()
	if r.Bursts, err = b.bursts(ctx, all, bareLoop(workers)); err != nil {
		return err
	}
	for _, c := range all {
		if c.slow || c.cloudLatency > 0 {
			continue
		}
		row, err := b.arrive(ctx, c)
		if err != nil {
			return err
		}
		r.Arrivals = append(r.Arrivals, row)
		if b.many == 0 {
			continue
		}
		mem, err := b.remember(ctx, c)
		if err != nil {
			return err
		}
		r.Memory = append(r.Memory, mem)
	}
	return nil
}

// chosen are the contenders that run.
func (b *bench) chosen() []contender {
	return slices.DeleteFunc(contenders(), func(c contender) bool { return !strings.Contains(c.name, b.only) })
}

// say reports what is being done, on standard error, as some rows take a while.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "  "+format+"\n", args...)
}
