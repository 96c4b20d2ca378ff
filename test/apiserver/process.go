package apiserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Process is a program that runs against the control plane and ends with it.
type Process struct {
	// Pid of the program itself; it leads a process group of its own.
	Pid int
	// LogFile has its standard output and error; it is gone after Server.Stop.
	LogFile string

	server *Server
	name   string
	cmd    *exec.Cmd
	done   chan struct{}
	err    error // how it ended; valid once done is closed
}

// Run starts a program that is ended at the latest with the control plane.
// Several at once need several names.
func (s *Server) Run(name, path string, args ...string) (*Process, error) {
	cmd, err := s.guard.command(name, path, args...)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(s.logFile(name))
	if err != nil {
		return nil, fmt.Errorf("making the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p := &Process{Pid: cmd.Process.Pid, LogFile: log.Name(), server: s, name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		s.guard.forget(p.Pid)
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how a process ended that nobody stopped, with the end of its log;
// nil while it runs.
func (p *Process) Err() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended by itself (%v); it said last: %s", p.name, p.err, p.server.logTail(p.name))
	default:
		return nil
	}
}

// Stop asks the process to end, and kills it when ctx is done first.
func (p *Process) Stop(ctx context.Context) error {
	_ = syscall.Kill(-p.Pid, syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	return errors.Join(fmt.Errorf("%s did not end when asked to: %w", p.name, ctx.Err()), p.Kill())
}

// Kill ends the process without warning, as a crash would.
func (p *Process) Kill() error {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	select {
	case <-p.done:
		return nil
	case <-time.After(5 * time.Second):
		return fmt.Errorf("%s (process %d) outlived SIGKILL by 5 s", p.name, p.Pid)
	}
}
