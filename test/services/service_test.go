package services

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

type edit = func(*corev1.Service)

// service makes a Service of our class, for port 80, as edited.
func (w *world) service(name string, edits ...edit) *corev1.Service {
	w.Helper()
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.name, Name: name, Annotations: map[string]string{loadbalancer.NetworkAnnotation: w.name}},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: ptr.To(v1alpha1.ClassLoadBalancer),
			Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}
	for _, e := range edits {
		if e != nil {
			e(s)
		}
	}
	w.create(s)
	return s
}

// get gives the Service as it is; nil where it is gone.
func (w *world) get(name string) *corev1.Service {
	s := &corev1.Service{}
	if err := w.api.Get(context.Background(), client.ObjectKey{Namespace: w.name, Name: name}, s); err != nil {
		if client.IgnoreNotFound(err) != nil {
			w.Error(err)
		}
		return nil
	}
	return s
}

func (w *world) edit(name string, edits ...edit) {
	w.Helper()
	w.eventually(func() error {
		s := w.get(name)
		if s == nil {
			return errors.New("it is gone")
		}
		for _, e := range edits {
			e(s)
		}
		return w.api.Update(context.Background(), s)
	})
}

// remove deletes the Service and waits until it is gone, with all that it had.
func (w *world) remove(name string) {
	w.Helper()
	w.delete(w.get(name))
	w.gone(name)
}

func (w *world) gone(name string) {
	w.Helper()
	w.eventually(func() error {
		if s := w.get(name); s != nil {
			return fmt.Errorf("%s is still there, with %v", name, s.Finalizers)
		}
		return nil
	})
	if left := w.parts(w.owner(name)); len(left) > 0 {
		w.Errorf("%s is gone, and there is still %v", name, left)
	}
}

