package services

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/ptr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// row is a Service, and what becomes of it.
type row struct {
	name string
	on   string // the only cloud; both where it is empty
	edit edit
	// arrange is done in the cloud before; what it gives is edited too.
	arrange func(w *world) edit
	// amend changes what the Service is expected to get, beyond what its spec
	// says without annotations.
	amend func(*shape)
	// reason is that of the condition where it is refused, by cloud where they
	// differ; nothing is made then.
	reason map[string]string
	// trouble is that of the condition where the cloud refuses a part of it.
	trouble string
	// events are texts in its Events; quiet: none is about annotations.
	events []string
	quiet  bool
}

func refusedAs(reason string) map[string]string {
	return map[string]string{"gcp": reason, "aws": reason}
}

func reasonOf(c cloud.Reason) string { return string(c) }

var contract = []row{
	{name: "plain", events: []string{"EnsuredLoadBalancer: in sync; 3 backend nodes"}},
	{name: "udp", edit: ports(udp(53))},
	{name: "tcp-and-udp-on-two-ports", edit: ports(tcp(80), udp(53))},
	{name: "tcp-and-udp-on-one-port", edit: ports(tcp(53), udp(53))},
	{name: "seven-ports", edit: ports(tcp(80), tcp(81), tcp(82), tcp(443), tcp(8080), tcp(8443), tcp(9000))},
	{name: "node-port-by-hand", arrange: func(w *world) edit { return func(s *corev1.Service) { s.Spec.Ports[0].NodePort = w.byHand(0) } }},
	{name: "local", edit: local},
	{name: "local-health-check-by-hand", edit: local, arrange: func(w *world) edit {
		return func(s *corev1.Service) { s.Spec.HealthCheckNodePort = w.byHand(1) }
	}},
	{name: "affinity", edit: func(s *corev1.Service) { s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP }},
	{name: "sources", edit: func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24", "198.51.100.0/24"} }},
	{name: "sources-by-annotation", edit: annotate("service.beta.kubernetes.io/load-balancer-source-ranges", "192.0.2.0/24, 198.51.100.7/32"),
		amend: func(s *shape) { s.From = []string{"192.0.2.0/24", "198.51.100.7/32"} }},
	{name: "sources-that-are-none", edit: annotate("service.kubernetes.io/load-balancer-source-ranges", "everyone"),
		reason: refusedAs(v1alpha1.ReasonInvalidSourceRange), events: []string{`"everyone" is no CIDR`}},
	{name: "sources-of-no-family", edit: func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"2001:db8::/32"} },
		amend: func(s *shape) {
			if s.From = nil; len(s.To) > 0 { // on AWS nodes are those that some client reaches
				s.Nodes = nil
			}
		}, events: []string{"NoClientsAllowed"}},
	{name: "sources-more-than-fit", edit: func(s *corev1.Service) {
		for n := range 5001 { // a firewall rule has 5,000, and AWS's rules are fewer; no two are one
			n *= 2
			s.Spec.LoadBalancerSourceRanges = append(s.Spec.LoadBalancerSourceRanges, fmt.Sprintf("20.%d.%d.0/24", n/256, n%256))
		}
	}, reason: refusedAs(reasonOf(cloud.LimitExceeded)), events: []string{"5001"}},
	{name: "subnet-that-is-full", edit: internal, arrange: func(w *world) edit { return annotate(w.fullSubnet()...) },
		trouble: reasonOf(cloud.QuotaExceeded), events: []string{"free addresses"}},
	{name: "no-node-ports", edit: func(s *corev1.Service) { s.Spec.AllocateLoadBalancerNodePorts = ptr.To(false) },
		reason: map[string]string{"aws": reasonOf(cloud.Invalid)}},
	{name: "sctp", edit: func(s *corev1.Service) { s.Spec.Ports[0].Protocol = corev1.ProtocolSCTP },
		reason: refusedAs(v1alpha1.ReasonUnsupportedProtocol), events: []string{"UnsupportedProtocol: port 80 is SCTP"}},
	{name: "mixed-by-hand", on: "aws", edit: ports(tcp(53), udp(53)), arrange: func(w *world) edit {
		return func(s *corev1.Service) { s.Spec.Ports[0].NodePort, s.Spec.Ports[1].NodePort = w.byHand(2), w.byHand(3) }
	}, reason: refusedAs(v1alpha1.ReasonMixedProtocols)},

	{name: "internal", edit: internal, amend: inside},
	{name: "internal-of-gke", edit: annotate("networking.gke.io/load-balancer-type", "Internal"), amend: inside},
	{name: "internal-of-older-gke", edit: annotate("cloud.google.com/load-balancer-type", "Internal"), amend: inside},
	{name: "internal-of-aws", edit: annotate("service.beta.kubernetes.io/aws-load-balancer-internal", "true"), amend: inside},
	{name: "internal-scheme-of-aws", edit: annotate("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"), amend: inside},
	{name: "internal-short", edit: annotate("service.kubernetes.io/aws-load-balancer-scheme", "internal"), amend: inside},
	{name: "internal-udp-and-tcp", edit: func(s *corev1.Service) { internal(s); ports(tcp(53), udp(53))(s) }, amend: inside},

	{name: "dual-stack", edit: families(corev1.IPFamilyPolicyRequireDualStack, corev1.IPv4Protocol, corev1.IPv6Protocol)},
	{name: "dual-stack-ipv6-first", edit: families(corev1.IPFamilyPolicyRequireDualStack, corev1.IPv6Protocol, corev1.IPv4Protocol)},
	{name: "ipv6", edit: families(corev1.IPFamilyPolicySingleStack, corev1.IPv6Protocol), reason: map[string]string{"aws": reasonOf(cloud.Invalid)}},
	{name: "dual-stack-udp", edit: func(s *corev1.Service) {
		ports(udp(53))(s)
		families(corev1.IPFamilyPolicyRequireDualStack, corev1.IPv4Protocol, corev1.IPv6Protocol)(s)
	}, reason: map[string]string{"aws": reasonOf(cloud.Invalid)}},
	{name: "dual-stack-of-aws", on: "aws", edit: annotate("service.beta.kubernetes.io/aws-load-balancer-ip-address-type", "dualstack"),
		amend: func(s *shape) {
			s.Families, s.From = []string{"IPv4", "IPv6"}, []string{"0.0.0.0/0", "::/0"}
		}},

	{name: "foreign-annotations", edit: annotate("example.com/load-balancer", "x", "metallb.io/address-pool", "y"), quiet: true},
	{name: "unknown-of-ours", edit: annotate("vpcnative.dev/shceme", "Internal"), reason: refusedAs(v1alpha1.ReasonAnnotationUnknown),
		events: []string{"AnnotationUnknown: annotation vpcnative.dev/shceme"}},
	{name: "unknown-of-gke", edit: annotate("networking.gke.io/tpyo", "x", "cloud.google.com/tpyo", "y"),
		events: []string{"AnnotationUnknown: annotation cloud.google.com/tpyo", "annotation networking.gke.io/tpyo"}},
	{name: "unknown-of-aws", edit: annotate("service.beta.kubernetes.io/aws-load-balancer-tpyo", "x", "service.kubernetes.io/aws-load-balancer-tpyo", "x"),
		events: []string{"annotation service.beta.kubernetes.io/aws-load-balancer-tpyo", "annotation service.kubernetes.io/aws-load-balancer-tpyo"}},
	{name: "value-that-is-none", edit: annotate("vpcnative.dev/scheme", "Secret"),
		reason: refusedAs(v1alpha1.ReasonInvalidAnnotation), events: []string{`annotation vpcnative.dev/scheme="Secret": it is one of External, Internal`}},
	{name: "tls", edit: annotate("service.beta.kubernetes.io/aws-load-balancer-ssl-cert", "arn:aws:acm:eu-west-1:123456789012:certificate/x"),
		reason: refusedAs(v1alpha1.ReasonAnnotationUnsupported)},
	{name: "no-such-network", edit: annotate("vpcnative.dev/network", "elsewhere"), reason: refusedAs(v1alpha1.ReasonNetworkNotFound),
		events: []string{`there is no Network "elsewhere"`}},
	{name: "address-of-no-family", edit: annotate("vpcnative.dev/addresses", "2001:db8::1"), reason: refusedAs(v1alpha1.ReasonInvalidAddress),
		events: []string{"InvalidAddress: address 2001:db8::1 is IPv6"}},
	{name: "selected-nodes", edit: annotate("service.beta.kubernetes.io/aws-load-balancer-target-node-labels", "pool=front"),
		amend: func(s *shape) { s.Nodes = []string{"n1"} }},
}

