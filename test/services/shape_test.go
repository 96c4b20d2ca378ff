package services

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// place is a cloud as a test acts on it and looks at it, by its own SDK and by
// the simulator, never by the adapter.
type place interface {
	network() v1alpha1.NetworkSpec
	// open gives a manager's load balancing.
	open(t *testing.T) lb.Balancers
	// machine makes one in the n-th zone.
	machine(name string, zone int) (providerID, address string)
	destroy(name string)
	// settle waits until all that was done so far shows in every read.
	settle()
	// shape is the owner's balancer; ok is false where there is none.
	shape(o cloud.Owner) (s shape, ok bool)
	// marked is all that carries an ownership mark, by kind and name.
	marked() map[string]cloud.Owner
	// harms are what somebody may do by hand to the owner's balancer.
	harms(o cloud.Owner) []harm
	// impossibleAddress are annotations that ask an internal balancer for an
	// address that it cannot get.
	impossibleAddress() []string
	// fullSubnet makes a subnet without free addresses, and gives the annotations
	// that put a balancer there.
	fullSubnet() []string
	// onChange has do called before each call that asks for a change.
	onChange(do func(what string))
	// reads and changes count the calls, by whether they ask for a change.
	reads() int
	changes() int
	// fail has calls of the method fail, each of them or each so-manieth, count
	// times or until undo.
	fail(f fault) (undo func())
}

// fault makes calls go wrong. Its method is the cloud's own.
type fault struct {
	method       string
	count, every int
	denied       bool // for want of a permission
	quota        bool // for want of room
	lost         bool // the reply, after the effect
	throttled    bool
	hang         <-chan struct{} // until it is closed
}

// harm is something done by hand.
type harm struct {
	what string
	do   func()
}

// shape is a balancer as clients and nodes find it.
type shape struct {
	Scheme   string   // internal or external
	Families []string // IPv4, IPv6
	Listens  []string // tcp/80
	To       []string // tcp/80:30080, where the cloud sends to NodePorts
	From     []string // who may connect
	Check    string   // http:10256/healthz
	Affinity bool     // by the client's address
	Nodes    []string
	// Status is what the Service's status is to say.
	Status []string
	// More is what only one cloud has.
	More map[string]string
}

// expected is what a Service asks for without annotations, said over again.
func expected(w *world, s *corev1.Service, nodes ...string) shape {
	want := shape{Scheme: "external", Check: "http:10256/healthz", Nodes: nodes, Affinity: s.Spec.SessionAffinity == corev1.ServiceAffinityClientIP}
	for _, f := range s.Spec.IPFamilies {
		want.Families = append(want.Families, string(f))
	}
	for _, p := range s.Spec.Ports {
		listens := strings.ToLower(string(p.Protocol)) + "/" + fmt.Sprint(p.Port)
		want.Listens = append(want.Listens, listens)
		if w.cloud == "aws" {
			want.To = append(want.To, fmt.Sprintf("%s:%d", listens, p.NodePort))
		}
	}
	if s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal {
		want.Check = fmt.Sprintf("http:%d/healthz", s.Spec.HealthCheckNodePort)
	}
	want.From = slices.Clone(s.Spec.LoadBalancerSourceRanges)
	if len(want.From) == 0 {
		for _, f := range want.Families {
			want.From = append(want.From, map[string]string{"IPv4": "0.0.0.0/0", "IPv6": "::/0"}[f])
		}
	}
	return want
}

// differs compares, but for what the Service's status is checked by.
func (s shape) differs(want shape) error {
	texts := func(list []string) string {
		list = slices.Clone(list)
		slices.Sort(list)
		return strings.Join(slices.Compact(list), " ")
	}
	for _, f := range []struct{ what, got, want string }{
		{"scheme", s.Scheme, want.Scheme}, {"families", texts(s.Families), texts(want.Families)},
		{"listens on", texts(s.Listens), texts(want.Listens)}, {"sends to", texts(s.To), texts(want.To)},
		{"lets in", texts(s.From), texts(want.From)}, {"checks", s.Check, want.Check},
		{"affinity", fmt.Sprint(s.Affinity), fmt.Sprint(want.Affinity)}, {"nodes", texts(s.Nodes), texts(want.Nodes)},
	} {
		if err := same(f.what, f.got, f.want); err != nil {
			return err
		}
	}
	for key, value := range want.More {
		if err := same(key, s.More[key], value); err != nil {
			return err
		}
	}
	return nil
}

// statusOf is how a Service's status is compared.
func statusOf(s *corev1.Service) (out []string) {
	for _, i := range s.Status.LoadBalancer.Ingress {
		mode := "no mode"
		if i.IPMode != nil {
			mode = string(*i.IPMode)
		}
		out = append(out, i.IP+i.Hostname+" "+mode)
	}
	slices.Sort(out)
	return out
}

// sends waits until the balancer sends to these nodes, whatever is said of the
// Service.
func (w *world) sends(name string, nodes ...string) {
	w.Helper()
	w.eventually(func() error {
		got, ok := w.shape(w.owner(name))
		if !ok {
			return fmt.Errorf("there is no balancer for %s", name)
		}
		slices.Sort(got.Nodes)
		return same("nodes", strings.Join(slices.Compact(got.Nodes), " "), strings.Join(nodes, " "))
	})
}

// serves waits until the Service is ensured, and the cloud has what it asks
// for, as amended.
func (w *world) serves(name string, nodes []string, amend ...func(*shape)) shape {
	w.Helper()
	w.reason(name, v1alpha1.ReasonEnsured)
	var got shape
	w.eventually(func() error {
		s := w.get(name)
		want := expected(w, s, nodes...)
		for _, a := range amend {
			if a != nil {
				a(&want)
			}
		}
		var ok bool
		if got, ok = w.shape(w.owner(name)); !ok {
			return fmt.Errorf("there is no balancer for %s", name)
		}
		if err := got.differs(want); err != nil {
			return fmt.Errorf("%s %w", name, err)
		}
		slices.Sort(got.Status)
		return same("status", strings.Join(statusOf(s), ", "), strings.Join(got.Status, ", "))
	})
	return got
}