// parts are the names of all that is marked as the owner's.
func (w *world) parts(o cloud.Owner) (out []string) {
	for name, whose := range w.marked() {
		if whose == o {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// reason waits for that of the Service's condition, about the Service as it is.
func (w *world) reason(name, want string) {
	w.Helper()
	w.eventually(func() error {
		s := w.get(name)
		if s == nil {
			return errors.New("it is gone")
		}
		c := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionLoadBalancer)
		switch {
		case c == nil:
			return errors.New("it has no condition")
		case c.Reason != want || (c.Status == metav1.ConditionTrue) != (want == v1alpha1.ReasonEnsured):
			return fmt.Errorf("%s is %s %s (%s), want %s", name, c.Status, c.Reason, c.Message, want)
		case c.ObservedGeneration != s.Generation:
			return fmt.Errorf("the condition is about generation %d of %d", c.ObservedGeneration, s.Generation)
		case want == v1alpha1.ReasonEnsured && len(s.Status.LoadBalancer.Ingress) == 0:
			return errors.New("it has no address")
		}
		return nil
	})
}

// says waits for the Service's condition to say so.
func (w *world) says(name, text string) {
	w.Helper()
	w.eventually(func() error {
		c := meta.FindStatusCondition(w.get(name).Status.Conditions, v1alpha1.ConditionLoadBalancer)
		if c == nil || !strings.Contains(c.Message, text) {
			return fmt.Errorf("the condition is %+v, and does not say %q", c, text)
		}
		return nil
	})
}

// untouched wants a Service that nobody of ours has written to.
func (w *world) untouched(name string) {
	w.Helper()
	if s := w.get(name); len(s.Finalizers)+len(s.Status.Conditions)+len(s.Status.LoadBalancer.Ingress) > 0 {
		w.Errorf("%s was touched: %v %v %v", name, s.Finalizers, s.Status.Conditions, s.Status.LoadBalancer)
	}
	if got := w.parts(w.owner(name)); len(got) > 0 {
		w.Errorf("%s has %v", name, got)
	}
}

// released waits until nothing is left of a balancer on a Service that stays.
func (w *world) released(name string) {
	w.Helper()
	w.eventually(func() error {
		s := w.get(name)
		if controllerutil.ContainsFinalizer(s, v1alpha1.LoadBalancerFinalizer) {
			return fmt.Errorf("%s keeps its finalizer", name)
		}
		return nil
	})
	w.untouched(name)
}

// eventTexts are the Events about a Service, each with its reason; about
// anything where the name is empty.
func (w *world) eventTexts(service string) (out []string) {
	var list eventsv1.EventList
	if err := w.api.List(context.Background(), &list, client.InNamespace(w.name)); err != nil {
		w.Error(err)
	}
	slices.SortFunc(list.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	for _, e := range list.Items {
		if service == "" || e.Regarding.Kind == "Service" && e.Regarding.Name == service {
			out = append(out, cmp.Or(e.Regarding.Name, "?")+" "+e.Type+" "+e.Reason+": "+e.Note)
		}
	}
	return out
}

// event waits for an Event about the Service that has the text.
func (w *world) event(service, text string) {
	w.Helper()
	w.eventually(func() error {
		if all := w.eventTexts(service); !slices.ContainsFunc(all, func(e string) bool { return strings.Contains(e, text) }) {
			return fmt.Errorf("no Event of %s says %q", service, text)
		}
		return nil
	})
}

// networkEvent waits for an Event about the Network.
func (w *world) networkEvent(reason string) {
	w.Helper()
	w.eventually(func() error {
		var list eventsv1.EventList
		if err := w.api.List(context.Background(), &list); err != nil {
			return err
		}
		if !slices.ContainsFunc(list.Items, func(e eventsv1.Event) bool {
			return e.Regarding.Kind == "Network" && e.Regarding.Name == w.name && e.Reason == reason
		}) {
			return fmt.Errorf("no Event of the Network has reason %s", reason)
		}
		return nil
	})
}

// refused waits until the Service is not served, for something that has the
// text.
func (w *world) refused(name, text string) {
	w.Helper()
	w.eventually(func() error {
		c := meta.FindStatusCondition(w.get(name).Status.Conditions, v1alpha1.ConditionLoadBalancer)
		if c == nil || c.Status == metav1.ConditionTrue || !strings.Contains(c.Reason+": "+c.Message, text) {
			return fmt.Errorf("the condition is %+v, want %q", c, text)
		}
		return nil
	})
}

// annotate gives annotations by pairs.
func annotate(pairs ...string) edit {
	return func(s *corev1.Service) {
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		for i := 0; i < len(pairs); i += 2 {
			s.Annotations[pairs[i]] = pairs[i+1]
		}
	}
}

func unannotate(keys ...string) edit {
	return func(s *corev1.Service) {
		for _, key := range keys {
			delete(s.Annotations, key)
		}
	}
}

func ports(list ...corev1.ServicePort) edit {
	return func(s *corev1.Service) { s.Spec.Ports = list }
}

func tcp(n int32) corev1.ServicePort {
	return corev1.ServicePort{Name: fmt.Sprintf("tcp-%d", n), Protocol: corev1.ProtocolTCP, Port: n}
}

func udp(n int32) corev1.ServicePort {
	return corev1.ServicePort{Name: fmt.Sprintf("udp-%d", n), Protocol: corev1.ProtocolUDP, Port: n}
}

func local(s *corev1.Service) {
	s.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
}

func internal(s *corev1.Service) { annotate("vpcnative.dev/scheme", "Internal")(s) }

func noClass(s *corev1.Service) { s.Spec.LoadBalancerClass = nil }

func families(policy corev1.IPFamilyPolicy, list ...corev1.IPFamily) edit {
	return func(s *corev1.Service) { s.Spec.IPFamilyPolicy, s.Spec.IPFamilies = &policy, list }
}

// byHand is a port of the band that the API server leaves to people, another
// one on each cloud: the API server has each once.
func (w *world) byHand(n int32) int32 {
	return map[string]int32{"gcp": 30010, "aws": 30020}[w.cloud] + n
}
