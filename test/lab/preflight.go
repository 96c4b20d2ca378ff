package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// needed are programs of the machine, and Debian's packages that have them.
var needed = []struct{ program, debian string }{
	{"containerd", "containerd"}, {"ctr", "containerd"}, {"containerd-shim-runc-v2", "containerd"}, {"runc", "runc"},
	{"ip", "iproute2"}, {"nft", "nftables"}, {"iptables", "iptables"}, {"conntrack", "conntrack"},
	{"nsenter", "util-linux"}, {"mount", "mount"}, {"sysctl", "procps"},
}

// built are programs that `make lab` builds, in the directory of binaries.
var built = []string{
	"vpcnative-manager", "lab/app", "lab/pause", "nodes/kubelet", "nodes/kube-proxy", "nodes/kube-scheduler", "nodes/kubectl",
	"addons/ptp", "addons/host-local", "addons/portmap", "addons/loopback", "addons/coredns", "addons/kube-network-policies",
}

// preflight says what is missing, and how to get it: of the machine and, unless
// bin is empty, of what is built there.
func preflight(root bool, find func(program string) error, bin string) error {
	var missing []string
	if !root {
		missing = append(missing, "root: machines are network namespaces, and only root makes them; run it as root (sudo make lab)")
	}
	programs, packages := missingPrograms(find)
	for _, program := range programs {
		missing = append(missing, program+": it is not in PATH")
	}
	if len(packages) > 0 {
		missing = append(missing, "on Debian and Ubuntu: apt-get install --no-install-recommends "+strings.Join(packages, " "))
	}
	for _, program := range built {
		if bin != "" && find(filepath.Join(bin, program)) != nil {
			missing = append(missing, fmt.Sprintf("%s: `make lab` builds it", filepath.Join(bin, program)))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("this machine lacks what the lab needs:\n  %s", strings.Join(missing, "\n  "))
}

// missingPrograms are those that the machine lacks, and the packages that have
// them.
func missingPrograms(find func(program string) error) (programs, packages []string) {
	for _, n := range needed {
		if find(n.program) == nil {
			continue
		}
		programs = append(programs, n.program)
		if !slices.Contains(packages, n.debian) {
			packages = append(packages, n.debian)
		}
	}
	return programs, packages
}

func findProgram(program string) error {
	_, err := exec.LookPath(program)
	return err
}

func isRoot() bool { return os.Geteuid() == 0 }
