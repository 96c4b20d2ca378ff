package claims

import "time"

// Network is what holds of machines and pods in a VPC, without a Service. The
// worlds have machines a and b with a pod each, app at port 8080 of pods and 9090
// of machines, and a server on the internet.
var Network = []Claim{
	{Core: true, Says: "pods of different nodes talk without NAT: the receiver sees the pod's own address", Steps: []Step{
		{In: "pod/a", Run: "app get http://{b.pod}:8080", Want: `"peer":"{a.pod}:\d+","own":"{b.pod}:8080"`},
	}},
	{Core: true, Says: "a node reaches pods of other nodes, which see the node's address", Steps: []Step{
		{In: "machine/a", Run: "app get http://{b.pod}:8080", Want: `"peer":"{a.node}:`},
	}},
	{Core: true, Says: "a pod reaches other nodes, which see the pod's address", Steps: []Step{
		{In: "pod/a", Run: "app get http://{b.node}:9090", Want: `"peer":"{a.pod}:`},
	}},
	{Core: true, Says: "a pod sees itself as others see it", Steps: []Step{
		{In: "pod/a", Run: "app get http://{a.pod}:8080", Want: `"peer":"{a.pod}:\d+","own":"{a.pod}:8080"`},
	}},
	{Core: true, Says: "UDP goes between pods as TCP does", Steps: []Step{
		{In: "pod/a", Run: "app udp {b.pod}:8080", Want: `"peer":"{a.pod}:`},
	}},
	{Core: true, Says: "the fabric drops packets from an address that is nobody's", Steps: []Step{
		{In: "fabric", Run: "drops machine/a app get -timeout 1s -from 172.31.0.1 http://{b.node}:9090", Want: `^{a.nic} spoofed: \d+$`},
	}},
	{Core: true, Says: "the fabric drops packets from another machine's pod range", Steps: []Step{
		{In: "fabric", Run: "drops machine/a app get -timeout 1s -from {b.unused} http://{b.node}:9090", Want: `^{a.nic} spoofed: \d+$`},
	}},
	{Core: true, Says: "the cloud refuses the same range on two machines: that is why each node gets its own", Steps: []Step{
		{In: "cloud", Run: "assign b {a.range}", Want: "!"},
	}},
	{Core: true, Says: "a node reaches the internet by its own address there", Steps: []Step{
		{In: "machine/a", Run: "app get http://{internet}:80", Want: `"peer":"{a.external}:`},
	}},
	{Core: true, Says: "the internet reaches no node and no pod by itself", Steps: []Step{
		{In: "internet", Run: "app get -timeout 1s http://{a.pod}:8080", Want: "!"},
		{In: "internet", Run: "app get -timeout 1s http://{a.node}:9090", Want: "!"},
	}},
}

// ByHand is what holds where nobody manages the ranges.
var ByHand = []Claim{
	{Core: true, Says: "pods do not reach the internet by their own addresses", Steps: []Step{
		{In: "fabric", Run: "drops pod/a app get -timeout 1s http://{internet}:80", Want: `^wan refused: \d+$`},
	}},
	{Core: true, Says: "a range that is taken off a machine stops within a second, and comes back with it", Steps: []Step{
		{In: "cloud", Run: "unassign b {b.range}"},
		{In: "pod/a", Run: "app get -timeout 300ms http://{b.pod}:8080", Want: "!", Within: time.Second, Stays: time.Second},
		{In: "cloud", Run: "assign b {b.range}"},
		{In: "pod/a", Run: "app get http://{b.pod}:8080", Want: `"peer":"{a.pod}:`},
	}},
}
