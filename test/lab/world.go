package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/cluster"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// world is the lab as claims see it: places to run commands in, and facts.
type world struct {
	*stage
	kubectl, app string

	mu sync.Mutex
	// noted are facts of machines that have left, and of what was made by hand.
	noted map[string]string
	// release ends a hold of the cloud.
	release func()
	// programs run in the background, one a place.
	programs map[string]*program
}

// Run runs a command in a place. Two verbs are for every place: "start COMMAND"
// has it run on, and "said" is the last line that it has printed, or an error
// once it has ended.
func (w *world) Run(ctx context.Context, in, command string) (string, error) {
	args := strings.Fields(command)
	switch {
	case args[0] == "start":
		return "", w.startProgram(ctx, in, args[1:])
	case command == "said":
		return w.said(in)
	case in == "cluster" && args[0] != "kubectl":
		return "", w.inCluster(ctx, args)
	case in == "cloud":
		return "", w.inCloud(ctx, args)
	case in == "fabric" && args[0] == "drops":
		return claims.Drops(ctx, w, w.site.Fabric.Dropped, strings.TrimPrefix(command, "drops "))
	}
	cmd, err := w.command(ctx, in, args)
	if err != nil {
		return "", err
	}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// command prepares a program that runs in a place: app, or kubectl of the
// administrator.
func (w *world) command(ctx context.Context, in string, args []string) (*exec.Cmd, error) {
	place, name, _ := strings.Cut(in, "/")
	host := w.site.Host(name)
	switch {
	case in == "cluster":
		return w.kubectlOf(ctx, w.first(), args[1:]...), nil
	case place == "pod":
		return w.kubectlOf(ctx, w.clusterOf(name), append([]string{"exec", name, "--"}, args...)...), nil
	case place == "machine" && host != nil && args[0] == "app":
		return netns.Command(ctx, host.Netns, w.app, args[1:]...), nil
	case in == "internet" && args[0] == "app":
		return netns.Command(ctx, w.site.Fabric.InternetNamespace(), w.app, args[1:]...), nil
	}
	return nil, unknown(in, args)
}

func (w *world) kubectlOf(ctx context.Context, l *cluster.Cluster, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, w.kubectl, args...)
	cmd.Env = append(cmd.Environ(), "KUBECONFIG="+l.Server.KubeconfigFile)
	return cmd
}

// first is the cluster that claims are about unless they say otherwise.
func (w *world) first() *cluster.Cluster { return w.site.Clusters()[0] }

// clusterOf is the cluster that has a machine, or the first.
func (w *world) clusterOf(machine string) *cluster.Cluster {
	for _, l := range w.site.Clusters() {
		if l.Machine(machine) != nil {
			return l
		}
	}
	return w.first()
}

func unknown(in string, args []string) error {
	return fmt.Errorf("%s: there is no command %q here", in, strings.Join(args, " "))
}

func newWorld(s *stage) *world {
	return &world{
		stage: s, kubectl: filepath.Join(s.bin, "nodes", "kubectl"), app: filepath.Join(s.bin, "lab", "app"),
		noted: map[string]string{}, programs: map[string]*program{},
	}
}
