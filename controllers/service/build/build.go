// Package build turns a Service into the load balancer that it asks for, or
// says why it cannot be. It is pure: a Service and where it runs in, values
// out.
package build

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// OwnerKind is the kind in the ownership marks of what is made for a Service.
const OwnerKind = "Service"

// Cluster is where the Service runs.
type Cluster struct {
	ID string
	// Cloud is the name of its cloud: gcp or aws. Annotations about another
	// cloud's own things are not followed.
	Cloud string
}

// Owner is the owner of what is made for a Service.
func Owner(clusterID, namespace, name string) cloud.Owner {
	return cloud.Owner{ClusterID: clusterID, Kind: OwnerKind, Namespace: namespace, Name: name}
}

// Note is what there is to say of a Service: a reason for Events, conditions
// and metrics, and a sentence.
type Note struct {
	Reason, Text string
}

// Result is what a Service asks for.
type Result struct {
	// Balancer is whole only where there are no Refusals.
	Balancer lb.LoadBalancer
	// Nodes says which nodes its set has; it has no name where that cannot be
	// read.
	Nodes loadbalancer.Selection
	// Refusals are why it cannot be made as the Service says. Nothing is
	// changed then.
	Refusals []Note
	// Notes are what is not done as the Service says, without harm.
	Notes []Note
}

// Refused puts the refusals into one.
func (r Result) Refused() (Note, bool) {
	if len(r.Refusals) == 0 {
		return Note{}, false
	}
	out := Note{Reason: r.Refusals[0].Reason}
	texts := make([]string, 0, len(r.Refusals))
	for _, x := range r.Refusals {
		texts = append(texts, x.Text)
	}
	out.Text = strings.Join(texts, "; ")
	return out, true
}

// Wanted is what the engine is to keep for the Service.
func (r Result) Wanted(s *corev1.Service) loadbalancer.Wanted {
	w := loadbalancer.Wanted{Object: s, Balancer: r.Balancer, Nodes: map[string]loadbalancer.Selection{backend: r.Nodes}}
	for _, i := range s.Status.LoadBalancer.Ingress {
		for _, at := range []string{i.IP, i.Hostname} {
			if at != "" {
				w.Told = append(w.Told, at)
			}
		}
	}
	return w
}

// Make says what the Service asks for. Where it does not say who is to reach
// it, it keeps the scheme of what serves it now: serving, empty where nothing
// does. So neither a word taken out nor another manager moves it, least of all
// to the internet.
func Make(s *corev1.Service, in Cluster, serving lb.Scheme) Result {
	m := &maker{service: s, in: in}
	m.Balancer.Owner = Owner(in.ID, s.Namespace, s.Name)
	m.Balancer.Attributes = map[string]string{}
	m.to = lb.Backend{From: m.Balancer.Owner, Takes: lb.DefaultNodes, Attributes: map[string]string{}}
	m.health()
	m.affinity()
	m.annotations()
	m.scheme(serving)
	if !m.to.Check.HTTP {
		m.to.Check.Path = ""
	}
	m.listeners()
	m.frontends()
	m.sources()
	m.withoutEffect()
	if m.Nodes = loadbalancer.SelectionOf(m.Nodes.Labels); m.nodesUnread {
		m.Nodes = loadbalancer.Selection{}
	}
	if m.to.LocalOnly { // a node that is left out would leave out its pods
		m.to.Takes = 0
	}
	m.Balancer.Backends = map[string]lb.Backend{backend: m.to}
	sortNotes(m.Refusals)
	sortNotes(m.Notes)
	return m.Result
}

// backend is the name of a Service's backend: it has one, which all its ports
// send to.
const backend = "nodes"

type maker struct {
	Result
	to      lb.Backend
	service *corev1.Service
	in      Cluster
	// What annotations ask for and other parts of the Service decide on.
	addresses  []string // requested, by value or by name
	reserved4  string   // allocations of Elastic IPs, IPv4 all of them
	families   []lb.Family
	sourceText []string
	// closed: where nothing says the scheme, it is internal.
	closed      bool
	nodesUnread bool
}

// attributeMap has the attributes of the key: the backend's, or the balancer's.
func (m *maker) attributeMap(key string) map[string]string {
	if lb.OfBackend(key) {
		return m.to.Attributes
	}
	return m.Balancer.Attributes
}

func (m *maker) refuse(reason, format string, args ...any) {
	m.Refusals = append(m.Refusals, Note{reason, fmt.Sprintf(format, args...)})
}

func (m *maker) note(reason, format string, args ...any) {
	m.Notes = append(m.Notes, Note{reason, fmt.Sprintf(format, args...)})
}

func sortNotes(list []Note) {
	slices.SortFunc(list, func(a, b Note) int {
		return cmp.Or(strings.Compare(a.Reason, b.Reason), strings.Compare(a.Text, b.Text))
	})
}

// scheme is the one that is said; or that of what serves; or what it is by
// default.
func (m *maker) scheme(serving lb.Scheme) {
	if m.Balancer.Scheme != "" {
		return
	}
	if m.Balancer.Scheme = lb.External; m.closed {
		m.Balancer.Scheme = lb.Internal
	}
	if serving == "" || serving == m.Balancer.Scheme {
		return
	}
	m.note(v1alpha1.ReasonSchemeKept, "nothing says who is to reach it, so what serves stays %s; annotation %s=%s moves it, and gives it another address",
		serving, SchemeAnnotation, m.Balancer.Scheme)
	m.Balancer.Scheme = serving
}

// listeners are the Service's ports.
func (m *maker) listeners() {
	if len(m.service.Spec.Ports) == 0 {
		m.refuse(v1alpha1.ReasonNoPorts, "the Service has no ports")
	}
	for _, p := range m.service.Spec.Ports {
		protocol := lb.Protocol(cmp.Or(p.Protocol, corev1.ProtocolTCP))
		if protocol != lb.TCP && protocol != lb.UDP {
			m.refuse(v1alpha1.ReasonUnsupportedProtocol, "port %d is %s: load balancers take TCP and UDP", p.Port, protocol)
			continue
		}
		m.Balancer.Listeners = append(m.Balancer.Listeners, lb.Listener{
			Name: p.Name, From: m.Balancer.Owner, Protocol: protocol, Port: uint16(p.Port),
			To: lb.Target{Backend: backend, NodePort: uint16(p.NodePort)},
		})
	}
}

// health follows the traffic policy: where nodes serve only pods of their own,
// kube-proxy answers for this Service on a port of its own.
func (m *maker) health() {
	m.to.Check = lb.KubeProxyCheck
	if m.service.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal {
		return
	}
	m.to.LocalOnly = true
	m.to.Check.Shared = false
	m.to.Check.Port = uint16(m.service.Spec.HealthCheckNodePort)
	if m.service.Spec.HealthCheckNodePort == 0 {
		m.refuse(v1alpha1.ReasonNoHealthCheckNodePort, "externalTrafficPolicy is Local and healthCheckNodePort is not allocated")
	}
}
