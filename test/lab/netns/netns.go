// Package netns makes the network namespaces of the lab, and runs programs in
// them. Names are those of `ip netns`; each bears the lab's prefix.
package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Dir is where `ip netns` keeps the names.
const Dir = "/run/netns"

// Path is the file of a namespace, as nsenter and the kernel take it.
func Path(name string) string { return filepath.Join(Dir, name) }

// Create makes a namespace that forwards packets and trusts their senders'
// addresses, as a Kubernetes node must. Its loopback device is up.
func Create(ctx context.Context, name string) error {
	if err := IP(ctx, "", "netns add "+name); err != nil {
		return err
	}
	return Prepare(ctx, name)
}

// Adopt names the namespace of this process, and prepares it as Create does.
func Adopt(ctx context.Context, name string) error {
	if err := IP(ctx, "", fmt.Sprintf("netns attach %s %d", name, os.Getpid())); err != nil {
		return err
	}
	return Prepare(ctx, name)
}

// Prepare sets a namespace up that is there.
func Prepare(ctx context.Context, name string) error {
	return errors.Join(
		IP(ctx, name, "link set lo up"),
		Sysctl(ctx, name, "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0"),
	)
}

// Delete removes the name. The namespace goes, with its devices and the far
// ends of its veths, once no process is in it.
func Delete(ctx context.Context, name string) error {
	if _, err := os.Stat(Path(name)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return IP(ctx, "", "netns del "+name)
}

// List are the namespaces whose names begin with prefix.
func List(prefix string) (names []string, err error) {
	entries, err := os.ReadDir(Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Sweep ends what runs in the namespaces of a prefix and deletes them.
func Sweep(ctx context.Context, prefix string) error {
	if prefix == "" {
		return errors.New("sweeping namespaces: without a prefix these would be everybody's")
	}
	names, err := List(prefix)
	if err != nil {
		return fmt.Errorf("sweeping namespaces: %w", err)
	}
	var errs []error
	for _, name := range names {
		errs = append(errs, End(ctx, name))
	}
	return errors.Join(errs...)
}

// End ends what runs in a namespace and deletes it, if it is there.
func End(ctx context.Context, name string) error {
	pids, err := Pids(name)
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return errors.Join(err, Delete(ctx, name))
}

// Command prepares a program that runs in a namespace, in a process group of
// its own that is killed when ctx is done. `ip netns exec` would hide cgroups,
// which a kubelet needs.
func Command(ctx context.Context, name, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"--net=" + Path(name), program}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// Exec runs a program in a namespace and returns what it says.
func Exec(ctx context.Context, name, program string, args ...string) (string, error) {
	return output(Command(ctx, name, program, args...))
}

// IP runs lines of `ip` in a namespace, or where we are if it has no name.
// Those after one that fails are not run.
func IP(ctx context.Context, name string, lines ...string) error {
	args := []string{"-batch", "-"}
	if name != "" {
		args = append([]string{"-n", name}, args...)
	}
	cmd := exec.CommandContext(ctx, "ip", args...)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if _, err := output(cmd); err != nil {
		return fmt.Errorf("ip %s: %w", strings.Join(lines, "; "), err)
	}
	return nil
}

// Sysctl sets values in a namespace, as name=value.
func Sysctl(ctx context.Context, name string, settings ...string) error {
	_, err := Exec(ctx, name, "sysctl", append([]string{"-qw"}, settings...)...)
	return err
}

// Veth joins two namespaces by a pair of devices, which are up.
func Veth(ctx context.Context, name, device, peerName, peerDevice string) error {
	return errors.Join(
		IP(ctx, name, fmt.Sprintf("link add %s type veth peer name %s netns %s", device, peerDevice, peerName), fmt.Sprintf("link set %s up", device)),
		IP(ctx, peerName, fmt.Sprintf("link set %s up", peerDevice)),
	)
}

func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, text)
	}
	return text, err
}
