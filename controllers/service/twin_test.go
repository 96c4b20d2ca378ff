package service

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/brake"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// connection is a Network's own way to a cloud.
type connection struct {
	lb.Balancers
	vpc string
}

func (c *connection) Rules() lb.Rules {
	r := c.Balancers.Rules()
	r.Domain, r.VPC = "projects/p/regions/r", c.vpc
	return r
}

// twin makes a second Network, over the same cloud and in that VPC.
func (w *world) twin(vpc string) *v1alpha1.Network {
	w.Helper()
	n := w.network(w.name).DeepCopy()
	n.ObjectMeta, n.Status = metav1.ObjectMeta{Name: w.name + "-twin"}, v1alpha1.NetworkStatus{}
	w.cfg.OpenBalancers = connections(map[string]lb.Balancers{w.name: &connection{w.cloud, "vpc"}, n.Name: &connection{w.cloud, vpc}})
	return n
}

func connections(of map[string]lb.Balancers) func(context.Context, *v1alpha1.Network) (lb.Balancers, error) {
	return func(_ context.Context, n *v1alpha1.Network) (lb.Balancers, error) { return of[n.Name], nil }
}

func (w *world) network(name string) *v1alpha1.Network {
	w.Helper()
	n := &v1alpha1.Network{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Name: name}, n); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		w.Fatal(err)
	}
	return n
}

// held waits until a Network carries our finalizer.
func (w *world) held(name string) {
	w.Helper()
	w.wait(func() error {
		if n := w.network(name); n == nil || !controllerutil.ContainsFinalizer(n, v1alpha1.LoadBalancerFinalizer) {
			return fmt.Errorf("Network %s has no finalizer of ours", name)
		}
		return nil
	})
}

// unchanged wants no change in the cloud for a while.
func (w *world) unchanged(what string) {
	w.Helper()
	w.settles()
	if _, changes := w.still(); changes > 0 {
		w.Errorf("%s: %d changes", what, changes)
	}
}

// TestTwoNetworksOfOneVPCShareWhatIsThere: a Network that comes, is edited or
// goes takes nothing from Services that another one of the same VPC serves.
func TestTwoNetworksOfOneVPCShareWhatIsThere(t *testing.T) {
	w := newWorld(t, "n1")
	twin := w.twin("vpc")
	w.cloud.Fail = func(a lb.Action) error {
		if a.Verb == lb.Delete {
			t.Errorf("deleted while Networks come and go: %s", a)
		}
		return nil
	}
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.create(twin)
	w.service("api", func(s *corev1.Service) { s.Annotations[loadbalancer.NetworkAnnotation] = twin.Name })
	w.expect("api", v1alpha1.ReasonEnsured, 1)
	w.held(twin.Name)
	w.edit("api", func(s *corev1.Service) { s.Annotations[loadbalancer.NetworkAnnotation] = w.name })
	w.expect("api", v1alpha1.ReasonEnsured, 1)
	w.settles()
	w.delete(w.network(twin.Name))
	w.wait(func() error {
		if w.network(twin.Name) != nil {
			return errors.New("the twin is still there")
		}
		return nil
	})
	w.settles()
	w.start() // and a manager that finds what is there
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	w.unchanged("after a restart")
}

// TestTheSameNamesInAnotherVPCAreRefused: names are one for all networks of a
// project, so that of two VPCs the younger Network's gets no balancers, and
// takes none.
func TestTheSameNamesInAnotherVPCAreRefused(t *testing.T) {
	w := newWorld(t, "n1")
	twin := w.twin("another vpc")
	w.start()
	w.service("web", nil)
	w.expect("web", v1alpha1.ReasonEnsured, 1)
	time.Sleep(time.Second) // ages are in seconds
	w.create(twin)
	w.service("api", func(s *corev1.Service) { s.Annotations[loadbalancer.NetworkAnnotation] = twin.Name })
	w.expect("api", v1alpha1.ReasonNoBalancers, 0)
	w.event("names are the same in all VPCs there")
	w.unchanged("with a Network of another VPC")
	w.expect("web", v1alpha1.ReasonEnsured, 1)
}

// TestAMassRemovalIsHeld: Services that vanish together keep what they had
// until a person says that they are to go.
func TestAMassRemovalIsHeld(t *testing.T) {
	w := newWorld(t, "n1")
	w.start()
	const many = 7
	for i := range many {
		w.service(fmt.Sprintf("s%d", i), nil)
	}
	for i := range many {
		w.expect(fmt.Sprintf("s%d", i), v1alpha1.ReasonEnsured, 1)
	}
	w.stop()
	for i := range many { // as where an older etcd is restored
		name := fmt.Sprintf("s%d", i)
		w.edit(name, func(s *corev1.Service) { s.Finalizers = nil })
		w.delete(w.get(name))
	}
	w.cfg.OrphanGrace, w.cfg.Resync = 20*time.Millisecond, 200*time.Millisecond
	w.start()
	w.event("MassRemoval: 7 of 7 Services")
	condition := func(want metav1.ConditionStatus) {
		t.Helper()
		w.wait(func() error {
			c := meta.FindStatusCondition(w.network(w.name).Status.Conditions, v1alpha1.ConditionLoadBalancerRemovalHeld)
			if c == nil || c.Status != want {
				return fmt.Errorf("the condition is %+v, want %s", c, want)
			}
			return nil
		})
	}
	condition(metav1.ConditionTrue)
	w.service("s0", nil) // one comes back
	w.expect("s0", v1alpha1.ReasonEnsured, 1)
	for i := range many {
		if len(w.cloud.Of(w.owner(fmt.Sprintf("s%d", i)))) == 0 {
			t.Fatalf("what s%d had is gone", i)
		}
	}
	n := w.network(w.name)
	before := n.DeepCopy()
	n.Annotations = map[string]string{brake.Annotation("Service"): fmt.Sprint(many - 1)}
	if err := w.api.Patch(context.Background(), n, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	for i := range many - 1 {
		w.left(fmt.Sprintf("s%d", i+1), 0)
	}
	condition(metav1.ConditionFalse)
	w.wait(func() error {
		if a := w.network(w.name).Annotations; len(a) > 0 {
			return fmt.Errorf("the confirmation is still there: %v", a)
		}
		return nil
	})
	w.expect("s0", v1alpha1.ReasonEnsured, 1)
}
