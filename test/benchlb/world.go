package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// world is one contender's part of the API server: a namespace of Services, a
// Network, and Nodes whose names begin with its name.
type world struct {
	name     string
	config   *rest.Config
	api      client.Client
	cloud    simulation
	machines map[string]machine // by the Node's name
	made     int
	drained  string // the Node that is about to go
	// gather is how long changes of Nodes are gathered, and quiet, which is
	// longer, how long the cloud is not called for a step to have ended.
	gather, quiet time.Duration
}

func newWorld(ctx context.Context, cfg *rest.Config, name string, cloud simulation) (*world, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	api, err := client.New(cfg, client.Options{Scheme: newScheme()})
	if err != nil {
		return nil, err
	}
	w := &world{name: name, config: cfg, api: api, cloud: cloud, machines: map[string]machine{}}
	if err := api.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		return nil, err
	}
	return w, api.Create(ctx, &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: cloud.network()})
}

// addNode makes a machine and its Node.
func (w *world) addNode(ctx context.Context) (machine, error) {
	m, err := w.cloud.addMachine(w.made)
	if err != nil {
		return m, fmt.Errorf("adding a machine: %w", err)
	}
	w.made++
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + "-" + m.name}, Spec: corev1.NodeSpec{ProviderID: m.providerID}}
	addresses := []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: m.ip}}
	if err := w.api.Create(ctx, n); err != nil {
		return m, err
	}
	n.Status.Addresses = addresses
	w.machines[n.Name] = m
	return m, w.api.Status().Update(ctx, n)
}

// drain taints the machine's Node as the cluster autoscaler does.
func (w *world) drain(ctx context.Context, m machine) error {
	w.drained = w.name + "-" + m.name
	n := &corev1.Node{}
	if err := w.api.Get(ctx, client.ObjectKey{Name: w.drained}, n); err != nil {
		return err
	}
	n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: "ToBeDeletedByClusterAutoscaler", Effect: corev1.TaintEffectNoSchedule})
	return w.api.Update(ctx, n)
}

// removeNode removes a Node, and its machine.
func (w *world) removeNode(ctx context.Context, m machine) error {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.name + "-" + m.name}}
	delete(w.machines, n.Name)
	w.drained = ""
	if err := w.api.Delete(ctx, n); err != nil {
		return err
	}
	return w.cloud.removeMachine(m)
}

// localPart: one in so many Services is of policy Local.
const localPart = 4

// addServices makes Services of all sorts: internal and external, of policy
// Cluster and Local.
func (w *world) addServices(ctx context.Context, n int, annotations map[string]string) error {
	for i := range n {
		s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: fmt.Sprintf("svc-%03d", i), Annotations: map[string]string{loadbalancer.NetworkAnnotation: w.name}},
			Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: ptr.To(v1alpha1.ClassLoadBalancer),
				Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}
		for k, v := range annotations {
			s.Annotations[k] = v
		}
		if i%2 == 0 {
			s.Annotations["vpcnative.dev/scheme"] = "Internal"
		}
		if i%localPart == localPart-1 {
			s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
		}
		if err := w.api.Create(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// ready counts the Services whose balancers are as they say.
func (w *world) ready(ctx context.Context) (n int, why string, err error) {
	var list corev1.ServiceList
	if err := w.api.List(ctx, &list, client.InNamespace(w.name)); err != nil {
		return 0, "", err
	}
	for i := range list.Items {
		c := meta.FindStatusCondition(list.Items[i].Status.Conditions, v1alpha1.ConditionLoadBalancer)
		switch {
		case c == nil:
		case c.Status == metav1.ConditionTrue && len(list.Items[i].Status.LoadBalancer.Ingress) > 0:
			n++
		default:
			why = c.Reason + ": " + c.Message
		}
	}
	return n, why, nil
}

// until waits for what done says, and then until the cloud has not been called
// for a while.
func (w *world) until(ctx context.Context, done func() (bool, error)) error {
	for {
		ok, err := done()
		if err != nil {
			return err
		}
		if ok && time.Since(w.cloud.lastCall()) > w.quiet {
			return nil
		}
		select {
		case <-ctx.Done():
			_, why, _ := w.ready(context.WithoutCancel(ctx))
			return fmt.Errorf("%w; a Service says: %s", ctx.Err(), why)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
