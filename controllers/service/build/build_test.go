package build

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// web is a Service as the API server defaults it.
func web(change func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Annotations: map[string]string{}},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol},
			SessionAffinity: corev1.ServiceAffinityNone, ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyCluster,
			Ports: []corev1.ServicePort{{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80, NodePort: 30080}},
		},
	}
	if change != nil {
		change(s)
	}
	return s
}

func annotated(pairs ...string) func(*corev1.Service) {
	return func(s *corev1.Service) {
		for i := 0; i < len(pairs); i += 2 {
			s.Annotations[pairs[i]] = pairs[i+1]
		}
	}
}

var webOwner = cloud.Owner{ClusterID: "c", Kind: "Service", Namespace: "shop", Name: "web"}

// to is an edit of the backend.
func to(edit func(*lb.Backend)) func(*lb.LoadBalancer) {
	return func(b *lb.LoadBalancer) {
		all := b.Backends[backend]
		edit(&all)
		b.Backends[backend] = all
	}
}

// plain is what web asks for.
func plain() lb.LoadBalancer {
	return lb.LoadBalancer{
		Owner:     webOwner,
		Scheme:    lb.External,
		Frontends: []lb.Frontend{{Family: lb.IPv4}},
		Listeners: []lb.Listener{listener("http", lb.TCP, 80, 30080)},
		Backends: map[string]lb.Backend{backend: {
			From: webOwner, Takes: 25, Check: lb.KubeProxyCheck, Attributes: map[string]string{},
		}},
		AllowedSources: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")},
		Attributes:     map[string]string{},
	}
}

func listener(name string, p lb.Protocol, port, node uint16) lb.Listener {
	return lb.Listener{Name: name, From: webOwner, Protocol: p, Port: port, To: lb.Target{Backend: backend, NodePort: node}}
}

func prefixes(texts ...string) (out []netip.Prefix) {
	for _, t := range texts {
		out = append(out, netip.MustParsePrefix(t))
	}
	return out
}

