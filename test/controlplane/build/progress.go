package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// How often a line shows that the build is alive: a terminal's line is
// rewritten in place, elsewhere each beat is a line of its own.
const (
	terminalBeat = 500 * time.Millisecond
	plainBeat    = 10 * time.Second
)

// progress reads what `go build -v` prints, one package a line, and tells how
// far the build is. What is neither a package nor a download is kept for the
// error message.
type progress struct {
	name     string
	out      io.Writer
	terminal bool
	began    time.Time
	done     chan struct{}
	stopped  chan struct{}

	mu         sync.Mutex
	partial    []byte
	packages   int
	downloads  int
	last       string
	complaints []string
}

func newProgress(name string, out *os.File) *progress {
	info, err := out.Stat()
	return &progress{
		name:     name,
		out:      out,
		terminal: err == nil && info.Mode()&os.ModeCharDevice != 0,
		done:     make(chan struct{}),
		stopped:  make(chan struct{}),
	}
}

func (p *progress) start() {
	p.began = time.Now()
	beat := plainBeat
	if p.terminal {
		beat = terminalBeat
	}
	p.show()
	go func() {
		defer close(p.stopped)
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-tick.C:
				p.show()
			}
		}
	}()
}

func (p *progress) stop(ok bool) {
	close(p.done)
	<-p.stopped
	word := "done"
	if !ok {
		word = "FAILED"
	}
	p.print(fmt.Sprintf("  %-24s %s, %s", p.name, p.count(), word), true)
}

func (p *progress) show() {
	line := fmt.Sprintf("  %-24s %s", p.name, p.count())
	p.mu.Lock()
	if p.terminal && p.last != "" {
		line += ", " + p.last
	}
	p.mu.Unlock()
	p.print(line, false)
}

func (p *progress) count() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := fmt.Sprintf("%4.0f s, %d packages compiled", time.Since(p.began).Seconds(), p.packages)
	if p.downloads > 0 {
		s += fmt.Sprintf(", %d modules downloaded", p.downloads)
	}
	return s
}

func (p *progress) print(line string, final bool) {
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	const width = 78 // a longer line would wrap and could not be rewritten
	if len(line) > width {
		line = line[:width]
	}
	end := ""
	if final {
		end = "\n"
	}
	fmt.Fprintf(p.out, "\r%-*s%s", width, line, end)
}

func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.partial = append(p.partial, b...)
	for {
		i := bytes.IndexByte(p.partial, '\n')
		if i < 0 {
			return len(b), nil
		}
		p.line(string(p.partial[:i]))
		p.partial = p.partial[i+1:]
	}
}

func (p *progress) line(s string) {
	switch {
	case strings.HasPrefix(s, "go: downloading "):
		p.downloads++
		p.last = strings.TrimPrefix(s, "go: ")
	case s != "" && !strings.ContainsAny(s, " :\t#"):
		p.packages++
		p.last = s
	default:
		p.complaints = append(p.complaints, s)
	}
}

// tail is the end of what the compiler complained about.
func (p *progress) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	const most = 30
	lines := append(p.complaints, string(p.partial))
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
