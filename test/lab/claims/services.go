package claims

import "time"

// Services is what a cluster adds: Services out of ranges that the manager keeps,
// names and policies. A cluster knows "apply NAME", for the manifests beside
// this file, and "kubectl ...".
var Services = []Claim{
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
}
