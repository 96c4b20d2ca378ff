package claims

import "time"

// Nodes is what holds while machines come and go, and beside another cluster. A
// cluster knows "join NAME", "crash NAME" and "leave NAME" of machines; the cloud
// "neighbour NAME" for a second cluster with a machine, "assign", "unassign" and
// "delete" past the manager, and "hold", until "release", of what attaches ranges.
var Nodes = []Claim{
	{Says: "two clusters in one VPC, each with a space of its own: their pods talk without NAT", Steps: []Step{
		{In: "cloud", Run: "neighbour other"},
		{In: "pod/other", Run: "app get http://{a.pod}:8080", Want: `"peer":"{other.pod}:\d+","own":"{a.pod}:8080"`, Within: time.Minute},
		{In: "pod/a", Run: "app get http://{other.pod}:8080", Want: `"peer":"{a.pod}:\d+","own":"{other.pod}:8080"`, Within: time.Minute},
	}},
	{Core: true, Says: "a range that somebody takes off a machine is put back by the manager", Steps: []Step{
		{In: "cloud", Run: "unassign b {b.range}"},
		{In: "pod/a", Run: "app get -timeout 300ms http://{b.pod}:8080", Want: "!", Measures: "traffic stops"},
		{In: "pod/a", Run: "app get -timeout 300ms http://{b.pod}:8080", Want: `"peer":"{a.pod}:`, Within: 2 * time.Minute, Settles: time.Second, Measures: "traffic returns"},
	}},
	{Says: "a node that joins has no pods before it has its range, however slow the cloud is", Steps: []Step{
		{In: "cloud", Run: "hold"},
		{In: "cluster", Run: "join new"},
		{In: "cluster", Run: "kubectl get node new --no-headers", Want: `NotReady`, Within: time.Minute},
		{In: "cluster", Run: "kubectl get pod new --no-headers -o wide", Want: `Pending.*<none> +<none> +<none>`, Stays: 4 * time.Second},
		{In: "cloud", Run: "release"},
		{In: "cluster", Run: "kubectl get pod new --no-headers -o wide", Want: `Running .* {new.pod} +new`, Within: time.Minute, Measures: "its pod runs"},
	}},
	{Says: "pods of a node that joined are reached by their own addresses, and by load balancers", Steps: []Step{
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `\bnew\b`, Within: time.Minute},
		{In: "pod/a", Run: "app get http://{new.pod}:8080", Want: `"peer":"{a.pod}:\d+","own":"{new.pod}:8080"`},
	}},
	{Says: "a machine that the cloud deletes may not send by its pods' addresses any more", Steps: []Step{
		{In: "cloud", Run: "delete new"},
		{In: "fabric", Run: "drops machine/new app get -timeout 1s -from {new.pod} http://{a.node}:9090", Want: `^{new.nic} spoofed: \d+$`},
	}},
	{Says: "a node that is deleted takes its range along: nothing goes there any more, and load balancers follow", Steps: []Step{
		{In: "cluster", Run: "leave new"},
		{In: "cluster", Run: "kubectl get node new", Want: "!"},
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `^\w( \w)*$`, Within: time.Minute},
		{In: "pod/a", Run: "app get -timeout 300ms http://{new.pod}:8080", Want: "!", Stays: time.Second},
	}},
	{Says: "a machine whose namespace is deleted while it runs harms no other, and load balancers send elsewhere", Steps: []Step{
		{In: "cluster", Run: "join frail"},
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `\bfrail\b`, Within: time.Minute},
		{In: "cluster", Run: "crash frail"},
		{In: "internet", Run: "app get -n 16 -names http://{lb.each}:80", Want: `^\w( \w)*$`, Within: time.Minute, Settles: 2 * time.Second, Measures: "all are answered again"},
		{In: "cluster", Run: "leave frail"},
		{In: "pod/a", Run: "app get http://{b.pod}:8080", Want: `"peer":"{a.pod}:`},
	}},
	{Says: "after all this both clusters have what they had: each manager leaves the other's ranges alone", Steps: []Step{
		{In: "pod/other", Run: "app get http://{a.pod}:8080", Want: `"peer":"{other.pod}:\d+","own":"{a.pod}:8080"`},
		{In: "pod/a", Run: "app get http://{other.pod}:8080", Want: `"peer":"{a.pod}:\d+","own":"{other.pod}:8080"`},
	}},
}
