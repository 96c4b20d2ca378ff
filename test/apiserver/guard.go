package apiserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// guard owns processes and a directory, and ends both together: when stop is
// called and when this process dies, however it dies (a panic, the time limit
// of a test, SIGKILL). A watchdog of a few lines of shell holds the read end
// of a pipe whose write end only this process has; the kernel closes that end
// in every case, so there is one way to stop and every test takes it.
//
// Invariant: a guarded process writes its id under pids/ and only then looks
// for the file "stopping"; the watchdog creates that file and only then reads
// pids/. So a process that starts while all is torn down either is killed or
// ends by itself.
type guard struct {
	dir      string
	alive    *os.File // write end of the pipe
	watchdog *exec.Cmd

	once sync.Once
	err  error
}

// Guarded processes lead process groups, so that their children go with them.
// A process that was killed is waited for, or it could still write to the
// directory while that is removed; the wait is bounded, as nobody may be there
// to reap it. Some shells' kill takes no "--" before a group.
const watchdogScript = `
trap '' INT TERM HUP
read -r _
: > "$1/stopping"
for f in "$1"/pids/*; do
	[ -e "$f" ] && kill -9 "-${f##*/}"
done
for f in "$1"/pids/*; do
	n=0
	while [ -e "$f" ] && [ $n -lt 100 ] && kill -0 "-${f##*/}"; do
		n=$((n + 1))
		sleep 0.02
	done
done
rm -rf "$1" || { sleep 0.2; rm -rf "$1"; }
`

const runScript = `#!/bin/sh
if [ "$1" != --help ]; then
	: > '%[1]s'/pids/$$
	[ -e '%[1]s/stopping' ] && exit 1
fi
exec '%[2]s' "$@"
`

func newGuard(pattern string) (_ *guard, err error) {
	dir, err := os.MkdirTemp("", pattern)
	if err != nil {
		return nil, fmt.Errorf("making a directory for the control plane: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if strings.Contains(dir, "'") {
		return nil, fmt.Errorf("the directory for temporary files, %s, has a quote in its name: set TMPDIR to another", dir)
	}
	for _, sub := range []string{"pids", "run"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("preparing the directory of the control plane: %w", err)
		}
	}
	dead, alive, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making the pipe of the watchdog: %w", err)
	}
	defer func() { _ = dead.Close() }()
	g := &guard{dir: dir, alive: alive, watchdog: exec.Command("/bin/sh", "-c", watchdogScript, "watchdog", dir)}
	g.watchdog.Stdin = dead
	// Its own session, so that a signal to our group leaves it to its work.
	g.watchdog.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := g.watchdog.Start(); err != nil {
		_ = alive.Close()
		return nil, fmt.Errorf("starting the watchdog of the control plane: %w", err)
	}
	return g, nil
}

// wrap returns a program to run in place of path, which then is guarded.
func (g *guard) wrap(name, path string) (string, error) {
	if strings.Contains(path, "'") {
		return "", fmt.Errorf("the path %s has a quote in it: move it", path)
	}
	script := filepath.Join(g.dir, "run", name)
	// A child that is forked while the file is open for writing would hold it
	// so, and to execute it would fail with "text file busy".
	syscall.ForkLock.RLock()
	err := os.WriteFile(script, fmt.Appendf(nil, runScript, g.dir, path), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		return "", fmt.Errorf("preparing to run %s: %w", path, err)
	}
	return script, nil
}

// command prepares a guarded process with its output in a log file.
func (g *guard) command(name, path string, args ...string) (*exec.Cmd, error) {
	script, err := g.wrap(name, path)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(script, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd, nil
}

// forget is called when a guarded process was reaped, since its id may now
// become another's.
func (g *guard) forget(pid int) {
	_ = os.Remove(filepath.Join(g.dir, "pids", strconv.Itoa(pid)))
}

// pids are the ids of the guarded processes that were started.
func (g *guard) pids() []int {
	entries, _ := os.ReadDir(filepath.Join(g.dir, "pids"))
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stop ends every guarded process and removes the directory. It returns once
// both are done.
func (g *guard) stop() error {
	g.once.Do(func() {
		pids := g.pids()
		_ = g.alive.Close()
		if err := g.watchdog.Wait(); err != nil {
			g.err = fmt.Errorf("waiting for the watchdog of %s: %w", g.dir, err)
		}
		for _, pid := range pids {
			if !waitGone(pid, killPatience) {
				g.err = errors.Join(g.err, fmt.Errorf("process %d of the control plane in %s outlived SIGKILL by %s: end it by hand", pid, g.dir, killPatience))
			}
		}
		if _, err := os.Stat(g.dir); err == nil {
			g.err = errors.Join(g.err, fmt.Errorf("the directory %s of the control plane could not be removed: remove it by hand", g.dir))
		}
	})
	return g.err
}

// killPatience bounds the wait for a process that was killed: one that writes
// to a busy disk takes its time.
const killPatience = 30 * time.Second

func waitGone(pid int, atMost time.Duration) bool {
	for deadline := time.Now().Add(atMost); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
	}
	return false
}
