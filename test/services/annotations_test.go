package services

import (
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	compute "google.golang.org/api/compute/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/service/build"
)

// aws is where annotations of the AWS controllers begin.
const awsAnnotation = "service.beta.kubernetes.io/aws-load-balancer-"

func ofAWS(pairs ...string) edit {
	for i := 0; i < len(pairs); i += 2 {
		pairs[i] = awsAnnotation + pairs[i]
	}
	return annotate(pairs...)
}

// more expects what only one cloud has.
func more(pairs ...string) func(*shape) {
	return func(s *shape) {
		if s.More == nil {
			s.More = map[string]string{}
		}
		for i := 0; i < len(pairs); i += 2 {
			s.More[pairs[i]] = pairs[i+1]
		}
	}
}

func all(list ...func(*shape)) func(*shape) {
	return func(s *shape) {
		for _, f := range list {
			f(s)
		}
	}
}

func both(list ...edit) edit {
	return func(s *corev1.Service) {
		for _, e := range list {
			e(s)
		}
	}
}

// reserved has an address reserved in the cloud, which the Service asks for by
// an annotation.
func reserved(key, name string, edits ...func(*compute.Address)) func(*world) edit {
	return func(w *world) edit {
		w.guard.byHand(func() { w.place.(*gce).reserve(name, edits...) })
		return annotate(key, name)
	}
}