func TestFieldsBecomeABalancer(t *testing.T) {
	t.Parallel()
	hour := int32(3600)
	dual := func(s *corev1.Service) {
		s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv6Protocol, corev1.IPv4Protocol}
	}
	local := func(s *corev1.Service) {
		s.Spec.ExternalTrafficPolicy, s.Spec.HealthCheckNodePort = corev1.ServiceExternalTrafficPolicyLocal, 31000
	}
	for name, c := range map[string]struct {
		service func(*corev1.Service)
		want    func(*lb.LoadBalancer)
	}{
		"the defaults": {nil, func(*lb.LoadBalancer) {}},
		"TCP and UDP, on one port too": {func(s *corev1.Service) {
			s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: "quic", Protocol: corev1.ProtocolUDP, Port: 80, NodePort: 30081})
		}, func(b *lb.LoadBalancer) { b.Listeners = append(b.Listeners, listener("quic", lb.UDP, 80, 30081)) }},
		"no NodePorts": {func(s *corev1.Service) { s.Spec.Ports[0].NodePort = 0 },
			func(b *lb.LoadBalancer) { b.Listeners[0].To.NodePort = 0 }},
		"traffic to own pods only": {local, to(func(b *lb.Backend) {
			b.LocalOnly, b.Takes, b.Check = true, 0, lb.HealthCheck{HTTP: true, Path: "/healthz", Port: 31000}
		})},
		"affinity": {func(s *corev1.Service) {
			s.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
			s.Spec.SessionAffinityConfig = &corev1.SessionAffinityConfig{ClientIP: &corev1.ClientIPConfig{TimeoutSeconds: &hour}}
		}, to(func(b *lb.Backend) { b.Affinity = lb.Affinity{ClientIP: true, Timeout: time.Hour} })},
		"both families, everyone of both": {dual, func(b *lb.LoadBalancer) {
			b.Frontends = []lb.Frontend{{Family: lb.IPv6}, {Family: lb.IPv4}}
			b.AllowedSources = prefixes("0.0.0.0/0", "::/0")
		}},
		"sources, with blanks, host bits and twice": {func(s *corev1.Service) {
			s.Spec.LoadBalancerSourceRanges = []string{" 192.0.2.7/24 ", "10.0.0.0/9", "10.128.0.0/9", "192.0.2.0/25"}
		}, func(b *lb.LoadBalancer) { b.AllowedSources = prefixes("10.0.0.0/8", "192.0.2.0/24") }},
		"sources of the annotation": {annotated("service.beta.kubernetes.io/load-balancer-source-ranges", "10.0.0.0/8, 192.0.2.0/24"),
			func(b *lb.LoadBalancer) { b.AllowedSources = prefixes("10.0.0.0/8", "192.0.2.0/24") }},
		"the field before the annotation": {func(s *corev1.Service) {
			annotated("service.beta.kubernetes.io/load-balancer-source-ranges", "10.0.0.0/8")(s)
			s.Spec.LoadBalancerSourceRanges = []string{"192.0.2.0/24"}
		}, func(b *lb.LoadBalancer) { b.AllowedSources = prefixes("192.0.2.0/24") }},
		"sources of a family that it has not": {func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"2001:db8::/32"} },
			func(b *lb.LoadBalancer) { b.AllowedSources = nil }},
		"the old field of an address": {func(s *corev1.Service) { s.Spec.LoadBalancerIP = "203.0.113.5" },
			func(b *lb.LoadBalancer) { b.Frontends[0].Address = netip.MustParseAddr("203.0.113.5") }},
		"addresses go to their families": {func(s *corev1.Service) {
			dual(s)
			annotated("vpcnative.dev/addresses", "203.0.113.5, six")(s)
		}, func(b *lb.LoadBalancer) {
			b.Frontends = []lb.Frontend{{Family: lb.IPv6, Reserved: "six"}, {Family: lb.IPv4, Address: netip.MustParseAddr("203.0.113.5")}}
			b.AllowedSources = prefixes("0.0.0.0/0", "::/0")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := plain()
			c.want(&want)
			got := Make(web(c.service), Cluster{ID: "c", Cloud: "gcp"}, "")
			if len(got.Refusals) > 0 || !reflect.DeepEqual(got.Balancer, want) {
				t.Errorf("got %+v\nrefused %v\nwant %+v", got.Balancer, got.Refusals, want)
			}
			on := got.Balancer.WithNodes(func(string) lb.NodeSet { return lb.NodeSet{Name: got.Nodes.Name} })
			if err := on.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRefusalsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	const aws = "service.beta.kubernetes.io/aws-load-balancer-"
	for name, c := range map[string]struct {
		service func(*corev1.Service)
		want    string
	}{
		"SCTP":                         {func(s *corev1.Service) { s.Spec.Ports[0].Protocol = corev1.ProtocolSCTP }, "UnsupportedProtocol: port 80 is SCTP"},
		"no ports":                     {func(s *corev1.Service) { s.Spec.Ports = nil }, "NoPorts"},
		"no health":                    {func(s *corev1.Service) { s.Spec.ExternalTrafficPolicy = "Local" }, "NoHealthCheckNodePort"},
		"no CIDR":                      {func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"10.0.0.0/8", "10.0.0.1"} }, `InvalidSourceRange: loadBalancerSourceRanges: "10.0.0.1"`},
		"two wrongs":                   {func(s *corev1.Service) { s.Spec.LoadBalancerSourceRanges = []string{"x", "y"} }, `"x" is no CIDR such as 192.0.2.0/24; loadBalancerSourceRanges: "y"`},
		"no CIDR, by annotation":       {annotated("service.kubernetes.io/load-balancer-source-ranges", "all"), `InvalidSourceRange: the annotation of source ranges: "all"`},
		"an address of another family": {func(s *corev1.Service) { s.Spec.LoadBalancerIP = "2001:db8::5" }, "InvalidAddress: address 2001:db8::5 is IPv6"},
		"two of a family":              {annotated("vpcnative.dev/addresses", "192.0.2.1,192.0.2.2"), "InvalidAddress: more than one IPv4 address"},
		"one name too many":            {annotated("networking.gke.io/load-balancer-ip-addresses", "a,b"), `InvalidAddress: reserved address "b"`},
		"no name":                      {annotated("vpcnative.dev/addresses", " , "), "InvalidAnnotation"},
		"an odd scheme":                {annotated("vpcnative.dev/scheme", "Secret"), `InvalidAnnotation: annotation vpcnative.dev/scheme="Secret": it is one of External, Internal`},
		"an odd tier":                  {annotated("cloud.google.com/network-tier", "Gold"), "one of Premium, Standard"},
		"a hidden TLS port":            {annotated(aws+"ssl-cert", "arn:x"), "AnnotationUnsupported: annotation " + aws + "ssl-cert is not supported"},
		"TLS behind":                   {annotated(aws+"backend-protocol", "ssl"), "InvalidAnnotation"},
		"a number that is none":        {annotated(aws+"healthcheck-interval", "soon"), "it is a number from 1 to 300"},
		"a path that is none":          {annotated(aws+"healthcheck-path", "x"), "a path begins with /"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Make(web(c.service), Cluster{ID: "c", Cloud: "gcp"}, "")
			n, refused := got.Refused()
			if text := n.Reason + ": " + n.Text; !refused || !strings.Contains(text, c.want) {
				t.Errorf("%v: %q does not say %q", refused, text, c.want)
			}
		})
	}
	eip := annotated(aws+"eip-allocations", "eipalloc-1", aws+"scheme", "internal")
	if n, refused := Make(web(eip), Cluster{ID: "c", Cloud: "aws"}, "").Refused(); !refused || n.Reason != "InvalidAddress" {
		t.Errorf("an Elastic IP on an internal balancer: %v", n)
	}
}