func inside(s *shape) { s.Scheme = "internal" }

// TestContract has every row on one API server, one cloud and one controller
// for each cloud.
func TestContract(t *testing.T) {
	t.Parallel()
	for cloudName := range clouds {
		t.Run(cloudName, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, cloudName, "contract", options{})
			w.node("n1", 0, "pool=front")
			w.node("n2", 1)
			w.node("n3", 2)
			w.start()
			u := &used{}
			t.Run("of", func(t *testing.T) { // ends when all rows have
				for _, r := range slices.Concat(contract, annotations, notFollowed()) {
					if r.on == "" || r.on == cloudName {
						t.Run(r.name, func(t *testing.T) {
							t.Parallel()
							u.note(r.run(w.in(t)))
						})
					}
				}
			})
			if missing := u.missing(cloudName); len(missing) > 0 && flag.Lookup("test.run").Value.String() == "" {
				t.Errorf("no row has the annotations %v", missing)
			}
		})
	}
}

// in is the world as a subtest has it.
func (w *world) in(t *testing.T) *world {
	return &world{T: t, place: w.place, cloud: w.cloud, name: w.name, api: w.api, guard: w.guard}
}

// nothingToWarnOf: that the cloud lags behind, and what was deleted lingers, is
// nobody's business.
func (w *world) nothingToWarnOf(r row) {
	w.Helper()
	if r.trouble != "" || r.reason[w.cloud] != "" || len(r.events) > 0 {
		return
	}
	for _, text := range w.eventTexts(r.name) {
		if strings.Contains(text, " "+corev1.EventTypeWarning+" ") {
			w.Errorf("it was made as wanted, and there is the Event\n%s", text)
		}
	}
}