var annotations = []row{
	{name: "network-tier", on: "gcp", edit: annotate("cloud.google.com/network-tier", "Standard"), amend: more("tier", "STANDARD")},
	{name: "reserved-by-name", on: "gcp", arrange: reserved("vpcnative.dev/addresses", "by-name"), amend: more("reserved", "by-name")},
	{name: "reserved-of-gke", on: "gcp", arrange: reserved("networking.gke.io/load-balancer-ip-addresses", "of-gke"), amend: more("reserved", "of-gke")},
	{name: "load-balancer-ip", on: "gcp", arrange: func(w *world) edit {
		var address string
		w.guard.byHand(func() { address = w.place.(*gce).reserve("by-value") })
		return func(s *corev1.Service) { s.Spec.LoadBalancerIP = address }
	}, amend: more("reserved", "by-value")},
	{name: "reserved-in-another-region", on: "gcp", arrange: reserved("vpcnative.dev/addresses", "far", func(a *compute.Address) { a.Region = "us-east1" }),
		reason: refusedAs(reasonOf(cloud.NotFound)), events: []string{"there is no address far in region us-central1"}},
	{name: "reserved-of-another-tier", on: "gcp", edit: annotate("cloud.google.com/network-tier", "Premium"),
		arrange: reserved("vpcnative.dev/addresses", "cheap", func(a *compute.Address) { a.NetworkTier = "STANDARD" }),
		reason:  refusedAs(reasonOf(cloud.Invalid)), events: []string{"is of tier STANDARD"}},
	{name: "reserved-external-asked-by-internal", on: "gcp", edit: internal, arrange: reserved("vpcnative.dev/addresses", "outside"),
		reason: refusedAs(reasonOf(cloud.Invalid)), events: []string{"is external"}},
	{name: "not-reserved", on: "gcp", edit: annotate("vpcnative.dev/addresses", "nowhere"), reason: refusedAs(reasonOf(cloud.NotFound))},
	{name: "internal-by-value", on: "gcp", edit: both(internal, annotate("vpcnative.dev/addresses", "10.128.9.9")), amend: all(inside, more("address", "10.128.9.9"))},
	{name: "subnet", on: "gcp", edit: both(internal, annotate("vpcnative.dev/subnets", "inside")), amend: all(inside, more("subnetwork", "inside"))},
	{name: "subnet-of-gke", on: "gcp", edit: both(internal, annotate("networking.gke.io/load-balancer-subnet", "inside")), amend: all(inside, more("subnetwork", "inside"))},
	{name: "subnet-of-internal-gke", on: "gcp", edit: both(internal, annotate("networking.gke.io/internal-load-balancer-subnet", "inside")),
		amend: all(inside, more("subnetwork", "inside"))},
	{name: "global-access", on: "gcp", edit: both(internal, annotate("networking.gke.io/internal-load-balancer-allow-global-access", "true")),
		amend: all(inside, more("global-access", "true"))},
	{name: "weighted", on: "gcp", edit: both(local, annotate("networking.gke.io/weighted-load-balancing", "pods-per-node")), amend: more("policy", "WEIGHTED_MAGLEV")},
	{name: "weighted-without-local", on: "gcp", edit: annotate("networking.gke.io/weighted-load-balancing", "pods-per-node"), amend: more("policy", ""),
		events: []string{"AnnotationIgnored: weighted load balancing is ignored: it needs externalTrafficPolicy Local"}},
	{name: "instance-groups", on: "gcp", edit: annotate("vpcnative.dev/backends", "InstanceGroups"), amend: more("backends", "instanceGroups")},

	{name: "some-of-the-nodes", on: "aws", edit: annotate("vpcnative.dev/nodes", "3")},
	{name: "some-of-the-nodes-and-local", on: "aws", edit: both(local, annotate("vpcnative.dev/nodes", "3")),
		events: []string{"AnnotationIgnored: annotation vpcnative.dev/nodes is ignored: it needs externalTrafficPolicy Cluster"}},
	{name: "types-of-aws", edit: ofAWS("type", "nlb", "nlb-target-type", "instance", "backend-protocol", "tcp", "ip-address-type", "ipv4")},
	{name: "pods-of-aws", edit: ofAWS("type", "external", "nlb-target-type", "ip"), amend: inside, // as the AWS Load Balancer Controller has them
		events: []string{"AnnotationIgnored: aws-load-balancer-nlb-target-type: ip: pods as targets are not supported yet"}},
	{name: "pods-of-older-aws", edit: ofAWS("type", "nlb-ip"), amend: inside, events: []string{"AnnotationIgnored: aws-load-balancer-type: nlb-ip: pods as targets are not supported yet"}},
	{name: "controller-of-aws-and-a-scheme", edit: ofAWS("type", "external", "scheme", "internet-facing")},
	{name: "tls-backend", edit: ofAWS("backend-protocol", "ssl"), reason: refusedAs(v1alpha1.ReasonInvalidAnnotation)},
	{name: "health-check", edit: ofAWS("healthcheck-protocol", "http", "healthcheck-port", "10999", "healthcheck-path", "/ready",
		"healthcheck-interval", "20", "healthcheck-timeout", "5", "healthcheck-healthy-threshold", "3", "healthcheck-unhealthy-threshold", "4"),
		amend: func(s *shape) { s.Check = "http:10999/ready"; more("interval", "20")(s) }},
	{name: "health-check-too-slow", edit: ofAWS("healthcheck-interval", "301"), reason: refusedAs(v1alpha1.ReasonInvalidAnnotation)},

	{name: "elastic-ips", on: "aws", arrange: func(w *world) edit {
		var ids []string
		for range ec2Zones {
			id, _, err := w.place.(*amazon).sim.AddElasticIP()
			w.place.(*amazon).must(err)
			ids = append(ids, id)
		}
		return ofAWS("eip-allocations", strings.Join(ids, ","))
	}, amend: more("addresses", "3 of Elastic IPs")},
	{name: "elastic-ips-of-internal", on: "aws", edit: both(internal, ofAWS("eip-allocations", "eipalloc-00000000000000001")),
		reason: refusedAs(v1alpha1.ReasonInvalidAddress)},
	{name: "private-address", on: "aws", edit: ofAWS("scheme", "internal", "private-ipv4-addresses", "10.2.0.77", "subnets", "front-eu-west-1a"),
		amend: all(inside, only("n1"), more("addresses", "10.2.0.77", "in", "eu-west-1a"))},
	{name: "subnets-of-ours", on: "aws", edit: annotate("vpcnative.dev/subnets", "front-eu-west-1b"), amend: all(only("n2"), more("in", "eu-west-1b"))},
	{name: "no-such-subnet", on: "aws", edit: annotate("vpcnative.dev/subnets", "nowhere"), reason: refusedAs(reasonOf(cloud.NotFound))},
	{name: "security-groups", on: "aws", arrange: func(w *world) edit {
		e := w.place.(*amazon)
		var id string
		w.guard.byHand(func() {
			made, err := e.ec2.CreateSecurityGroup(e.Context(), &ec2.CreateSecurityGroupInput{GroupName: new("theirs"), Description: new("theirs"), VpcId: &e.vpc})
			e.must(err)
			id = *made.GroupId
		})
		return ofAWS("security-groups", id, "manage-backend-security-group-rules", "false")
	}, amend: func(s *shape) { s.From, s.Nodes = nil, nil; more("groups", "2")(s) }},
	{name: "tags", on: "aws", edit: ofAWS("additional-resource-tags", "team=web,cost=12"), amend: more("tag team", "web", "tag cost", "12")},
	{name: "cross-zone", on: "aws", edit: ofAWS("cross-zone-load-balancing-enabled", "true"), amend: more("balancer load_balancing.cross_zone.enabled", "true")},
	{name: "draining", on: "aws", edit: ofAWS("connection-draining-timeout", "120", "connection-draining-enabled", "true"),
		amend: more("deregistration_delay.timeout_seconds", "120")},
	// Checks have the header too, which kube-proxy does not understand.
	{name: "proxy-protocol", on: "aws", edit: ofAWS("proxy-protocol", "*"), amend: all(more("proxy_protocol_v2.enabled", "true"),
		func(s *shape) { s.Check = "tcp:traffic-port" })},
	{name: "proxy-protocol-and-local", on: "aws", edit: both(local, ofAWS("proxy-protocol", "*")), reason: refusedAs(reasonOf(cloud.Invalid)),
		events: []string{"kube-proxy does not understand the protocol"}},
	{name: "access-logs", on: "aws", edit: ofAWS("access-log-enabled", "true", "access-log-s3-bucket-name", "logs", "access-log-s3-bucket-prefix", "web"),
		amend: more("balancer access_logs.s3.enabled", "true", "balancer access_logs.s3.bucket", "logs", "balancer access_logs.s3.prefix", "web")},
	{name: "attributes", on: "aws", edit: ofAWS("attributes", "load_balancing.cross_zone.enabled=true", "target-group-attributes", "deregistration_delay.timeout_seconds=9"),
		amend: more("balancer load_balancing.cross_zone.enabled", "true", "deregistration_delay.timeout_seconds", "9")},
	{name: "no-such-attribute", on: "aws", edit: ofAWS("attributes", "tpyo=1"), reason: refusedAs(reasonOf(cloud.Invalid))},
	{name: "no-right-value", on: "aws", edit: ofAWS("connection-draining-timeout", "soon"), reason: refusedAs(v1alpha1.ReasonInvalidAnnotation)},
	{name: "of-the-other-cloud", on: "gcp", edit: ofAWS("proxy-protocol", "*"), events: []string{"has no effect: it is for AWS, and this cluster runs on Google Cloud"}},
	{name: "of-the-other-cloud-too", on: "aws", edit: annotate("cloud.google.com/network-tier", "Standard"), events: []string{"has no effect: it is for Google Cloud, and this cluster runs on AWS"}},
}

