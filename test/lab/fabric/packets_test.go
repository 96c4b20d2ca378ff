package fabric

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/lab/needs"
	"github.com/vpcnative/vpcnative/test/lab/netns"
)

// rig is a fabric with machines that have a pod each, without a kubelet.
type rig struct {
	*Fabric
	t *testing.T
}

func newRig(t *testing.T, c Config, machines map[string]string) rig {
	t.Helper()
	needs.Packets(t)
	c.Prefix = fmt.Sprintf("t%d-", os.Getpid())
	c.Log = func(format string, args ...any) { t.Logf(format, args...) }
	must(t, netns.Sweep(t.Context(), c.Prefix))
	f, err := New(t.Context(), c)
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		stop()
		<-ended
		must(t, f.Close())
		must(t, netns.Sweep(context.Background(), c.Prefix))
	})
	r := rig{f, t}
	for name, pod := range machines {
		r.addMachine(name, pod)
	}
	return r
}

// addMachine makes a machine with a pod, as the ptp plugin wires it.
func (r rig) addMachine(name, pod string) {
	r.t.Helper()
	ctx := r.t.Context()
	must(r.t, netns.Create(ctx, r.ns(name)))
	_, err := r.Plug(ctx, name, r.ns(name))
	must(r.t, err)
	must(r.t, netns.Create(ctx, r.pod(name)))
	must(r.t, netns.Veth(ctx, r.ns(name), "pod0", r.pod(name), "eth0"))
	must(r.t, netns.IP(ctx, r.ns(name), "addr add 169.254.1.1/32 dev pod0", "route add "+pod+" dev pod0"))
	must(r.t, netns.IP(ctx, r.pod(name), "addr add "+pod+"/32 dev eth0", "route add 169.254.1.1 dev eth0", "route add default via 169.254.1.1 src "+pod))
}

func (r rig) ns(machine string) string  { return r.Prefix + machine }
func (r rig) pod(machine string) string { return r.Prefix + machine + "-pod" }

// serve answers with the address that it sees, from inside a namespace.
func (r rig) serve(ns, at, name string) (stop func()) {
	r.t.Helper()
	var l net.Listener
	must(r.t, Inside(ns, func() (err error) {
		l, err = net.Listen("tcp4", at)
		return err
	}))
	s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		host, _, _ := net.SplitHostPort(req.RemoteAddr)
		fmt.Fprintf(w, "%s %s", name, host)
	})}
	go func() { _ = s.Serve(l) }()
	r.t.Cleanup(func() { s.Close() })
	return func() { s.Close() }
}

// ask returns what the server says, or the empty string if none answers.
func (r rig) ask(ns, from, to string) string { return r.askFor(700*time.Millisecond, ns, from, to) }

func (r rig) askFor(limit time.Duration, ns, from, to string) string {
	var d net.Dialer
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	client := http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
			err = Inside(ns, func() error {
				conn, err = d.DialContext(ctx, "tcp4", to)
				return err
			})
			return conn, err
		}}}
	res, err := client.Get("http://" + to)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return string(text)
}

