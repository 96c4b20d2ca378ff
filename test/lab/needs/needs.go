// Package needs skips tests where a machine does not permit what they do, and
// says what is missing: root, programs, or the kernel's permission, which
// containers without privileges lack.
package needs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/vpcnative/vpcnative/test/lab/cgroups"
	"github.com/vpcnative/vpcnative/test/lab/netns"
	"github.com/vpcnative/vpcnative/test/lab/trial"
)

// Packets is for tests that make network namespaces and rules in there.
func Packets(t testing.TB) {
	t.Helper()
	root(t)
	for _, program := range []string{"ip", "nft", "nsenter", "sysctl", "conntrack"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("real packets need %s (Debian: iproute2, nftables, util-linux, procps, conntrack)", program)
		}
	}
	if err := packets(); err != nil {
		t.Skip("this machine does not permit real packets: ", err)
	}
}

var packets = sync.OnceValue(func() error {
	prefix := fmt.Sprintf("needs%d-", os.Getpid())
	defer func() { _ = netns.Sweep(context.Background(), prefix) }()
	return trial.Packets(context.Background(), prefix)
})

// Enclosures is for tests that put programs into namespaces and cgroups.
func Enclosures(t testing.TB) {
	t.Helper()
	root(t)
	if out, err := exec.Command("unshare", "--mount", "--pid", "--net", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/run").CombinedOutput(); err != nil {
		t.Skipf("this machine does not permit namespaces and mounts: %v: %s", err, out)
	}
	if err := cgroups.Try(fmt.Sprintf("needs%d", os.Getpid())); err != nil {
		t.Skip("this machine does not permit cgroups: ", err)
	}
}

func root(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root makes namespaces")
	}
}
