package machine

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"sigs.k8s.io/yaml"
)

// object is a configuration file, before it is text.
type object = map[string]any

// containerd's own directories and its socket, so that several run beside each
// other. Without AppArmor and negative OOM scores it runs in a container, too.
func (c Config) containerd() string {
	return fmt.Sprintf(`version = 2
root = %[1]q
state = %[2]q
[grpc]
  address = %[3]q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[4]q
  disable_apparmor = true
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %[5]q
    conf_dir = %[6]q
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.internal.v1.opt"]
  path = %[7]q
`, c.file("containerd"), c.file("state"), c.Socket(), c.SandboxImage, c.AddonsDir, c.file("cni"), c.file("opt"))
}

// kubelet runs without a cgroup per quality of service, and evicts nobody: the
// machine is not its own.
func (c Config) kubelet() (string, error) {
	return text(object{
		"apiVersion":                    "kubelet.config.k8s.io/v1beta1",
		"kind":                          "KubeletConfiguration",
		"authentication":                object{"anonymous": object{"enabled": true}, "webhook": object{"enabled": false}},
		"authorization":                 object{"mode": "AlwaysAllow"},
		"cgroupDriver":                  "cgroupfs",
		"cgroupsPerQOS":                 false,
		"clusterDNS":                    []string{c.ClusterDNS.String()},
		"clusterDomain":                 "cluster.local",
		"containerRuntimeEndpoint":      "unix://" + c.Socket(),
		"enforceNodeAllocatable":        []string{},
		"evictionHard":                  object{},
		"failCgroupV1":                  false,
		"failSwapOn":                    false,
		"localStorageCapacityIsolation": false,
		"makeIPTablesUtilChains":        false,
		"maxPods":                       c.MaxPods,
		"nodeStatusUpdateFrequency":     "5s",
		"podLogsDir":                    c.file("logs"),
		"providerID":                    c.ProviderID,
		"resolvConf":                    "",
		"syncFrequency":                 "10s",
	})
}

// proxy leaves the machine's conntrack table as it is. Pods are told from
// others by the devices that the CNI plugin makes for them.
func (c Config) proxy() (string, error) {
	return text(object{
		"apiVersion":         "kubeproxy.config.k8s.io/v1alpha1",
		"kind":               "KubeProxyConfiguration",
		"mode":               "nftables",
		"clientConnection":   object{"kubeconfig": c.ProxyKubeconfig},
		"hostnameOverride":   c.Name,
		"detectLocalMode":    "InterfaceNamePrefix",
		"detectLocal":        object{"interfaceNamePrefix": "veth"},
		"conntrack":          object{"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
		"nftables":           object{"minSyncPeriod": "0s"},
		"metricsBindAddress": "127.0.0.1:10249",
		// With nftables, NodePorts and health check ports answer on the node's
		// primary address alone unless this says otherwise, and the probes of a
		// passthrough balancer go to the balancer's address
		// (cmd/kube-proxy/app/server_linux.go of v1.36.3).
		"nodePortAddresses": []string{"0.0.0.0/0"},
	})
}

// network is the CNI configuration, which a machine has once its Node has a
// range: a pair of devices for each pod and a route to it, and no NAT.
func (c Config) network(podCIDR netip.Prefix) (string, error) {
	out, err := json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       "pods",
		"plugins": []object{
			{
				"type": "ptp", "mtu": podMTU, "ipMasq": false,
				"ipam": object{
					"type": "host-local", "dataDir": c.file("addresses"),
					"ranges": [][]object{{{"subnet": podCIDR.String()}}},
					"routes": []object{{"dst": "0.0.0.0/0"}},
				},
			},
			{"type": "portmap", "backend": "nftables", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	return string(out) + "\n", err
}

// podMTU is that of Compute Engine's networks.
const podMTU = 1460

// masquerade has what leaves the machine's pods for other ranges than these
// bear the machine's address, as ip-masq-agent does by its ConfigMap.
func masquerade(inside []netip.Prefix) string {
	var ranges []string
	for _, p := range inside {
		ranges = append(ranges, p.String())
	}
	return fmt.Sprintf(`table ip ip-masq
delete table ip ip-masq
table ip ip-masq {
  set inside { type ipv4_addr; flags interval; auto-merge; elements = { %s } }
  chain postrouting {
    type nat hook postrouting priority srcnat + 5; policy accept;
    iifname "veth*" ip daddr != @inside fib daddr type != local masquerade
  }
}
`, strings.Join(ranges, ", "))
}

func text(o object) (string, error) {
	out, err := yaml.Marshal(o)
	return string(out), err
}
