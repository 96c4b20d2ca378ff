package services

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// earlier is what a release before this one had: Services as they were, and
// the calls by which it made their balancers. What a cloud holds of it is not
// said in this code's words, so that it stays what it was.
type earlier struct {
	// IDs are the cloud's own for what was there before, by our names for it.
	IDs      map[string]string `json:"ids"`
	Services []corev1.Service  `json:"services"`
	Calls    []call            `json:"calls"`
}

const earlierCluster = "earlier"

// refusedSince are Services that an earlier release served and that are
// refused by now. What they have stays as it is.
var refusedSince = []string{"unknown-of-ours"}

// mendedSince are Services for which an earlier release made what could not
// serve: with PROXY protocol every HTTP check failed, and it is edited in place.
var mendedSince = []string{"proxy-protocol"}

// TestWhatAnEarlierReleaseMadeIsLeftAsItIs: an upgrade changes nothing of what
// serves. WRITE_EARLIER=1 records what this code makes, for those to come.
func TestWhatAnEarlierReleaseMadeIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	for cloudName := range clouds {
		t.Run(cloudName, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, place: clouds[cloudName](t, options{}), cloud: cloudName, name: earlierCluster}
			var nodes []*corev1.Node
			for i, name := range []string{"n1", "n2", "n3"} {
				id, address := w.machine(name, i)
				nodes = append(nodes, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{ProviderID: id},
					Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}}}})
			}
			nodes[0].Labels = map[string]string{"pool": "front"}
			file := filepath.Join("testdata", "earlier", cloudName+".json")
			if os.Getenv("WRITE_EARLIER") != "" {
				w.record(file, nodes)
			}
			had := w.replay(file)
			b := w.open(t)
			state, err := b.Read(t.Context(), earlierCluster)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range had.Services {
				w.stays(b, state, &s, nodes)
			}
			living := &loadbalancer.Living{ClusterID: earlierCluster}
			living.Add(build.OwnerKind, build.Concerned(had.Services, false))
			for _, o := range lb.Orphans(state, living.Has) {
				t.Errorf("%s would be removed as an orphan: %s", o.Ref, o.Why)
			}
		})
	}
}

// stays wants an empty plan for the Service and its nodes, over the state of
// the whole cluster and over what is read of the Service alone.
func (w *world) stays(b lb.Balancers, whole lb.State, s *corev1.Service, nodes []*corev1.Node) {
	w.Helper()
	asked := build.Make(s, build.Cluster{ID: earlierCluster, Cloud: w.cloud}, whole.SchemeOf(build.Owner(earlierCluster, s.Namespace, s.Name)))
	set := loadbalancer.NodeSetOf(earlierCluster, asked.Nodes, nodes)
	alone, err := b.Read(w.Context(), earlierCluster, asked.Balancer.Owner, set.Owner())
	if err != nil {
		w.Fatal(err)
	}
	for what, state := range map[string]lb.State{"all": whole, "it alone": alone} {
		p := build.PreviewOf(b, state, build.Cluster{ID: earlierCluster, Cloud: w.cloud}, s, false, nodes)
		if p.Refused.Reason != "" && !slices.Contains(refusedSince, s.Name) {
			w.Errorf("%s was served, and is refused: %s", s.Name, p.Refused.Text)
		}
		if len(p.Plan) > 0 && !slices.Contains(mendedSince, s.Name) {
			w.Errorf("%s is served, and after a look at %s would be changed:\n%s", s.Name, what, p.Plan)
		}
		if p.Refused.Reason == "" && len(p.Ingress) == 0 {
			w.Errorf("%s is served, and is reached nowhere", s.Name)
		}
		pools := lb.Plan(b.Rules(), state, lb.Goal{Owner: set.Owner(), Want: b.Pools(set, state), Keep: true})
		changes, err := cloudtest.MemberChanges(w.Context(), b, set, state)
		if len(pools)+len(changes) > 0 || err != nil {
			w.Errorf("the nodes of %s would be changed (%v):\n%s%v", s.Name, err, pools, changes)
		}
	}
}

// record has this code make the balancers of the contract's Services, and
// writes down what it asked the cloud for.
func (w *world) record(file string, nodes []*corev1.Node) {
	w.Helper()
	fresh := &world{T: w.T, place: clouds[w.cloud](w.T, options{}), cloud: w.cloud, name: earlierCluster}
	for i := range nodes {
		fresh.machine(nodes[i].Name, i)
	}
	tape := fresh.tape()
	had, b := earlier{IDs: fresh.ids()}, fresh.open(w.T)
	for i, r := range slices.Concat(contract, annotations, notFollowed()) {
		if r.on != "" && r.on != w.cloud || r.reason[w.cloud] != "" || r.trouble != "" || r.arrange != nil {
			continue
		}
		s := admitted(r, int32(i))
		asked := build.Make(s, build.Cluster{ID: earlierCluster, Cloud: w.cloud}, "")
		set := loadbalancer.NodeSetOf(earlierCluster, asked.Nodes, nodes)
		for range 2 { // the second time finds what there is to do for the nodes
			state, err := b.Read(context.Background(), earlierCluster)
			if err != nil {
				w.Fatal(err)
			}
			want, err := b.Want(cloudtest.On(asked.Balancer, set), state)
			if err != nil {
				w.Fatalf("%s: %v", r.name, err)
			}
			plan := lb.Plan(b.Rules(), state, lb.Goal{Owner: asked.Balancer.Owner, Want: want})
			if err := lb.Run(context.Background(), b, plan, state); err != nil {
				w.Fatalf("%s: %v", r.name, err)
			}
			plan = lb.Plan(b.Rules(), state, lb.Goal{Owner: set.Owner(), Want: b.Pools(set, state), Keep: true})
			if err := lb.Run(context.Background(), b, plan, state); err != nil {
				w.Fatalf("%s: %v", r.name, err)
			}
			if err := cloudtest.KeepMembers(context.Background(), b, set, state); err != nil {
				w.Fatalf("%s: %v", r.name, err)
			}
		}
		had.Services = append(had.Services, *s)
	}
	had.Calls = tape.stop()
	text, err := json.MarshalIndent(had, "", " ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file, append(text, '\n'), 0o644)
	}
	if err != nil {
		w.Fatal(err)
	}
}

// admitted is the row's Service as an API server gives it back.
func admitted(r row, n int32) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: earlierCluster, Name: r.name},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: ptr.To(v1alpha1.ClassLoadBalancer),
			ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyCluster, SessionAffinity: corev1.ServiceAffinityNone,
			IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, IPFamilyPolicy: ptr.To(corev1.IPFamilyPolicySingleStack),
			AllocateLoadBalancerNodePorts: ptr.To(true), Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}
	if r.edit != nil {
		r.edit(s)
	}
	const perService = 8
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		p.Protocol = cmp.Or(p.Protocol, corev1.ProtocolTCP)
		if p.NodePort == 0 && *s.Spec.AllocateLoadBalancerNodePorts {
			p.NodePort = 30100 + perService*n + int32(i)
			if i > 0 && s.Spec.Ports[i-1].Port == p.Port { // of two protocols
				p.NodePort = s.Spec.Ports[i-1].NodePort
			}
		}
	}
	if s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
		s.Spec.HealthCheckNodePort = 30100 + perService*n + perService - 1
	}
	return s
}
