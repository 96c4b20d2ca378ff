package main

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// replicas is how many pods the Service of the chapter has.
const replicas = 6

// pods has an EndpointGroup follow the pods of a Service through a rollout.
func (s *stage) pods(ctx context.Context) error {
	s.screen.quote(s.yaml("endpoints"))
	p, err := s.east.server.StartEndpointSlices() // as in any cluster
	if err != nil {
		return err
	}
	go s.watchOver(p.Done(), p.Err)
	before := s.board.balancing()
	if err := s.east.apply(ctx, s.yaml("endpoints")); err != nil {
		return err
	}
	s.note("Six pods become ready, each on a node of its own:")
	first, err := s.startPods(ctx, "api-v1", 5)
	if err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for them to be registered", s.registered(ctx, first)); err != nil {
		return err
	}
	s.note("That took %s. A rollout: six of the next version become ready, then the first six terminate:", since(before, s.board.balancing()))
	before = s.board.balancing()
	second, err := s.startPods(ctx, "api-v2", 6)
	if err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for them to be registered", s.registered(ctx, append(slices.Clone(first), second...))); err != nil {
		return err
	}
	if err := s.endPods(ctx, "api-v1"); err != nil {
		return err
	}
	if err := s.until(ctx, "waiting for the others to be detached", s.registered(ctx, second)); err != nil {
		return err
	}
	s.note("That took %s. The EndpointGroup is deleted, and its groups with it:", since(before, s.board.balancing()))
	return s.clearPods(ctx)
}

// startPods makes pods as a kubelet reports them, each with the n-th address of
// a node's podCIDR, and returns what they are registered as.
func (s *stage) startPods(ctx context.Context, name string, n int) (registered []string, err error) {
	var nodes corev1.NodeList
	if err := s.east.api.List(ctx, &nodes); err != nil {
		return nil, err
	}
	if len(nodes.Items) < replicas {
		return nil, fmt.Errorf("cluster %s has %d nodes, the chapter needs %d", s.east.name, len(nodes.Items), replicas)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "default"}}
	if err := s.east.api.Create(ctx, account); client.IgnoreAlreadyExists(err) != nil {
		return nil, err
	}
	for i := range replicas {
		node := nodes.Items[i]
		block, err := netip.ParsePrefix(node.Spec.PodCIDR)
		if err != nil {
			return nil, fmt.Errorf("the podCIDR of Node %s: %w", node.Name, err)
		}
		a := block.Addr()
		for range n {
			a = a.Next()
		}
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: fmt.Sprintf("%s-%d", name, i), Labels: map[string]string{"app": "api", "version": name}},
			Spec: corev1.PodSpec{NodeName: node.Name, Containers: []corev1.Container{{Name: "api", Image: "api"}}}}
		if err := s.east.api.Create(ctx, p); err != nil {
			return nil, fmt.Errorf("making Pod %s: %w", p.Name, err)
		}
		p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: a.String(), PodIPs: []corev1.PodIP{{IP: a.String()}},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
		if err := s.east.api.Status().Update(ctx, p); err != nil {
			return nil, fmt.Errorf("reporting Pod %s ready: %w", p.Name, err)
		}
		registered = append(registered, netip.AddrPortFrom(a, 8080).String())
	}
	return registered, nil
}

// endPods has the pods of a version terminate; no kubelet ends that.
func (s *stage) endPods(ctx context.Context, version string, opts ...client.DeleteOption) error {
	var pods corev1.PodList
	if err := s.east.api.List(ctx, &pods, client.MatchingLabels{"version": version}); err != nil {
		return err
	}
	for i := range pods.Items {
		if err := s.east.api.Delete(ctx, &pods.Items[i], opts...); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting Pod %s: %w", pods.Items[i].Name, err)
		}
	}
	return nil
}

// registered checks that the cloud's groups hold these endpoints and no others,
// and that the EndpointGroup says so.
func (s *stage) registered(ctx context.Context, want []string) func() error {
	slices.Sort(want)
	return func() error {
		g := &v1alpha1.EndpointGroup{}
		if err := s.east.api.Get(ctx, client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "api"}, g); err != nil {
			return err
		}
		var got []string
		for _, p := range s.cloud.parts() {
			if slices.ContainsFunc(g.Status.Groups, func(x v1alpha1.CloudEndpointGroup) bool { return x.Name == path.Base(p.Name) }) {
				got = append(got, p.Members...)
			}
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) || int(g.Status.Attached) != len(want) {
			return fmt.Errorf("the groups hold %s and the status says %d, want %s", strings.Join(got, " "), g.Status.Attached, strings.Join(want, " "))
		}
		return nil
	}
}

// clearPods deletes what the chapter made.
func (s *stage) clearPods(ctx context.Context) error {
	named := metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "api"}
	for _, o := range []client.Object{&v1alpha1.EndpointGroup{ObjectMeta: named}, &corev1.Service{ObjectMeta: named}} {
		if err := s.east.delete(ctx, o); err != nil {
			return err
		}
	}
	for _, version := range []string{"api-v1", "api-v2"} {
		if err := s.endPods(ctx, version, client.GracePeriodSeconds(0)); err != nil {
			return err
		}
	}
	return s.until(ctx, "waiting for the groups to go", func() error {
		for _, p := range s.cloud.parts() {
			if p.For == metav1.NamespaceDefault+"/api" {
				return fmt.Errorf("%s %s is still there", p.Kind, p.Name)
			}
		}
		return nil
	})
}
