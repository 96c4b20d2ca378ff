// Package enclosure runs this program again where nothing that it makes can
// outlive it: in process, mount and network namespaces of its own, with memory
// mounted over the directories that a node's programs write to. However the
// program ends, the kernel ends the processes in there, and names of network
// namespaces, links, mounts and files go with them. Cgroups alone are the
// machine's; these are swept.
package enclosure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/vpcnative/vpcnative/test/lab/cgroups"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// stageEnv tells the program at which of these it is: the init of the
// enclosure, or the program in it.
const (
	stageEnv  = "VPCNATIVE_LAB_STAGE"
	stageInit = "init"
	stageIn   = "inside:" // and the name of the enclosure
)

// prefix begins the names of enclosures, which end in the id of the process
// that made them.
const prefix = "vpcnative-lab-"

// Dir is memory that is gone with the enclosure.
const Dir = "/run/lab"

// Name is that of the enclosure in which this process runs, or empty. Its
// cgroups are below one of this name, which they see as the root.
func Name() string {
	stage := os.Getenv(stageEnv)
	if len(stage) <= len(stageIn) || stage[:len(stageIn)] != stageIn {
		return ""
	}
	return stage[len(stageIn):]
}

// Pid is the enclosure's process 1 as others see it: by it one can enter.
func Pid() string { return os.Getenv(pidEnv) }

// Enter returns at once in a program that is enclosed. Elsewhere it runs the
// program again, enclosed, and exits as that does; signals are passed on.
func Enter() {
	if Name() != "" {
		return
	}
	run := outside
	if os.Getenv(stageEnv) == stageInit {
		run = initialize
	}
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "enclosure:", err)
	}
	os.Exit(code)
}

func outside() (int, error) {
	if err := sweepDead(); err != nil {
		return 1, err
	}
	name := prefix + strconv.Itoa(os.Getpid())
	// The kernel kills the child when this thread ends.
	runtime.LockOSThread()
	cmd := again(stageInit)
	cmd.Env = append(cmd.Env, nameEnv+"="+name)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // a terminal's Ctrl-C comes once, by us
	}
	code, err := supervise(cmd, func() { _ = cmd.Wait() })
	return code, errors.Join(err, cgroups.Sweep(name))
}

const (
	nameEnv = "VPCNATIVE_LAB_NAME"
	pidEnv  = "VPCNATIVE_LAB_PID"
)

// initialize is process 1: it prepares the mounts, runs the program, and waits
// for those who lose their parents.
func initialize() (int, error) {
	pid, err := os.Readlink("/proc/self") // still the machine's
	if err != nil {
		return 1, err
	}
	if err := errors.Join(mounts(), cgroups.Confine(os.Getenv(nameEnv)), netns.IP(context.Background(), "", "link set lo up")); err != nil {
		return 1, err
	}
	cmd := again(stageIn + os.Getenv(nameEnv))
	cmd.Env = append(cmd.Env, "TMPDIR="+Dir, pidEnv+"="+pid)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWCGROUP}
	var status syscall.WaitStatus
	code, err := supervise(cmd, func() {
		for {
			pid, err := syscall.Wait4(-1, &status, 0, nil)
			if pid == cmd.Process.Pid || err != nil && err != syscall.EINTR {
				return
			}
		}
	})
	if err == nil {
		code = exitCode(status)
	}
	return code, err
}

func again(stage string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), stageEnv+"="+stage)
	return cmd
}

// supervise runs a program to its end and passes on signals.
func supervise(cmd *exec.Cmd, wait func()) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("entering namespaces of its own: %w", err)
	}
	ctx, done := context.WithCancel(context.Background())
	defer done()
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s)
			case <-ctx.Done():
				return
			}
		}
	}()
	wait()
	if cmd.ProcessState == nil {
		return 0, nil
	}
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return exitCode(status), nil
}

// exitCode is that of a shell.
func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// mounts are the enclosure's own. Nothing is passed to the machine's mounts;
// inside they are shared, as containers with volumes expect.
func mounts() error {
	mount := func(source, target, kind string, flags uintptr) error {
		if err := syscall.Mount(source, target, kind, flags, ""); err != nil {
			return fmt.Errorf("mounting %s: %w", target, err)
		}
		return nil
	}
	if err := mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE); err != nil {
		return err
	}
	for _, dir := range []string{"/run", "/var/lib", "/var/log"} {
		if err := mount("tmpfs", dir, "tmpfs", 0); err != nil {
			return err
		}
	}
	return errors.Join(
		mount("proc", "/proc", "proc", 0),
		os.Mkdir(Dir, 0o755),
		mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED),
	)
}

// sweepDead removes the cgroups of enclosures whose maker was killed.
func sweepDead() error {
	names, err := cgroups.List(prefix)
	if err != nil {
		return err
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name[len(prefix):])
		if err != nil || syscall.Kill(pid, 0) == nil {
			continue
		}
		if err := cgroups.Sweep(name); err != nil {
			return err
		}
	}
	return nil
}