func TestAnnotationsBecomeABalancer(t *testing.T) {
	t.Parallel()
	const aws = "service.beta.kubernetes.io/aws-load-balancer-"
	check := func(change func(*lb.HealthCheck)) func(*lb.LoadBalancer) {
		return to(func(b *lb.Backend) { b.Check.Shared = false; change(&b.Check) })
	}
	attributes := func(pairs ...string) func(*lb.LoadBalancer) {
		return func(b *lb.LoadBalancer) {
			for i := 0; i < len(pairs); i += 2 {
				its := b.Attributes
				if lb.OfBackend(pairs[i]) {
					its = b.Backends[backend].Attributes
				}
				its[pairs[i]] = pairs[i+1]
			}
		}
	}
	internal := func(b *lb.LoadBalancer) { b.Scheme = lb.Internal }
	nothing := func(*lb.LoadBalancer) {}
	for _, c := range []struct {
		cloud string
		pairs []string
		want  func(*lb.LoadBalancer)
	}{
		{"gcp", []string{loadbalancer.NetworkAnnotation, "other"}, nothing},
		{"gcp", []string{"vpcnative.dev/scheme", "internal"}, internal},
		{"gcp", []string{"vpcnative.dev/addresses", "mine"}, func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = "mine" }},
		{"aws", []string{"vpcnative.dev/subnets", "subnet-a, subnet-b"}, attributes("subnets", "subnet-a,subnet-b")},
		{"aws", []string{"vpcnative.dev/nodes", "40"}, to(func(b *lb.Backend) { b.Takes = 40 })},
		{"aws", []string{"vpcnative.dev/nodes", "all"}, to(func(b *lb.Backend) { b.Takes = 0 })},
		{"gcp", []string{"vpcnative.dev/backends", "instancegroups"}, attributes("backends", "InstanceGroups")},
		{"gcp", []string{"networking.gke.io/load-balancer-type", "Internal"}, internal},
		{"gcp", []string{"cloud.google.com/load-balancer-type", "Internal"}, internal},
		{"gcp", []string{"cloud.google.com/load-balancer-type", "Internal", "vpcnative.dev/scheme", "External"}, nothing},
		{"gcp", []string{"networking.gke.io/load-balancer-ip-addresses", "mine"}, func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = "mine" }},
		{"gcp", []string{"networking.gke.io/load-balancer-subnet", "s"}, attributes("subnets", "s")},
		{"gcp", []string{"networking.gke.io/internal-load-balancer-subnet", "s"}, attributes("subnets", "s")},
		{"gcp", []string{"networking.gke.io/internal-load-balancer-allow-global-access", "True", SchemeAnnotation, "Internal"}, func(b *lb.LoadBalancer) {
			b.Scheme = lb.Internal
			attributes("global-access", "true")(b)
		}},
		{"gcp", []string{"cloud.google.com/network-tier", "STANDARD"}, attributes("network-tier", "Standard")},
		{"gcp", []string{"cloud.google.com/l4-rbs", "enabled"}, nothing},
		{"gcp", []string{"service.kubernetes.io/load-balancer-source-ranges", "10.0.0.0/8"}, func(b *lb.LoadBalancer) { b.AllowedSources = prefixes("10.0.0.0/8") }},
		{"gcp", []string{aws + "internal", "true"}, internal},
		{"aws", []string{aws + "internal", "0.0.0.0/0"}, internal},
		{"aws", []string{aws + "internal", "true", aws + "scheme", "internet-facing"}, nothing},
		{"aws", []string{"service.kubernetes.io/aws-load-balancer-scheme", "internal"}, internal},
		{"aws", []string{aws + "type", "external", aws + "nlb-target-type", "instance"}, internal},
		{"aws", []string{aws + "ip-address-type", "dualstack"}, func(b *lb.LoadBalancer) {
			b.Frontends, b.AllowedSources = []lb.Frontend{{Family: lb.IPv4}, {Family: lb.IPv6}}, everyone
		}},
		{"aws", []string{aws + "eip-allocations", "eipalloc-1, eipalloc-2"}, func(b *lb.LoadBalancer) { b.Frontends[0].Reserved = "eipalloc-1,eipalloc-2" }},
		{"aws", []string{aws + "private-ipv4-addresses", "10.0.0.1,10.0.1.1"}, attributes("private-ipv4", "10.0.0.1,10.0.1.1")},
		{"aws", []string{aws + "subnets", "a,b"}, attributes("subnets", "a,b")},
		{"aws", []string{aws + "security-groups", "sg-1"}, attributes("security-groups", "sg-1")},
		{"aws", []string{aws + "manage-backend-security-group-rules", "false"}, attributes("node-rules", "false")},
		{"aws", []string{aws + "additional-resource-tags", "b=2, a=1"}, attributes("tags", "a=1,b=2")},
		{"aws", []string{aws + "cross-zone-load-balancing-enabled", "true"}, attributes(crossZone, "true")},
		{"aws", []string{aws + "connection-draining-timeout", "60"}, attributes(drain, "60")},
		{"aws", []string{aws + "connection-draining-enabled", "true"}, nothing},
		{"aws", []string{aws + "proxy-protocol", "*"}, attributes(proxyProtocol, "true")},
		{"aws", []string{aws + "access-log-enabled", "true", aws + "access-log-s3-bucket-name", "b", aws + "access-log-s3-bucket-prefix", "p"},
			attributes(logEnabled, "true", logBucket, "b", logPrefix, "p")},
		{"aws", []string{aws + "attributes", "deletion_protection.enabled=true, x=y"}, attributes("load-balancer/deletion_protection.enabled", "true", "load-balancer/x", "y")},
		{"aws", []string{aws + "target-group-attributes", "preserve_client_ip.enabled=false"}, attributes("target-group/preserve_client_ip.enabled", "false")},
		{"aws", []string{aws + "enable-tcp-udp-listener", "true"}, nothing},
		{"aws", []string{aws + "backend-protocol", "tcp"}, nothing},
		{"gcp", []string{aws + "healthcheck-protocol", "HTTP"}, check(func(*lb.HealthCheck) {})},
		{"gcp", []string{aws + "healthcheck-protocol", "TCP"}, check(func(c *lb.HealthCheck) { c.HTTP, c.Path = false, "" })},
		{"gcp", []string{aws + "healthcheck-port", "traffic-port"}, check(func(c *lb.HealthCheck) { c.HTTP, c.Path, c.Port = false, "", 30080 })},
		{"gcp", []string{aws + "healthcheck-port", "8080", aws + "healthcheck-protocol", "http", aws + "healthcheck-path", "/up"},
			check(func(c *lb.HealthCheck) { c.Path, c.Port = "/up", 8080 })},
		{"gcp", []string{aws + "healthcheck-interval", "10", aws + "healthcheck-timeout", "5"},
			check(func(c *lb.HealthCheck) { c.Interval, c.Timeout = 10*time.Second, 5*time.Second })},
		{"gcp", []string{aws + "healthcheck-healthy-threshold", "2", aws + "healthcheck-unhealthy-threshold", "3"},
			check(func(c *lb.HealthCheck) { c.Healthy, c.Unhealthy = 2, 3 })},
	} {
		t.Run(strings.Join(c.pairs, " "), func(t *testing.T) {
			t.Parallel()
			want := plain()
			c.want(&want)
			got := Make(web(annotated(c.pairs...)), Cluster{ID: "c", Cloud: c.cloud}, "")
			if len(got.Refusals)+len(got.Notes) > 0 || !reflect.DeepEqual(got.Balancer, want) {
				t.Errorf("got %+v\nsaid %v %v\nwant %+v", got.Balancer, got.Refusals, got.Notes, want)
			}
			if !reflect.DeepEqual(got.Nodes, loadbalancer.SelectionOf(nil)) {
				t.Errorf("it sends to %v", got.Nodes)
			}
		})
	}
}

