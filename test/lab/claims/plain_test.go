package claims_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/lab/claims"
	"github.com/vpcnative/vpcnative/test/lab/fabric"
	"github.com/vpcnative/vpcnative/test/lab/needs"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// plain is a world of namespaces without a cluster: a pod is a namespace beside
// its machine's.
type plain struct {
	*fabric.Fabric
	sim   *gcesim.Sim
	app   string
	facts map[string]string
}

func (w plain) Fact(name string) (string, bool) {
	value, ok := w.facts[name]
	return value, ok
}

func (w plain) Run(ctx context.Context, in, command string) (string, error) {
	args := strings.Fields(command)
	kind, name, _ := strings.Cut(in, "/")
	ns := map[string]string{"machine": w.Prefix + name, "pod": w.Prefix + name + "-pod", "internet": w.InternetNamespace()}[kind]
	switch {
	case ns != "" && args[0] == "app":
		return netns.Exec(ctx, ns, w.app, args[1:]...)
	case in == "fabric" && args[0] == "drops":
		return claims.Drops(ctx, w, w.Dropped, strings.TrimPrefix(command, "drops "))
	case in == "cloud" && args[0] == "assign":
		return "", w.sim.SetAliases("lab", "us-central1-a", args[1], "nic0", gcesim.Alias{Prefix: netip.MustParsePrefix(args[2]), RangeName: "pods"})
	case in == "cloud" && args[0] == "unassign":
		return "", w.sim.SetAliases("lab", "us-central1-a", args[1], "nic0")
	}
	return "", fmt.Errorf("%s: nobody knows what %q is", in, command)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheNetworkWithoutACluster proves what needs no kubelet.
func TestTheNetworkWithoutACluster(t *testing.T) {
	needs.Packets(t)
	w := newPlain(t)
	results := claims.Check(t.Context(), w, "gcp", slices.Concat(claims.Network, claims.ByHand), func(r claims.Result) {
		if !r.OK {
			t.Errorf("%s\n%s\n%s\n%s", r.Claim, r.Command, r.Output, r.Why)
		}
	})
	var out strings.Builder
	claims.Write(&out, "Compute Engine, the data plane at most "+w.Lag.String()+" behind", results)
	t.Log("\n" + out.String())
}

func newPlain(t *testing.T) plain {
	t.Helper()
	w := plain{facts: map[string]string{"internet": fabric.Internet}, app: filepath.Join(t.TempDir(), "app")}
	build := exec.Command("go", "build", "-o", w.app, "../app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	w.sim = gcesim.New(gcesim.Config{Projects: []string{"lab"}})
	must(t, w.sim.AddNetwork(gcesim.Network{Project: "lab", Name: "vpc"}))
	must(t, w.sim.AddSubnetwork(gcesim.Subnetwork{Project: "lab", Region: "us-central1", Name: "nodes", Network: "vpc", Primary: netip.MustParsePrefix("10.0.0.0/20"),
		Secondary: []gcesim.SecondaryRange{{Name: "pods", Prefix: netip.MustParsePrefix("10.4.0.0/20")}}}))
	must(t, w.sim.AddFirewall(gcesim.Firewall{Project: "lab", Network: "vpc", Name: "inside", Protocols: []string{"all"},
		Sources: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/20"), netip.MustParsePrefix("10.4.0.0/20")}}))
	endpoint, stop, err := w.sim.Serve("127.0.0.1:0")
	must(t, err)
	t.Cleanup(stop)

	prefix := fmt.Sprintf("c%d-", os.Getpid())
	w.Fabric, err = fabric.New(t.Context(), fabric.Config{Cloud: "gcp", Endpoint: endpoint, Project: "lab", Network: "vpc", Prefix: prefix,
		Lag: 100 * time.Millisecond, Log: t.Logf})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Fabric.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-ended)
		must(t, netns.Sweep(context.Background(), prefix))
	})
	for n, name := range []string{"a", "b"} {
		w.addMachine(t, name, n)
	}
	w.start(t, w.InternetNamespace(), "-name=internet", "-listen="+fabric.Internet+":80")
	return w
}

func (w plain) addMachine(t *testing.T, name string, n int) {
	t.Helper()
	ctx, ns := t.Context(), w.Prefix+name
	block := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 4, byte(n), 0}), 24)
	pod := block.Addr().Next().Next().String()
	_, err := w.sim.AddInstance(gcesim.Instance{Project: "lab", Zone: "us-central1-a", Name: name, Interfaces: []gcesim.Interface{{
		Subnetwork: "nodes", Aliases: []gcesim.Alias{{Prefix: block, RangeName: "pods"}}}}})
	must(t, err)
	must(t, netns.Create(ctx, ns))
	nic, err := w.Plug(ctx, name, ns)
	must(t, err)
	must(t, netns.Create(ctx, ns+"-pod"))
	must(t, netns.Veth(ctx, ns, "pod0", ns+"-pod", "eth0"))
	must(t, netns.IP(ctx, ns, "addr add 169.254.1.1/32 dev pod0", "route add "+pod+" dev pod0"))
	must(t, netns.IP(ctx, ns+"-pod", "addr add "+pod+"/32 dev eth0", "route add 169.254.1.1 dev eth0", "route add default via 169.254.1.1 src "+pod))
	w.start(t, ns, "-name="+name, "-listen=:9090")
	w.start(t, ns+"-pod", "-name=pod-"+name, "-listen=:8080", "-udp=:8080")
	for fact, value := range map[string]string{
		"node": nic.Primary.String(), "external": nic.External.String(), "nic": nic.Device, "pod": pod,
		"range": block.String(), "unused": netip.AddrFrom4([4]byte{10, 4, byte(n), 99}).String(),
	} {
		w.facts[name+"."+fact] = value
	}
}

// start serves in a namespace until the test ends.
func (w plain) start(t *testing.T, ns string, args ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := netns.Command(ctx, ns, w.app, append([]string{"serve"}, args...)...)
	must(t, cmd.Start())
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
	})
}
