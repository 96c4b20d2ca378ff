// Command demo shows ranges being carved out of a VPC for the pods and the
// Services of two clusters, and load balancers for Services: the manager's own binary runs against a real etcd
// and kube-apiserver in each, and one in-memory cloud on a loopback
// port. What happens is shown as it happens; at the end the demo checks by
// itself that what must always hold does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// programs are the binaries that the demo runs.
type programs struct{ manager, vpcnative string }

func main() {
	var p programs
	flag.StringVar(&p.manager, "manager", "bin/vpcnative-manager", "`binary` of the manager")
	flag.StringVar(&p.vpcnative, "vpcnative", "bin/vpcnative", "`binary` of the command line")
	name := flag.String("cloud", "gcp", "`name` of the cloud: gcp or aws")
	keep := flag.Bool("keep", false, "leave all running at the end, until Ctrl-C")
	timeout := flag.Duration("timeout", 3*time.Minute, "`time` after which the demo is given up")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the demo at once
	c, known := clouds[*name]
	if !known {
		fmt.Fprintf(os.Stderr, "demo: --cloud=%s: it is gcp or aws\n", *name)
		os.Exit(1)
	}
	os.Exit(run(ctx, p, c(), *keep, *timeout))
}

// errStopped is how a demo ends that a person stopped.
var errStopped = errors.New("stopped")

func run(interrupted context.Context, p programs, c simulated, keep bool, timeout time.Duration) int {
	ctx, cancel := context.WithCancelCause(interrupted)
	defer cancel(nil)
	giveUp := time.AfterFunc(timeout, func() { cancel(fmt.Errorf("the demo took longer than %s", timeout)) })
	defer giveUp.Stop()

	screen := newScreen(os.Stdout)
	defer screen.close()
	s := newStage(screen, p, c, cancel)
	err := s.play(ctx)
	kept := keep && err == nil
	if kept {
		giveUp.Stop()
		err = s.stay(ctx)
	} else if err == nil {
		err = s.clear(ctx)
	}
	if interrupted.Err() != nil {
		err = errStopped
	} else if cause := context.Cause(ctx); cause != nil {
		err = cause // what ended the demo, rather than whatever noticed it first
	}
	var lastLines string
	if err != nil && !errors.Is(err, errStopped) {
		lastLines = s.managersSaid()
	}
	cancel(nil) // what still starts up ends
	err = errors.Join(err, s.close())
	screen.close()
	switch {
	case errors.Is(err, errStopped):
		screen.say("\ndemo: stopped; nothing is left running")
		if kept {
			return 0
		}
		return 130
	case err != nil:
		screen.say(lastLines)
		screen.trouble("\ndemo: FAILED: " + err.Error())
		return 1
	}
	screen.good("demo: ok")
	return 0
}