func TestWhatIsNotFollowedIsTold(t *testing.T) {
	t.Parallel()
	const aws = "service.beta.kubernetes.io/aws-load-balancer-"
	for _, c := range []struct {
		cloud, key, value, want string
	}{
		{"gcp", "networking.gke.io/load-balancer-tpye", "Internal", "AnnotationUnknown"},
		{"aws", aws + "new", "x", "AnnotationUnknown"},
		{"gcp", aws + "eip-allocations", "eipalloc-1", "AnnotationIgnored"},
		{"aws", "cloud.google.com/network-tier", "Premium", "AnnotationIgnored"},
		{"aws", aws + "name", "mine", "AnnotationIgnored"},
		{"aws", aws + "listener-attributes.TCP-80", "tcp.idle_timeout.seconds=400", "AnnotationIgnored"},
		{"aws", aws + "nlb-target-type", "ip", "AnnotationIgnored"},
		{"gcp", "networking.gke.io/weighted-load-balancing", "pods-per-node", "AnnotationIgnored"},
		{"gcp", "networking.gke.io/internal-load-balancer-allow-global-access", "true", "AnnotationIgnored"}, // of an external one
		{"gcp", "cloud.google.com/neg-status", "{}", ""},
		{"gcp", "kubectl.kubernetes.io/last-applied-configuration", "{}", ""},
		{"gcp", "service.beta.kubernetes.io/azure-load-balancer-internal", "true", ""},
		{"gcp", "service.kubernetes.io/topology-mode", "Auto", ""},
	} {
		got := Make(web(annotated(c.key, c.value)), Cluster{ID: "c", Cloud: c.cloud}, "")
		var reason string
		for _, n := range got.Notes {
			reason += n.Reason
			if !strings.Contains(n.Text, "load-balanc") && !strings.Contains(n.Text, c.key) && !strings.Contains(n.Text, "weighted") {
				t.Errorf("%s: %q does not name it", c.key, n.Text)
			}
		}
		if reason != c.want || len(got.Refusals) > 0 {
			t.Errorf("%s on %s: notes %q, refused %v, want %q", c.key, c.cloud, reason, got.Refusals, c.want)
		}
	}
}

func TestEveryRowOfTheTableIsSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range Annotations {
		if seen[a.Key] || !Claimed(a.Key) || a.Meaning == "" || a.Values == "" {
			t.Errorf("%s: twice, of nobody's prefix, or without words", a.Key)
		}
		seen[a.Key] = true
		if found, ok := Find(a.Key); !ok || found.Key != a.Key {
			t.Errorf("%s is found as %s", a.Key, found.Key)
		}
		if (a.Effect == Followed) != (a.follow != nil) && a.Key != loadbalancer.NetworkAnnotation {
			t.Errorf("%s is %s, and that is not what happens", a.Key, a.Effect)
		}
	}
}

func TestTheSameServiceAsksForTheSame(t *testing.T) {
	t.Parallel()
	all := map[string]string{}
	for _, a := range Annotations {
		all[a.Key] = "true"
		all[strings.Replace(a.Key, ".beta", "", 1)] = "false"
	}
	service := func() *corev1.Service {
		s := web(nil)
		s.Annotations = maps.Clone(all)
		return s
	}
	first := Make(service(), Cluster{ID: "c", Cloud: "aws"}, "")
	for range 20 {
		if got := Make(service(), Cluster{ID: "c", Cloud: "aws"}, ""); !reflect.DeepEqual(got, first) {
			t.Fatal("the same Service asks for something else")
		}
	}
}

