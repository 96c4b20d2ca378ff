package claims

import "time"

// Balancers is what holds of load balancers, whose Services have
// externalTrafficPolicy Local. That of "each" sends to the pods that are named as
// their machines; so does the proxy before the EndpointGroup "published", whose
// Service publishes pods that are not ready: only health checks take one out.
var Balancers = []Claim{
	{Core: true, Says: "a load balancer is reached from the internet, and the pod sees the client", Steps: []Step{
		{In: "cluster", Run: "apply balancers"},
		{In: "internet", Run: "app get http://{lb.outer}:80", Want: `"peer":"{internet}:`, Within: time.Minute},
	}},
	{Core: true, Says: "an internal load balancer is reached from the VPC, and the pod sees the client", Steps: []Step{
		{In: "machine/vm", Run: "app get http://{lb.inner}:80", Want: `"peer":"{vm.node}:\d+","own":"[0-9.]+:8080"`, Within: time.Minute},
	}},
	{Clouds: []string{"aws"}, Says: "where clients' addresses are not preserved the load balancer is a proxy: the pod sees an address of the balancer's", Steps: []Step{
		{In: "cluster", Run: "apply proxied"},
		{In: "internet", Run: "app get http://{lb.proxied}:80", Want: `"peer":"10\.0\.144\.\d+:`, Within: time.Minute},
	}},
	{Says: "health checks take nodes without a pod out of a load balancer: every connection is answered", Steps: []Step{
		{In: "cluster", Run: "kubectl scale deployment web --replicas=1"},
		{In: "cluster", Run: "kubectl rollout status deployment web --timeout=60s", Want: "successfully rolled out"},
		{In: "internet", Run: "app get -n 8 -timeout 1s http://{lb.outer}:80", Want: `"peer":"{internet}:`, Within: time.Minute, Settles: 3 * time.Second},
	}},
	{Core: true, Says: "health checks take a node out whose pod is not well, and back when it is", Steps: []Step{
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `\bb\b`, Within: time.Minute},
		{In: "machine/a", Run: "app get -post http://{b.pod}:8080/healthz?ok=false"},
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `^[^b]+$`, Within: time.Minute, Settles: 3 * time.Second, Measures: "it is out"},
		{In: "machine/a", Run: "app get -post http://{b.pod}:8080/healthz?ok=true"},
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `\bb\b`, Within: time.Minute, Measures: "it is back"},
	}},
	{Says: "a node that is taken out of a load balancer drains: its connections go on, and new ones go elsewhere", Steps: []Step{
		{In: "internet", Run: "start app hold http://{lb.each}:80/hold"},
		{In: "internet", Run: "said", Want: `"name":"(?P<member>\w)"`},
		{In: "cluster", Run: "kubectl label node {member} node.kubernetes.io/exclude-from-external-load-balancers=true"},
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `^[^{member}]+$`, Within: time.Minute, Settles: 2 * time.Second, Measures: "new connections go elsewhere"},
		{In: "internet", Run: "said", Want: `"name":"{member}"`, Stays: 5 * time.Second},
		{In: "cluster", Run: "kubectl label node {member} node.kubernetes.io/exclude-from-external-load-balancers-"},
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `{member}`, Within: time.Minute},
		{In: "internet", Run: "said", Want: `"name":"{member}".* for \d+ s`},
	}},
	{Core: true, Clouds: []string{"gcp"}, Says: "a proxy load balancer in front of an EndpointGroup leads straight to pods, which see the proxy-only subnet", Steps: []Step{
		{In: "cluster", Run: "apply published"},
		{In: "cluster", Run: "kubectl wait endpointgroup/published --for=condition=Ready --timeout=60s"},
		{In: "cloud", Run: "proxy published"},
		{In: "machine/vm", Run: "app get -n 24 -names http://{proxy.published}:80", Want: `\ba b\b`, Within: time.Minute},
		{In: "machine/vm", Run: "app get http://{proxy.published}:80", Want: `"peer":"10\.20\.[01]\.\d+:\d+","own":"[0-9.]+:8080"`, Within: time.Minute},
	}},
	{Core: true, Clouds: []string{"gcp"}, Says: "a proxy's own health checks take a pod out, and back when it is well", Steps: []Step{
		{In: "cluster", Run: "kubectl get endpointgroup published -o jsonpath={.status.attached}", Want: `^(?P<all>\d+)$`},
		{In: "machine/a", Run: "app get -post http://{b.pod}:8080/healthz?ok=false"},
		{In: "machine/vm", Run: "app get -n 16 -names http://{proxy.published}:80", Want: `^[^b]+$`, Within: time.Minute, Settles: 3 * time.Second, Measures: "it is out"},
		{In: "cluster", Run: "kubectl get endpointgroup published -o jsonpath={.status.attached}", Want: `^{all}$`},
		{In: "machine/a", Run: "app get -post http://{b.pod}:8080/healthz?ok=true"},
		{In: "machine/vm", Run: "app get -n 16 -names http://{proxy.published}:80", Want: `\bb\b`, Within: time.Minute, Measures: "it is back"},
	}},
}