// only are the nodes that are reached.
func only(nodes ...string) func(*shape) { return func(s *shape) { s.Nodes = nodes } }

// notFollowed are a row for each annotation that is refused, and one for those
// of each other effect together.
func notFollowed() (out []row) {
	values := map[build.Effect][]string{}
	for _, a := range build.Annotations {
		key := strings.Replace(a.Key, "*", "x", 1)
		if a.Effect == build.Refused {
			out = append(out, row{name: "refused-" + key[strings.LastIndexByte(key, '/')+1:], on: a.Cloud, edit: annotate(key, "x"),
				reason: refusedAs(v1alpha1.ReasonAnnotationUnsupported), events: []string{"annotation " + key + " is not supported"}})
			continue
		}
		values[a.Effect] = append(values[a.Effect], key, "x")
	}
	return append(out,
		row{name: "ignored", edit: annotate(values[build.Ignored]...), events: []string{v1alpha1.ReasonAnnotationIgnored}},
		row{name: "silent", edit: annotate(values[build.Silent]...), quiet: true})
}

// used are the annotations that some row has had.
type used struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (u *used) note(s *corev1.Service) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.keys == nil {
		u.keys = map[string]bool{}
	}
	for key := range s.Annotations {
		if a, ok := build.Find(key); ok {
			u.keys[a.Key] = true
		}
	}
}

// missing are those of the table that mean something on the cloud and that no
// row has had.
func (u *used) missing(cloudName string) (out []string) {
	for _, a := range build.Annotations {
		if !u.keys[a.Key] && (a.Cloud == "" || a.Cloud == cloudName) {
			out = append(out, a.Key)
		}
	}
	return out
}
