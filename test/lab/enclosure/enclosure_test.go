package enclosure

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/test/lab/cgroups"
	"github.com/vpcnative/vpcnative/test/lab/needs"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// helperEnv makes this test binary a program that encloses itself.
const helperEnv = "VPCNATIVE_TEST_ENCLOSED"

// takenEnv is an address to listen at, whose port is in the name of a network
// namespace to make; outside both are taken.
const takenEnv = "VPCNATIVE_TEST_TAKEN"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		Enter()
		inside()
	}
	os.Exit(m.Run())
}

// inside makes one of each thing, tells of them, and waits for what comes.
func inside() {
	die := func(err error) {
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	}
	sleeper := exec.Command("sleep", "1000")
	sleeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	die(sleeper.Start())
	for _, hierarchy := range []string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup"} {
		dir := filepath.Join(hierarchy, "pod")
		if os.MkdirAll(dir, 0o755) != nil {
			continue
		}
		die(os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(sleeper.Process.Pid)), 0o644))
		break
	}
	die(exec.Command("ip", "netns", "add", Name()).Run())
	if taken := os.Getenv(takenEnv); taken != "" {
		_, port, _ := net.SplitHostPort(taken)
		die(exec.Command("ip", "netns", "add", "port-"+port).Run())
		l, err := net.Listen("tcp", taken)
		die(err)
		defer l.Close()
	}
	die(os.WriteFile(filepath.Join(os.TempDir(), "file"), nil, 0o644))
	fmt.Println("ready", Name(), os.Getpid())
	if os.Getenv(helperEnv) == "exit" {
		os.Exit(7)
	}
	time.Sleep(time.Hour)
}

func TestNothingOutlivesTheProgram(t *testing.T) {
	needs.Enclosures(t)
	for _, how := range []struct {
		name   string
		signal syscall.Signal
		code   int
	}{{"exit", 0, 7}, {"interrupted", syscall.SIGINT, 130}, {"terminated", syscall.SIGTERM, 143}, {"killed", syscall.SIGKILL, -1}} {
		t.Run(how.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), helperEnv+"="+how.name)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, _ := bufio.NewReader(out).ReadString('\n')
			fields := strings.Fields(line)
			if len(fields) != 3 || fields[0] != "ready" {
				t.Fatalf("it said %q", line)
			}
			name := fields[1]
			if how.signal != 0 {
				if err := cmd.Process.Signal(how.signal); err != nil {
					t.Fatal(err)
				}
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != how.code {
				t.Errorf("it exits with %d, want %d", code, how.code)
			}
			if how.signal == syscall.SIGKILL { // the next that starts sweeps
				waitFor(t, "its processes end", func() bool { return !inCgroup(name) })
				if err := sweepDead(); err != nil {
					t.Error(err)
				}
			}
			if left, err := cgroups.List(name); err != nil || len(left) > 0 {
				t.Errorf("cgroups are left: %v, %v", left, err)
			}
			if left, err := netns.List(name); err != nil || len(left) > 0 {
				t.Errorf("namespaces are left: %v, %v", left, err)
			}
			if _, err := os.Stat(filepath.Join(Dir, "file")); err == nil {
				t.Error("a file is left")
			}
		})
	}
}

func TestWhatIsTakenOutsideIsFreeInside(t *testing.T) {
	needs.Enclosures(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := netns.Create(t.Context(), "port-"+port); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := netns.Delete(context.Background(), "port-"+port); err != nil {
			t.Error(err)
		}
	}()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"=exit", takenEnv+"="+l.Addr().String())
	if out, _ := cmd.Output(); !strings.HasPrefix(string(out), "ready") {
		t.Errorf("it said %q", out)
	}
	if _, err := os.Stat(netns.Path("port-" + port)); err != nil {
		t.Error("the namespace outside went with the enclosure:", err)
	}
}

// inCgroup tells whether a process is in the cgroup that inside made.
func inCgroup(name string) bool {
	for _, pattern := range []string{"/sys/fs/cgroup/*/" + name + "/pod/cgroup.procs", "/sys/fs/cgroup/" + name + "/pod/cgroup.procs"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if content, _ := os.ReadFile(file); len(content) > 0 {
				return true
			}
		}
	}
	return false
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("within a minute it was not so that %s", what)
		}
	}
}
