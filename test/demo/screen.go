package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/fatih/color"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-isatty"
	"golang.org/x/term"
)

// The colours of the demo; there are none where there is no terminal, or
// NO_COLOR is set.
var (
	bold  = color.New(color.Bold).SprintFunc()
	faint = color.New(color.Faint).SprintFunc()
	green = color.New(color.FgGreen, color.Bold).SprintFunc()
	red   = color.New(color.FgRed, color.Bold).SprintFunc()
	cyan  = color.New(color.FgCyan).SprintFunc()
)

// screen is where all is shown. On a terminal its last line is live: it says
// what is waited for, and is written anew below whatever is said.
type screen struct {
	out      *os.File
	terminal bool
	began    time.Time

	mu    sync.Mutex
	what  string        // what is waited for
	more  func() string // what the live line says besides
	drawn bool
	frame int
	done  chan struct{}
	once  sync.Once
}

func newScreen(out *os.File) *screen {
	s := &screen{out: out, began: time.Now(), done: make(chan struct{})}
	s.terminal = isatty.IsTerminal(out.Fd()) && os.Getenv("TERM") != "dumb"
	if s.terminal {
		go s.animate()
	}
	return s
}

// busy says in the live line what is waited for.
func (s *screen) busy(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.what = what
	s.draw()
}

// say writes whole lines.
func (s *screen) say(lines string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintln(s.out, lines)
	s.draw()
}

// hang says a text beside its lead, below which no line of it comes.
func (s *screen) hang(lead, what string) {
	indent := text.StringWidthWithoutEscSequences(lead)
	if room := s.width() - indent; s.terminal && room >= 20 {
		lines := strings.Split(text.WrapSoft(what, room), "\n")
		for i := range lines {
			lines[i] = strings.TrimRight(lines[i], " ") // or the last column would wrap
		}
		what = strings.Join(lines, "\n"+strings.Repeat(" ", indent))
	}
	s.say(lead + what)
}

// width is that of the terminal, or of a common one.
func (s *screen) width() int {
	if width, _, err := term.GetSize(int(s.out.Fd())); err == nil && width >= 20 {
		return width
	}
	return 80
}

func (s *screen) good(line string)    { s.say(green(line)) }
func (s *screen) trouble(line string) { s.say(red(line)) }

// part names a part of the stage that is up.
func (s *screen) part(name, what string) {
	s.say(fmt.Sprintf("  %s %-15s %s", green("✓"), name, faint(what)))
}

// heading begins a chapter.
func (s *screen) heading(line string) { s.say("\n" + bold(line)) }

// note says a thing about what follows.
func (s *screen) note(line string) {
	lines := strings.Split(text.WrapSoft(line, min(s.width(), 80)-4), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	s.say("  " + cyan("»") + " " + strings.Join(lines, "\n    "))
}

// shell shows a command and what it prints, with the colours that it has for
// the screen.
func (s *screen) shell(line string, cmd *exec.Cmd) error {
	s.say("\n" + faint(line))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	var bad strings.Builder
	cmd.Stdout, cmd.Stderr = s.out, &bad
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w %s", err, strings.TrimSpace(bad.String()))
	}
	return nil
}

// quote shows YAML as a person would write it.
func (s *screen) quote(text string) {
	s.say("\n      " + cyan(strings.ReplaceAll(strings.Trim(text, "\n"), "\n", "\n      ")) + "\n")
}

// since is the time of the demo at which something was.
func (s *screen) since(t time.Time) string {
	return fmt.Sprintf("%7.2fs", t.Sub(s.began).Seconds())
}

// close ends the live line.
func (s *screen) close() {
	s.once.Do(func() { close(s.done) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.what = ""
}