// within waits until what is asked says what is wanted, and returns how long
// that took.
func (r rig) within(limit time.Duration, want string, ask func() string) time.Duration {
	r.t.Helper()
	began, got := time.Now(), ""
	for time.Since(began) < limit {
		if got = ask(); got == want {
			return time.Since(began)
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.t.Errorf("after %s: got %q, want %q", limit, got, want)
	return limit
}

func (r rig) ip(ns, line string) {
	r.t.Helper()
	must(r.t, netns.IP(r.t.Context(), ns, line))
}

func (r rig) dropped(key string) int { return r.Dropped()[key] }

func TestPacketsGoWhereComputeEngineSays(t *testing.T) {
	cloud := newGCECloud(t, gcesim.Config{}, "a", "b")
	r := newRig(t, Config{Cloud: "gcp", Endpoint: cloud.endpoint, Project: project, Network: "vpc", Lag: 100 * time.Millisecond},
		map[string]string{"a": "10.4.0.7", "b": "10.4.1.7"})
	r.serve(r.pod("b"), ":8080", "pod-b")
	r.serve(r.ns("b"), ":9090", "b")
	r.serve(r.InternetNamespace(), Internet+":80", "internet")

	t.Run("pods of two machines talk without NAT", func(t *testing.T) {
		r.within(2*time.Second, "pod-b 10.4.0.7", func() string { return r.ask(r.pod("a"), "", "10.4.1.7:8080") })
	})
	t.Run("machine and pod talk", func(t *testing.T) {
		r.within(time.Second, "pod-b 10.0.0.2", func() string { return r.ask(r.ns("a"), "", "10.4.1.7:8080") })
		r.within(time.Second, "b 10.4.0.7", func() string { return r.ask(r.pod("a"), "", "10.0.0.3:9090") })
	})
	t.Run("a sender that has no right to its address is dropped and counted", func(t *testing.T) {
		for _, address := range []string{"10.4.1.99", "172.31.0.1"} { // another machine's alias range, and nobody's
			before := r.dropped("nic-a spoofed")
			must(t, netns.IP(t.Context(), r.ns("a"), "addr add "+address+"/32 dev lo"))
			if got := r.ask(r.ns("a"), address, "10.0.0.3:9090"); got != "" {
				t.Errorf("from %s: %s", address, got)
			}
			if r.dropped("nic-a spoofed") == before {
				t.Errorf("packets from %s are not counted: %v", address, r.Dropped())
			}
		}
	})
	t.Run("the internet sees a machine, and no pod", func(t *testing.T) {
		r.within(time.Second, "internet "+r.nics["a"].External.String(), func() string { return r.ask(r.ns("a"), "", Internet+":80") })
		if got := r.ask(r.pod("a"), "", Internet+":80"); got != "" {
			t.Errorf("a pod's own address gets out: %s", got)
		}
		if r.dropped("wan refused") == 0 {
			t.Errorf("the gateway counts nothing: %v", r.Dropped())
		}
		must(t, netns.IP(t.Context(), r.InternetNamespace(), "addr add 10.4.0.99/32 dev lo"))
		if got := r.ask(r.InternetNamespace(), "", "10.0.0.2:9090"); got != "" {
			t.Errorf("the internet reaches a machine: %s", got)
		}
	})
	t.Run("firewall rules are followed", func(t *testing.T) {
		must(t, cloud.DeleteFirewall(project, "inside"))
		took := r.within(2*time.Second, "", func() string { return r.ask(r.pod("a"), "", "10.4.1.7:8080") })
		t.Logf("refused after %s", took)
		if r.dropped("nic-b refused") == 0 {
			t.Errorf("what the firewall drops is not counted: %v", r.Dropped())
		}
		must(t, cloud.AddFirewall(gcesim.Firewall{Project: project, Network: "vpc", Name: "web", Protocols: []string{"tcp:8080"},
			Sources: []netip.Prefix{netip.MustParsePrefix("10.4.0.0/20")}}))
		r.within(2*time.Second, "pod-b 10.4.0.7", func() string { return r.ask(r.pod("a"), "", "10.4.1.7:8080") })
		if got := r.ask(r.pod("a"), "", "10.0.0.3:9090"); got != "" {
			t.Errorf("a port that no rule names: %s", got)
		}
	})
	t.Run("an alias range that is removed stops within a second, and comes back", func(t *testing.T) {
		must(t, cloud.SetAliases(project, zone, "b", "nic0"))
		began, took := time.Now(), time.Duration(0) // until the last answer
		for r.ask(r.pod("a"), "", "10.4.1.7:8080") != "" && took < 5*time.Second {
			took = time.Since(began)
		}
		if took > time.Second {
			t.Errorf("it took %s", took)
		}
		t.Logf("the last answer came after %s", took)
		must(t, cloud.SetAliases(project, zone, "b", "nic0", alias(1)))
		r.within(2*time.Second, "pod-b 10.4.0.7", func() string { return r.ask(r.pod("a"), "", "10.4.1.7:8080") })
	})
	t.Run("a machine that the cloud deleted is cut off", func(t *testing.T) {
		must(t, cloud.DeleteInstance(project, zone, "b"))
		r.within(2*time.Second, "", func() string { return r.ask(r.pod("a"), "", "10.4.1.7:8080") })
		before := r.dropped("nic-b spoofed")
		if got := r.ask(r.pod("b"), "", "10.0.0.2:9090"); got != "" || r.dropped("nic-b spoofed") == before {
			t.Errorf("its packets are not dropped: %q, %v", got, r.Dropped())
		}
	})
	t.Run("a machine that is unplugged is off the fabric, and may be plugged in anew", func(t *testing.T) {
		nic := r.nics["b"]
		r.Unplug(t.Context(), "b")
		r.Unplug(t.Context(), "b") // once more does no harm
		if out, err := netns.Exec(t.Context(), r.Namespace(), "ip", "link", "show", nic.Device); err == nil {
			t.Errorf("its device is still there: %s", out)
		}
		must(t, netns.Delete(t.Context(), r.pod("b")))
		must(t, netns.End(t.Context(), r.ns("b")))
		_, err := cloud.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: "b", Interfaces: []gcesim.Interface{{Subnetwork: "nodes", Aliases: []gcesim.Alias{alias(1)}}}})
		must(t, err)
		r.addMachine("b", "10.4.1.7")
		r.serve(r.pod("b"), ":8080", "pod-b")
		r.within(2*time.Second, "pod-b 10.4.0.7", func() string { return r.ask(r.pod("a"), "", "10.4.1.7:8080") })
	})
	t.Run("a machine whose namespace is gone does no harm", func(t *testing.T) {
		must(t, netns.Delete(t.Context(), r.pod("a")))
		must(t, netns.Sweep(t.Context(), r.ns("a")))
		_, err := cloud.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: "c", Interfaces: []gcesim.Interface{{Subnetwork: "nodes", Aliases: []gcesim.Alias{alias(4)}}}})
		must(t, err)
		_, err = cloud.AddInstance(gcesim.Instance{Project: project, Zone: zone, Name: "d", Interfaces: []gcesim.Interface{{Subnetwork: "nodes", Aliases: []gcesim.Alias{alias(5)}}}})
		must(t, err)
		r.addMachine("c", "10.4.4.7")
		r.addMachine("d", "10.4.5.7")
		r.addMachine("a", "10.4.0.7") // it is started anew
		r.serve(r.pod("d"), ":8080", "pod-d")
		for _, from := range []string{"c", "a"} {
			want := map[string]string{"c": "pod-d 10.4.4.7", "a": "pod-d 10.4.0.7"}[from]
			r.within(2*time.Second, want, func() string { return r.ask(r.pod(from), "", "10.4.5.7:8080") })
		}
	})
}

