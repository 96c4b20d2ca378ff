// Package trial tries out, inside the enclosure, what the lab asks of a kernel:
// a container without privileges refuses some of it, and an old kernel lacks
// some.
package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// rules need of the kernel what those of the fabric and of kube-proxy need.
const rules = `
table inet trial {
  set sources { type ifname . ipv4_addr; flags interval; elements = { "eth0" . 10.0.0.0/8 } }
  counter dropped { }
  chain choose {
    type filter hook prerouting priority mangle; policy accept;
    iifname . ip saddr != @sources counter name dropped
    ip daddr 192.0.2.1 meta l4proto tcp ct state new ct mark set jhash ip saddr . th sport mod 2 seed 0x5eed map { 0 : 1, 1 : 2 }
    meta mark set ct mark
  }
}
table ip trial {
  chain translate {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 192.0.2.3 fib daddr type local dnat to numgen random mod 1 map { 0 : 10.0.0.1 }
  }
  chain conceal {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 10.0.0.0/8 masquerade
  }
}
`

// step is one thing that is tried.
type step struct {
	what string
	do   func() error
}

func try(steps []step) error {
	for _, x := range steps {
		if err := x.do(); err != nil {
			return fmt.Errorf("%s: %w", x.what, err)
		}
	}
	return nil
}

// Run tries everything and says what is refused. It leaves namespaces of the
// prefix and files in dir, which go with the enclosure. app is the lab's program
// for pods.
func Run(ctx context.Context, prefix, dir, app string) error {
	if err := Packets(ctx, prefix); err != nil {
		return err
	}
	return try([]step{
		{"queueing packets for NetworkPolicies, by nftables or else by iptables", func() error { return queue(ctx, first(prefix)) }},
		{"running a container by runc", func() error { return container(ctx, dir, app) }},
	})
}

// Packets tries what real packets take, without containers. It leaves namespaces
// of the prefix.
func Packets(ctx context.Context, prefix string) error {
	a, b := first(prefix), prefix+"trial-b"
	return try([]step{
		{"making a network namespace that forwards packets", func() error { return netns.Create(ctx, a) }},
		{"making another", func() error { return netns.Create(ctx, b) }},
		{"joining the two by a veth", func() error { return netns.Veth(ctx, a, "eth0", b, "eth0") }},
		{"policy routing", func() error { return netns.IP(ctx, a, "rule add fwmark 1 lookup 100 pref 100") }},
		{"setting rules of nftables", func() error { return ruleset(ctx, a, rules) }},
		{"seeing connections by conntrack", func() error {
			_, err := netns.Exec(ctx, a, "conntrack", "-L")
			return err
		}},
	})
}

func first(prefix string) string { return prefix + "trial-a" }

func queue(ctx context.Context, ns string) error {
	if ruleset(ctx, ns, "table inet queue { chain c { queue num 100 } }\n") == nil {
		return nil
	}
	_, err := netns.Exec(ctx, ns, "iptables", strings.Fields("--table mangle --append FORWARD --match conntrack --ctstate NEW --jump NFQUEUE --queue-num 100 --queue-bypass")...)
	return err
}

func ruleset(ctx context.Context, ns, rules string) error {
	cmd := netns.Command(ctx, ns, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// container runs one as containerd would: with namespaces and a cgroup of its
// own.
func container(ctx context.Context, dir, app string) error {
	dir = filepath.Join(dir, "trial")
	program, err := os.ReadFile(app)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "rootfs"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "rootfs", "app"), program, 0o755); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "runc", "spec", "--bundle="+dir).CombinedOutput(); err != nil {
		return fmt.Errorf("runc spec: %w: %s", err, out)
	}
	if err := edit(filepath.Join(dir, "config.json")); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "runc", "--root="+filepath.Join(dir, "state"), "run", "--bundle="+dir, "trial")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "TRIAL=yes") {
		return fmt.Errorf("runc run: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// edit has the container print its environment.
func edit(config string) error {
	content, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	var spec map[string]any
	if err := json.Unmarshal(content, &spec); err != nil {
		return err
	}
	process, _ := spec["process"].(map[string]any)
	if process == nil {
		return fmt.Errorf("%s has no process", config)
	}
	process["terminal"], process["args"], process["env"] = false, []string{"/app", "env", "TRIAL"}, []string{"TRIAL=yes"}
	if content, err = json.Marshal(spec); err != nil {
		return err
	}
	return os.WriteFile(config, content, 0o644)
}
