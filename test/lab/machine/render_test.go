package machine

import (
	"net/netip"
	"testing"

	"github.com/vpcnative/vpcnative/test/golden"
)

func TestRenders(t *testing.T) {
	c := Config{
		Name: "m1", Netns: "lab-m1", Dir: "/run/lab/m1", Address: netip.MustParseAddr("10.0.0.2"), ProviderID: "gce://demo/us-central1-a/m1",
		MaxPods: 32, NodesDir: "/nodes", AddonsDir: "/addons", ProxyKubeconfig: "/run/lab/proxy.kubeconfig",
		ClusterDNS: netip.MustParseAddr("10.0.40.10"), SandboxImage: "lab.local/pause:1",
	}
	must := func(text string, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for file, got := range map[string]string{
		"containerd.toml": c.containerd(),
		"kubelet.yaml":    must(c.kubelet()),
		"proxy.yaml":      must(c.proxy()),
		"pods.conflist":   must(c.network(netip.MustParsePrefix("10.0.64.0/26"))),
		"masquerade.nft":  masquerade([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/14"), netip.MustParsePrefix("10.4.0.0/14")}),
	} {
		golden.Check(t, "testdata/"+file, got)
	}
}
