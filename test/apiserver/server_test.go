package apiserver

import (
	"bufio"
	"context"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// helperEnv makes this test binary a program that starts a control plane,
// tells about it and then dies in the way the variable names.
const helperEnv = "VPCNATIVE_TEST_DIE_BY"

// patience is how long what must come to be may take on a busy machine.
const patience = time.Minute

func TestMain(m *testing.M) {
	if how := os.Getenv(helperEnv); how != "" {
		dieBy(how)
	}
	Main(m, Options{})
}

func TestServesItsVersionAndNodes(t *testing.T) {
	t.Parallel()
	client := clientOf(t, Shared(t))
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(assetsEnv) == "" && version.GitVersion != "v1.36.3" {
		t.Errorf("the server calls itself %s", version.GitVersion)
	}
	if _, err := client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Error(err)
	}
}

func TestUsersAreWhoTheySayAndHaveNoRights(t *testing.T) {
	t.Parallel()
	u, err := Shared(t).AddUser("system:serviceaccount:a:b", "readers")
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(u.Config)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err == nil || !strings.Contains(err.Error(), `User "system:serviceaccount:a:b" cannot list resource "nodes"`) {
		t.Errorf("listing nodes as a user without a role: %v", err)
	}
	if _, err := os.Stat(u.KubeconfigFile); err != nil {
		t.Error(err)
	}
}

func TestTwoInParallelAreApartAndLeaveNothing(t *testing.T) {
	t.Parallel()
	crds := t.TempDir()
	if err := os.WriteFile(filepath.Join(crds, "things.yaml"), []byte(thingCRD), 0o644); err != nil {
		t.Fatal(err)
	}
	servers := make(chan *Server, 2)
	for range 2 {
		go func() {
			s, err := Start(t.Context(), Options{CRDDirs: []string{crds}, APIServerFlags: map[string][]string{"max-requests-inflight": {"401"}}})
			if err != nil {
				t.Error(err)
			}
			servers <- s
		}()
	}
	for range 2 {
		s := <-servers
		if s == nil {
			continue
		}
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}
		if _, err := clientOf(t, s).CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := clientOf(t, s).RESTClient().Get().AbsPath("/apis/example.com/v1/things").DoRaw(t.Context()); err != nil {
			t.Errorf("the CRD is not served: %v", err)
		}
		pids := s.guard.pids()
		if len(pids) != 2 {
			t.Errorf("%d processes run, want etcd and kube-apiserver", len(pids))
		}
		began := time.Now()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > patience {
			t.Errorf("stopping took %v", took)
		}
		requireNothingLeft(t, s.Dir, pids)
		if err := s.Stop(); err != nil {
			t.Errorf("stopping again: %v", err)
		}
	}
}

func TestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	pids := s.guard.pids()
	cancel()
	requireNothingLeft(t, s.Dir, pids)

	if _, err := Start(ctx, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("starting with a context that is done: %v", err)
	}
}

func TestStartThatFailsLeavesNothingAndSaysWhy(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	_, err := Start(t.Context(), Options{APIServerFlags: map[string][]string{"no-such-flag": {"1"}}})
	if err == nil || !strings.Contains(err.Error(), "no-such-flag") {
		t.Errorf("starting with an unknown flag: %v", err)
	}
	_, err = Start(t.Context(), Options{CRDDirs: []string{"no/such/directory"}})
	if err == nil || !strings.Contains(err.Error(), "no/such/directory") {
		t.Errorf("starting with a missing directory: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestMissingBinariesAreExplained(t *testing.T) {
	t.Setenv(assetsEnv, t.TempDir())
	_, err := Start(t.Context(), Options{})
	if err == nil || !strings.Contains(err.Error(), "kube-apiserver") || !strings.Contains(err.Error(), assetsEnv) {
		t.Errorf("starting without binaries: %v", err)
	}
}

func TestNothingOutlivesItsParent(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"panic", "exit", "SIGKILL", "SIGTERM", "SIGINT", "while starting"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), helperEnv+"="+how, "TMPDIR="+t.TempDir())
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, _ := bufio.NewReader(out).ReadString('\n')
			_ = cmd.Wait()
			fields := strings.Fields(line)
			if len(fields) < 2 {
				t.Fatalf("the program said %q", line)
			}
			var pids []int
			for _, f := range fields[1:] {
				pid, _ := strconv.Atoi(f)
				pids = append(pids, pid)
			}
			requireNothingLeft(t, fields[0], pids)
		})
	}
}

func TestNodeIPAMPublishesPodCIDRs(t *testing.T) {
	t.Parallel()
	if _, err := Asset("kube-controller-manager"); err != nil && os.Getenv(assetsEnv) != "" {
		t.Skip(err)
	}
	s := StartForTest(t, Options{})
	p, err := s.StartNodeIPAM(NodeIPAM{ClusterCIDR: netip.MustParsePrefix("10.0.0.0/16"), NodeMaskSize: 24, QPS: 1000, Burst: 1000})
	if err != nil {
		t.Fatal(err)
	}
	nodes := clientOf(t, s).CoreV1().Nodes()
	if _, err := nodes.Create(t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		node, err := nodes.Get(t.Context(), "n", metav1.GetOptions{})
		if err == nil && strings.HasPrefix(node.Spec.PodCIDR, "10.0.") {
			break
		}
		if p.Err() != nil || time.Now().After(deadline) {
			t.Fatalf("no podCIDR: %v, %v", err, p.Err())
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Error(err)
	}
	if p.Err() == nil {
		t.Error("the process has ended and Err is nil")
	}
}

// dieBy starts a control plane, prints its directory and process ids, and dies
// without stopping it.
func dieBy(how string) {
	if how == "while starting" {
		go func() {
			for {
				dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "vpcnative-controlplane-*"))
				for _, dir := range dirs {
					if pids, _ := filepath.Glob(filepath.Join(dir, "pids", "*")); len(pids) > 0 {
						_, _ = os.Stdout.WriteString(dir + " " + filepath.Base(pids[0]) + "\n")
						_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
					}
				}
				time.Sleep(time.Millisecond)
			}
		}()
	}
	s, err := Start(context.Background(), Options{})
	if err != nil {
		panic(err)
	}
	line := s.Dir
	for _, pid := range s.guard.pids() {
		line += " " + strconv.Itoa(pid)
	}
	_, _ = os.Stdout.WriteString(line + "\n")
	switch how {
	case "panic":
		panic("as asked")
	case "exit":
		os.Exit(3)
	case "SIGKILL":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "SIGTERM":
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	case "SIGINT":
		_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
	}
	select {}
}

func requireNothingLeft(t *testing.T, dir string, pids []int) {
	t.Helper()
	for _, pid := range pids {
		if !waitDead(pid, patience) {
			t.Errorf("process %d still runs", pid)
		}
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("the directory %s is still there", dir)
			return
		}
	}
}

// waitDead counts a zombie as dead: an orphan is reaped by whoever adopts it.
func waitDead(pid int, atMost time.Duration) bool {
	for deadline := time.Now().Add(atMost); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err == nil && strings.Contains(string(stat), ") Z ") {
			return true
		}
	}
	return false
}

func clientOf(t *testing.T, s *Server) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const thingCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Cluster
  names: {kind: Thing, plural: things}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
`
