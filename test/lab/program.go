package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// program runs in the background and keeps the last line that it printed.
type program struct {
	mu         sync.Mutex
	line, rest string
	ended      error
}

// startProgram runs a command in a place until the lab ends, in place of the one
// that was started there before.
func (w *world) startProgram(ctx context.Context, in string, args []string) error {
	cmd, err := w.command(ctx, in, args)
	if err != nil {
		return err
	}
	p := &program{}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", strings.Join(args, " "), err)
	}
	go func() {
		err := cmd.Wait()
		if err == nil {
			err = errors.New("exit status 0")
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended = err
	}()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.programs[in] = p
	return nil
}

// Write keeps what is printed.
func (p *program) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := strings.Split(p.rest+string(text), "\n")
	p.rest = lines[len(lines)-1]
	if n := len(lines); n > 1 {
		p.line = lines[n-2]
	}
	return len(text), nil
}

func (w *world) said(in string) (string, error) {
	w.mu.Lock()
	p := w.programs[in]
	w.mu.Unlock()
	if p == nil {
		return "", fmt.Errorf("%s: nothing was started here", in)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return p.line, fmt.Errorf("it has ended: %w", p.ended)
	}
	return p.line, nil
}
