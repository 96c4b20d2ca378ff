package services

import (
	"context"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// story is what becomes of Services over time, in a cloud and with a
// controller of its own.
type story struct {
	name string
	on   string // the only cloud; both where it is empty
	options
	run func(w *world)
}

var stories = slices.Concat(lives, troubles)

// TestStories has every story on each cloud.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, s := range stories {
		for cloudName := range clouds {
			if s.on != "" && s.on != cloudName {
				continue
			}
			t.Run(s.name+"/"+cloudName, func(t *testing.T) {
				t.Parallel()
				s.run(newWorld(t, cloudName, s.name, s.options))
			})
		}
	}
}

var lives = []story{
	{name: "the-finalizer-is-on-first-and-off-last", run: func(w *world) {
		w.nodes("n1")
		w.start()
		w.service("web")
		w.serves("web", []string{"n1"})
		if w.guard.count() == 0 {
			w.Error("nothing was changed in the cloud")
		}
		w.remove("web") // the guard has looked before every change
		if w.guard.count() == 0 {
			w.Error("nothing was changed in the cloud")
		}
	}},
	{name: "classes", run: func(w *world) {
		w.nodes("n1")
		foreign := func(s *corev1.Service) { s.Spec.LoadBalancerClass = ptr.To("example.com/other") }
		w.start()
		w.service("foreign", foreign)
		w.service("none", noClass)
		w.service("cluster-ip", clusterIP)
		w.service("ours")
		w.serves("ours", []string{"n1"})
		for _, name := range []string{"foreign", "none", "cluster-ip"} {
			w.untouched(name)
		}
		w.withoutClass = true
		w.start()
		w.serves("none", []string{"n1"})
		w.untouched("foreign")
		w.withoutClass = false
		w.start()
		w.released("none")
		w.serves("ours", []string{"n1"})
	}},
	{name: "another-type-cleans-up", run: func(w *world) {
		w.nodes("n1")
		w.start()
		w.service("web")
		w.serves("web", []string{"n1"})
		w.edit("web", clusterIP)
		w.released("web")
		w.event("web", v1alpha1.ReasonDeleted)
		w.edit("web", func(s *corev1.Service) {
			s.Spec.Type, s.Spec.LoadBalancerClass = corev1.ServiceTypeLoadBalancer, ptr.To(v1alpha1.ClassLoadBalancer)
		})
		w.serves("web", []string{"n1"})
		w.edit("web", func(s *corev1.Service) { s.Spec.Type, s.Spec.LoadBalancerClass = corev1.ServiceTypeNodePort, nil })
		w.released("web")
	}},
	{name: "edits", run: func(w *world) {
		w.nodes("n1", "n2", "n3")
		w.start()
		all := []string{"n1", "n2", "n3"}
		w.service("web")
		first := w.serves("web", all)
		for _, step := range []struct {
			name string
			edit edit
			// moves: another address.
			moves bool
			amend func(*shape)
		}{
			{"another port", func(s *corev1.Service) { s.Spec.Ports[0].Port = 81 }, false, nil},
			{"a second port", func(s *corev1.Service) { s.Spec.Ports = append(s.Spec.Ports, tcp(443)) }, false, nil},
			{"and UDP on it", func(s *corev1.Service) {
				both := udp(443)
				both.NodePort = s.Spec.Ports[1].NodePort // which the API server does by itself at creation alone
				s.Spec.Ports = append(s.Spec.Ports, both)
			}, false, nil},
			{"only UDP", func(s *corev1.Service) { s.Spec.Ports = s.Spec.Ports[2:] }, false, nil},
			{"TCP again", ports(tcp(80)), false, nil},
			{"another node port", func(s *corev1.Service) { s.Spec.Ports[0].NodePort = w.byHand(9) }, false, nil},
			{"Local", local, false, nil},
			{"Cluster", func(s *corev1.Service) {
				s.Spec.ExternalTrafficPolicy, s.Spec.HealthCheckNodePort = corev1.ServiceExternalTrafficPolicyCluster, 0
			}, false, nil},
			{"affinity", func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP }, false, nil},
			{"none", func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityNone }, false, nil},
			{"sources", func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"} }, false, nil},
			{"other sources", func(s *corev1.Service) {
				s.Spec.LoadBalancerSourceRanges = []string{"198.51.100.0/24", "203.0.113.0/24"}
			}, false, nil},
			{"everyone", func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = nil }, false, nil},
			{"dual stack", families(corev1.IPFamilyPolicyRequireDualStack, corev1.IPv4Protocol, corev1.IPv6Protocol), false, nil},
			{"single stack", func(s *corev1.Service) {
				families(corev1.IPFamilyPolicySingleStack, corev1.IPv4Protocol)(s)
				s.Spec.ClusterIPs = s.Spec.ClusterIPs[:1]
			}, false, nil},
			{"internal", internal, true, inside},
			{"nothing says the scheme", unannotate("vpcnative.dev/scheme"), false, inside},
			{"external", annotate("vpcnative.dev/scheme", "External"), true, nil},
			{"nothing says the scheme of an external one", unannotate("vpcnative.dev/scheme"), false, nil},
			{"and a type that is internal where it is new", ofAWS("type", "external"), false, nil},
			{"which it is once that is said", ofAWS("scheme", "internal"), true, inside},
		} {
			w.edit("web", step.edit)
			now := w.serves("web", all, step.amend)
			if same := now.Status[0] == first.Status[0]; same == step.moves {
				w.Errorf("%s: reached at %v, was at %v", step.name, now.Status, first.Status)
			}
			first = now
		}
		w.remove("web")
	}},
	{name: "nodes", run: func(w *world) {
		w.nodes("n1", "n2")
		w.start()
		w.service("web")
		w.serves("web", []string{"n1", "n2"})
		for _, step := range []struct {
			name  string
			do    func()
			nodes []string
		}{
			{"one is excluded", func() { w.editNode("n1", label("")) }, []string{"n2"}},
			{"it is not any more", func() { w.editNode("n1", label("false")) }, []string{"n1", "n2"}},
			{"the autoscaler is to remove one", func() { w.editNode("n2", taint("ToBeDeletedByClusterAutoscaler")) }, []string{"n1"}},
			{"it changes its mind", func() { w.editNode("n2", func(n *corev1.Node) { n.Spec.Taints = nil }) }, []string{"n1", "n2"}},
			{"another taint", func() { w.editNode("n2", taint("example.com/dedicated")) }, []string{"n1", "n2"}},
			{"a new one, in a new zone", func() { w.node("n3", 2) }, []string{"n1", "n2", "n3"}},
			{"one is cordoned", func() { w.editNode("n1", func(n *corev1.Node) { n.Spec.Unschedulable = true }) }, []string{"n1", "n2", "n3"}},
			{"a machine dies, then its Node goes", func() {
				w.guard.byHand(func() { w.destroy("n3") })
				w.delete(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + ".n3"}})
			}, []string{"n1", "n2"}},
			{"all go", func() {
				for _, n := range []string{"n1", "n2"} {
					w.delete(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + "." + n}})
				}
			}, nil},
			{"one comes", func() { w.node("n4", 0) }, []string{"n4"}},
		} {
			step.do()
			if step.nodes == nil {
				w.reason("web", v1alpha1.ReasonNoNodes)
				w.event("web", v1alpha1.ReasonNoNodes)
				continue
			}
			w.Log(step.name)
			w.serves("web", step.nodes)
		}
	}},
	{name: "what-is-refused-keeps-its-nodes", run: func(w *world) {
		w.nodes("n1", "n2")
		w.start()
		w.service("web")
		first := w.serves("web", []string{"n1", "n2"})
		w.edit("web", annotate("vpcnative.dev/of-a-later-version", "x"))
		w.reason("web", v1alpha1.ReasonAnnotationUnknown)
		w.stop()
		w.start()       // which knows of the nodes by the Service alone
		w.node("n3", 1) // a zone that it has
		w.delete(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + ".n1"}})
		w.sends("web", "n2", "n3")
		w.edit("web", unannotate("vpcnative.dev/of-a-later-version"))
		if now := w.serves("web", []string{"n2", "n3"}); now.Status[0] != first.Status[0] {
			w.Errorf("reached at %v, was at %v", now.Status, first.Status)
		}
	}},
	{name: "an-unrelated-change-costs-nothing", run: func(w *world) {
		w.nodes("n1", "n2")
		w.start()
		w.service("web")
		w.service("shop")
		w.serves("web", []string{"n1", "n2"})
		w.serves("shop", []string{"n1", "n2"})
		w.settles()
		w.guard.count()
		reads := w.reads()
		w.editNode("n1", func(n *corev1.Node) { n.Annotations = map[string]string{"example.com/x": "y"} })
		w.edit("web", func(s *corev1.Service) { s.Labels = map[string]string{"example.com/x": "y"} })
		w.settles()
		if changes := w.guard.take(); len(changes) > 0 || w.reads() > reads {
			w.Errorf("%d reads, and %v", w.reads()-reads, changes)
		}
	}},
	{name: "a-restart-only-reads", run: func(w *world) {
		w.nodes("n1", "n2")
		w.start()
		names := []string{"a", "b", "c"}
		w.service("a")
		w.service("b", local, ports(tcp(80), udp(80)))
		w.service("c", internal)
		versions := func() (out []string) {
			for _, n := range names {
				out = append(out, w.get(n).ResourceVersion)
			}
			return out
		}
		w.serves("a", []string{"n1", "n2"})
		w.serves("b", []string{"n1", "n2"})
		w.serves("c", []string{"n1", "n2"}, inside)
		w.settles()
		before := versions()
		w.stop()
		w.guard.count()
		w.start()
		w.settles()
		if changes := w.guard.take(); len(changes) > 0 {
			w.Errorf("changes: %v", changes)
		}
		if after := versions(); !slices.Equal(before, after) {
			w.Errorf("the Services were written: %v, were %v", after, before)
		}
	}},
	{name: "made-again-under-its-name", run: func(w *world) {
		w.nodes("n1")
		w.start()
		for range 3 {
			w.service("web")
			w.serves("web", []string{"n1"})
			w.remove("web")
		}
	}},
	{name: "nodes-come-later", run: func(w *world) {
		w.start()
		w.service("web")
		w.reason("web", v1alpha1.ReasonNoNodes)
		w.nodes("n1", "n2")
		w.serves("web", []string{"n1", "n2"})
	}},
	{name: "the-network-comes-later-and-goes-first", run: func(w *world) {
		n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: w.name}}
		w.delete(n)
		w.nodes("n1")
		w.start()
		w.service("web")
		w.reason("web", v1alpha1.ReasonNetworkNotFound)
		n.Spec = w.network()
		w.create(n)
		w.serves("web", []string{"n1"})
		w.delete(n)
		w.networkEvent(v1alpha1.ReasonInUse)
		w.serves("web", []string{"n1"})
		w.guard.sweeps()
		w.remove("web")
		w.eventually(func() error {
			err := w.api.Get(context.Background(), client.ObjectKeyFromObject(n), n)
			return same("whether the Network is gone", apierrors.IsNotFound(err), true)
		})
		if left := w.marked(); len(left) > 0 {
			w.Errorf("the Network is gone, and there is still %v", left)
		}
	}},
	{name: "deleted-while-nobody-looks", run: func(w *world) {
		w.nodes("n1")
		w.start()
		w.service("held")
		w.service("torn")
		w.serves("held", []string{"n1"})
		w.serves("torn", []string{"n1"})
		w.stop()
		w.delete(w.get("held"))
		w.delete(w.get("torn"))
		w.edit("torn", func(s *corev1.Service) { s.Finalizers = nil }) // by somebody in a hurry
		w.guard.sweeps()
		w.cfg.OrphanGrace = grace
		w.start()
		w.gone("held")
		w.eventually(func() error { return same("parts of torn", len(w.parts(w.owner("torn"))), 0) })
		w.networkEvent(v1alpha1.ReasonOrphanRemoved)
		w.eventually(func() error { return same("what is left", len(w.marked()), 0) })
	}},
	{name: "of-many-nodes-each-balancer-takes-some", on: "aws", options: options{brief: true}, run: func(w *world) {
		names := make([]string, 40)
		for i := range names {
			names[i] = fmt.Sprintf("n%02d", i)
			w.node(names[i], i)
		}
		w.start()
		for name, nodes := range map[string]string{"web": "", "api": "", "few": "1", "all": "All"} {
			w.service(name, func(s *corev1.Service) {
				if nodes != "" {
					s.Annotations["vpcnative.dev/nodes"] = nodes
				}
			})
		}
		takes := func(name string, want int) (nodes []string) {
			w.Helper()
			w.eventually(func() error {
				s, _ := w.shape(w.owner(name))
				nodes = s.Nodes
				slices.Sort(nodes)
				return same("nodes of "+name, len(nodes), want)
			})
			return nodes
		}
		web, api := takes("web", 25), takes("api", 25)
		takes("few", 9) // three in each zone
		takes("all", 40)
		if slices.Equal(web, api) {
			w.Error("two balancers take the same nodes")
		}
		w.says("web", "25 backend nodes")
		gone := web[0]
		w.delete(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + "." + gone}})
		w.eventually(func() error {
			s, _ := w.shape(w.owner("web"))
			return same("that "+gone+" is still there", slices.Contains(s.Nodes, gone), false)
		})
		stay := 0
		for _, n := range takes("web", 25) {
			if slices.Contains(web, n) {
				stay++
			}
		}
		if stay != 24 {
			w.Errorf("%d of the others stay", stay)
		}
		w.edit("web", func(s *corev1.Service) { s.Annotations["vpcnative.dev/nodes"] = "All" })
		takes("web", 39)
		w.edit("web", func(s *corev1.Service) { delete(s.Annotations, "vpcnative.dev/nodes") })
		w.settles()
		takes("web", 39) // those that leave make it smaller
	}},
}

func clusterIP(s *corev1.Service) {
	s.Spec.Type, s.Spec.LoadBalancerClass = corev1.ServiceTypeClusterIP, nil
}

func label(value string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Labels = map[string]string{corev1.LabelNodeExcludeBalancers: value}
	}
}

func taint(key string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = []corev1.Taint{{Key: key, Effect: corev1.TaintEffectNoSchedule}}
	}
}