func TestAnotherFabricOfTheSameNameIsLeftAlone(t *testing.T) {
	cloud := newGCECloud(t, gcesim.Config{})
	c := Config{Cloud: "gcp", Endpoint: cloud.endpoint, Project: project, Network: "vpc"}
	r := newRig(t, c, nil)
	c.Prefix = r.Prefix
	if _, err := New(t.Context(), c); err == nil || !strings.Contains(err.Error(), r.Namespace()) {
		t.Errorf("making it again: %v", err)
	}
	there, err := netns.List(r.Prefix)
	must(t, err)
	if len(there) != 2 {
		t.Errorf("namespaces afterwards: %v", there)
	}
}

func TestWhatCannotBePluggedIn(t *testing.T) {
	cloud := newGCECloud(t, gcesim.Config{}, "a")
	r := newRig(t, Config{Cloud: "gcp", Endpoint: cloud.endpoint, Project: project, Network: "vpc"}, nil)
	if _, err := r.Plug(t.Context(), "b", r.ns("b")); err == nil || !strings.Contains(err.Error(), "no such instance") {
		t.Errorf("an instance that there is not: %v", err)
	}
	if _, err := r.Plug(t.Context(), "a", r.ns("a")); err == nil {
		t.Error("a namespace that there is not")
	}
	r.addMachine("a", "10.4.0.7") // and then it goes
}
