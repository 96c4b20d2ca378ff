package netns_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/test/lab/needs"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// prefix of this run of the tests.
var prefix = fmt.Sprintf("vnt%d-", os.Getpid())

func needRoot(t *testing.T) {
	t.Helper()
	needs.Packets(t)
	t.Cleanup(func() {
		if err := netns.Sweep(context.Background(), prefix); err != nil {
			t.Log(err)
		}
	})
}

func TestVethJoinsTwoNamespaces(t *testing.T) {
	needRoot(t)
	ctx := t.Context()
	a, b := prefix+"a", prefix+"b"
	for _, err := range []error{
		netns.Create(ctx, a), netns.Create(ctx, b), netns.Veth(ctx, a, "eth0", b, "eth1"),
		netns.IP(ctx, a, "addr add 192.0.2.1/31 dev eth0"), netns.IP(ctx, b, "addr add 192.0.2.0/31 dev eth1"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := netns.Exec(ctx, a, "ip", "-o", "link", "show", "eth0"); err != nil || !strings.Contains(out, "LOWER_UP") {
		t.Error(out, err)
	}
	if out, err := netns.Exec(ctx, a, "sysctl", "-n", "net.ipv4.ip_forward"); err != nil || out != "1" {
		t.Error("it does not forward:", out, err)
	}
}

func TestSweepEndsWhatBearsThePrefixAndNothingElse(t *testing.T) {
	needRoot(t)
	ctx := t.Context()
	mine, other := prefix+"x-mine", prefix+"y-other"
	for _, name := range []string{mine, other} {
		if err := netns.Create(ctx, name); err != nil {
			t.Fatal(err)
		}
	}
	ended := map[string]chan error{}
	for _, name := range []string{mine, other} {
		cmd := netns.Command(ctx, name, "sleep", "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, func() bool { pids, _ := netns.Pids(name); return slices.Contains(pids, cmd.Process.Pid) })
		done := make(chan error, 1)
		ended[name] = done
		go func() { done <- cmd.Wait() }()
	}
	if err := netns.Sweep(ctx, prefix+"x-"); err != nil {
		t.Fatal(err)
	}
	<-ended[mine]
	left, err := netns.List(prefix)
	if err != nil || !slices.Equal(left, []string{other}) {
		t.Errorf("left are %v, %v", left, err)
	}
	select {
	case err := <-ended[other]:
		t.Error("another's process has ended:", err)
	default:
	}
	if err := netns.Sweep(ctx, ""); err == nil {
		t.Error("everybody's namespaces were swept")
	}
}

func TestErrorsSayWhatWasTried(t *testing.T) {
	needRoot(t)
	err := netns.IP(t.Context(), prefix+"absent", "link set lo up")
	if err == nil || !strings.Contains(err.Error(), "link set lo up") || !strings.Contains(err.Error(), "absent") {
		t.Error(err)
	}
	if err := netns.Delete(t.Context(), prefix+"absent"); err != nil {
		t.Error("deleting what is not there:", err)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to be within a minute")
		}
	}
}
