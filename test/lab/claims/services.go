package claims

import "time"

// Cluster is what a cluster adds: ranges that the manager keeps, Services,
// names, policies and load balancers. A cluster knows "apply NAME", for the
// manifests beside this file, "join NAME" and "leave NAME" of machines, and
// "kubectl ...".
var Cluster = []Claim{
	{Core: true, Says: "pods leave the VPC with their node's address: the manager keeps the list of what is inside", Steps: []Step{
		{In: "pod/a", Run: "app get http://{internet}:80", Want: `"peer":"{a.external}:`},
	}},
	{Core: true, Says: "a ClusterIP leads to the Service's pods, which see the pod that asks", Steps: []Step{
		{In: "cluster", Run: "apply workloads"},
		{In: "cluster", Run: "kubectl rollout status deployment web --timeout=60s"},
		{In: "pod/a", Run: "app get http://{svc.web}:80", Want: `"peer":"{a.pod}:\d+","own":"[0-9.]+:8080"`},
	}},
	{Core: true, Says: "each port of a Service leads to its own target port", Steps: []Step{
		{In: "pod/a", Run: "app get http://{svc.web}:9000", Want: `"own":"[0-9.]+:8081"`},
	}},
	{Core: true, Says: "a nodePort is open on every node, whether the pod is there or not", Steps: []Step{
		{In: "pod/a", Run: "app get http://{a.node}:30080", Want: `"own":"[0-9.]+:8080"`},
		{In: "pod/a", Run: "app get http://{b.node}:30090", Want: `"own":"[0-9.]+:8081"`},
	}},
	{Core: true, Says: "Services are found by environment", Steps: []Step{
		{In: "pod/deployment/web", Run: "app env DB_SERVICE_", Want: `DB_SERVICE_HOST={svc.db}`},
	}},
	{Core: true, Says: "Services are found by name: short inside the namespace", Steps: []Step{
		{In: "pod/a", Run: "app get http://web", Want: `"host":"web"`},
	}},
	{Core: true, Says: "Services are found by name: with the namespace across", Steps: []Step{
		{In: "pod/a", Run: "app get http://till.shop.svc.cluster.local", Want: `"name":"till-`},
	}},
	{Core: true, Says: "the Services' range grows when it is nearly full, and addresses of the new one work", Steps: []Step{
		{In: "cluster", Run: "apply many", Within: time.Minute},
		{In: "pod/a", Run: "app get http://{svc.many-16}:80", Want: `"peer":"{a.pod}:`, Within: time.Minute},
	}},
	{Says: "a Service's address stays while its pods are replaced", Steps: []Step{
		{In: "cluster", Run: "kubectl rollout restart deployment web"},
		{In: "pod/a", Run: "app get http://{svc.web}:80", Want: `"own"`, Stays: 8 * time.Second},
	}},
	{Says: "a NetworkPolicy denies and allows by pods' addresses", Steps: []Step{
		{In: "pod/a", Run: "app get http://db:5432", Want: `"own"`},
		{In: "cluster", Run: "apply policy"},
		{In: "pod/a", Run: "app get -timeout 1s http://db:5432", Want: "!"},
		{In: "pod/deployment/web", Run: "app get http://db:5432", Want: `"own"`},
	}},
	{Core: true, Says: "a load balancer is reached from the internet, and the pod sees the client", Steps: []Step{
		{In: "cluster", Run: "apply balancers"},
		{In: "internet", Run: "app get http://{lb.outer}:80", Want: `"peer":"{internet}:`, Within: time.Minute},
	}},
	{Core: true, Says: "an internal load balancer is reached from the VPC, and the pod sees the client", Steps: []Step{
		{In: "machine/a", Run: "app get http://{lb.inner}:80", Want: `"own":"[0-9.]+:8080"`, Within: time.Minute},
	}},
	{Says: "health checks take nodes without a pod out of a load balancer: every connection is answered", Steps: []Step{
		{In: "cluster", Run: "kubectl scale deployment web --replicas=1"},
		{In: "cluster", Run: "kubectl rollout status deployment web --timeout=60s", Want: "successfully rolled out"},
		{In: "internet", Run: "app get -n 8 -timeout 1s http://{lb.outer}:80", Want: `"peer":"{internet}:`, Within: time.Minute, Settles: 3 * time.Second},
	}},
	{Says: "a range that somebody takes off a machine is put back by the manager", Steps: []Step{
		{In: "cloud", Run: "unassign b {b.range}"},
		{In: "pod/a", Run: "app get -timeout 300ms http://{b.pod}:8080", Want: "!"},
		{In: "pod/a", Run: "app get http://{b.pod}:8080", Want: `"peer":"{a.pod}:`, Within: 2 * time.Minute, Settles: time.Second},
	}},
	{Says: "a node that joins gets its range, and then pods that others reach by their own addresses", Steps: []Step{
		{In: "cluster", Run: "join j"},
		{In: "pod/a", Run: "app get http://{j.pod}:8080", Want: `"peer":"{a.pod}:\d+","own":"{j.pod}:8080"`, Within: time.Minute},
	}},
	{Says: "a node that is deleted takes its range along: nothing goes there any more", Steps: []Step{
		{In: "cluster", Run: "leave j"},
		{In: "cluster", Run: "kubectl get node j", Want: "!"},
		{In: "pod/a", Run: "app get -timeout 300ms http://{j.pod}:8080", Want: "!", Stays: time.Second},
	}},
}
