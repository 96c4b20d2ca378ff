// Command lab brings up a whole cluster in a simulated cloud, with real packets
// and real kubelets, and shows with them what vpcnative is for. Nothing that it
// makes outlives it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/enclosure"
	"github.com/vpcnative/vpcnative/test/lab/trial"
)

// options of a run.
type options struct {
	bin, cloud   string
	machines     int
	keep, json   bool
	check        bool
	packages     bool
	core         bool
	timeout, lag time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "bin", "`directory` of the programs that make lab builds")
	flag.StringVar(&o.cloud, "cloud", "gcp", "`name` of the cloud: gcp or aws")
	flag.IntVar(&o.machines, "machines", 3, "`number` of machines, at least 2")
	flag.BoolVar(&o.keep, "keep", false, "leave all running at the end, until Ctrl-C")
	flag.BoolVar(&o.core, "core", false, "show the core claims only")
	flag.BoolVar(&o.check, "check", false, "only tell whether the lab can run on this machine")
	flag.BoolVar(&o.packages, "packages", false, "only print the Debian packages with programs that this machine lacks")
	flag.BoolVar(&o.json, "json", false, "print the results as JSON")
	flag.DurationVar(&o.timeout, "timeout", 15*time.Minute, "`time` after which the lab is given up")
	flag.DurationVar(&o.lag, "lag", 500*time.Millisecond, "`time` that the data plane is at most behind the cloud's API")
	flag.Parse()
	if o.packages {
		_, packages := missingPrograms(findProgram)
		fmt.Println(strings.Join(packages, " "))
		return
	}
	if err := o.complete(); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(2)
	}
	enclosure.Enter()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the lab at once
	if o.check {
		os.Exit(o.try(ctx))
	}
	os.Exit(o.run(ctx))
}

func (o *options) complete() (err error) {
	if _, known := cluster.Clouds[o.cloud]; !known {
		return fmt.Errorf("-cloud=%s: it is gcp or aws", o.cloud)
	}
	if o.machines < 2 || o.machines > 26 {
		return fmt.Errorf("-machines=%d: it takes two for a network, and there are letters for 26", o.machines)
	}
	if o.bin, err = filepath.Abs(o.bin); err != nil {
		return err
	}
	bin := o.bin
	if o.check {
		bin = ""
	}
	return preflight(isRoot(), findProgram, bin)
}

// try tells whether the machine lets the lab do what it does.
func (o *options) try(ctx context.Context) int {
	if err := trial.Run(ctx, prefix, enclosure.Dir, filepath.Join(o.bin, "lab", "app")); err != nil {
		fmt.Fprintln(os.Stderr, "lab: this machine does not permit what the lab needs:", err)
		return 1
	}
	fmt.Println("lab: this machine can run it")
	return 0
}

// prefix begins the names of namespaces.
const prefix = "lab-"

// errStopped is how a lab ends that a person stopped.
var errStopped = errors.New("stopped")

func (o *options) run(interrupted context.Context) int {
	log.SetLogger(logr.Discard())
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	ctx, cancel := context.WithCancelCause(interrupted)
	defer cancel(nil)
	giveUp := time.AfterFunc(o.timeout, func() { cancel(fmt.Errorf("the lab took longer than %s", o.timeout)) })
	defer giveUp.Stop()

	s := &stage{options: o, began: time.Now(), out: os.Stdout, progress: os.Stderr}
	err := s.play(ctx, cancel)
	kept := o.keep && err == nil
	if kept {
		giveUp.Stop()
		err = s.stay(ctx)
	}
	if interrupted.Err() != nil {
		err = errStopped
	} else if cause := context.Cause(ctx); cause != nil {
		err = cause // what ended the lab, rather than whatever noticed it first
	}
	if err != nil && !errors.Is(err, errStopped) {
		s.explain()
	}
	cancel(nil)
	err = errors.Join(err, s.stop())
	switch {
	case errors.Is(err, errStopped):
		s.say("lab: stopped; nothing is left running")
		if kept {
			return 0
		}
		return 130
	case err != nil:
		s.say("lab: FAILED: " + err.Error())
		return 1
	}
	s.say("lab: ok")
	return 0
}