func (r row) run(w *world) *corev1.Service {
	edits := []edit{r.edit}
	if r.arrange != nil {
		edits = append(edits, r.arrange(w))
	}
	made := w.service(r.name, edits...)
	reason := r.reason[w.cloud]
	switch {
	case r.trouble != "":
		w.reason(r.name, r.trouble)
		reason = r.trouble
	case reason == "":
		w.serves(r.name, []string{"n1", "n2", "n3"}, r.amend)
	default:
		w.reason(r.name, reason)
		if got := w.parts(w.owner(r.name)); len(got) > 0 {
			w.Errorf("it was refused, and has %v", got)
		}
		if s := w.get(r.name); len(s.Finalizers) > 0 {
			w.Errorf("it was refused, and has the finalizers %v", s.Finalizers)
		}
	}
	for _, text := range append(r.events, reason) {
		if text != "" {
			w.event(r.name, text)
		}
	}
	mixed := meta.IsStatusConditionTrue(w.get(r.name).Status.Conditions, corev1.LoadBalancerPortsError)
	if mixed != (reason == v1alpha1.ReasonMixedProtocols) {
		w.Errorf("condition %s is %v", corev1.LoadBalancerPortsError, mixed)
	}
	if known := strings.Join(w.eventTexts(r.name), "\n"); r.quiet && strings.Contains(known, "Annotation") {
		w.Errorf("Events about annotations:\n%s", known)
	}
	w.remove(r.name)
	w.nothingToWarnOf(r)
	return made
}