func TestSchemeThatNothingSays(t *testing.T) {
	t.Parallel()
	const aws = "service.beta.kubernetes.io/aws-load-balancer-"
	kind := aws + "type"
	for _, c := range []struct {
		pairs         []string
		serving, want lb.Scheme
		kept          bool
	}{
		{nil, "", lb.External, false},
		{[]string{kind, "nlb"}, "", lb.External, false},
		{[]string{kind, "external"}, "", lb.Internal, false},
		{[]string{kind, "nlb-ip"}, "", lb.Internal, false},
		{[]string{kind, "external", aws + "scheme", "internet-facing"}, "", lb.External, false},
		{[]string{kind, "external", aws + "internal", "false"}, "", lb.External, false},
		{[]string{kind, "external"}, lb.External, lb.External, true},
		{[]string{kind, "external", SchemeAnnotation, "Internal"}, lb.External, lb.Internal, false},
		{nil, lb.Internal, lb.Internal, true},
		{[]string{SchemeAnnotation, "External"}, lb.Internal, lb.External, false},
	} {
		got := Make(web(annotated(c.pairs...)), Cluster{ID: "c", Cloud: "aws"}, c.serving)
		kept := slices.ContainsFunc(got.Notes, func(n Note) bool { return n.Reason == "SchemeKept" })
		if got.Balancer.Scheme != c.want || kept != c.kept {
			t.Errorf("%v where %q serves: %s, and the notes %v", c.pairs, c.serving, got.Balancer.Scheme, got.Notes)
		}
	}
}

func TestAnnotationsOfOursThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"vpcnative.dev/schema", "vpcnative.dev/anything", "vpcnative.dev/Scheme"} {
		got := Make(web(annotated(key, "Internal")), Cluster{ID: "c", Cloud: "gcp"}, "")
		if n, refused := got.Refused(); !refused || n.Reason != "AnnotationUnknown" || !strings.Contains(n.Text, key) {
			t.Errorf("%s: %v", key, n)
		}
	}
}

func TestLabelsSelectTheNodes(t *testing.T) {
	t.Parallel()
	got := Make(web(annotated(awsPrefix+awsBalancer+"target-node-labels", "a=b,c=d")), Cluster{ID: "c", Cloud: "gcp"}, "")
	if want := loadbalancer.SelectionOf(map[string]string{"a": "b", "c": "d"}); !reflect.DeepEqual(got.Nodes, want) {
		t.Errorf("it sends to %v, want %v", got.Nodes, want)
	}
}
