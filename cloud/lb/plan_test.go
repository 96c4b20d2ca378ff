package lb

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/test/golden"
)

var (
	shop  = cloud.Owner{ClusterID: "c1", Kind: "Service", Namespace: "web", Name: "shop"}
	nodes = SetOwner("c1", "nodes")
)

// toyRules are of a cloud with pools (shared), backends and doors; a door
// claims its port and cannot be changed at all.
var toyRules = Rules{Editable: map[string][]string{
	"pool": {"size"}, "backend": {"pools", "check", "uses"}, "check": {"port", "path", "uses"},
}}

func toy(kind, name string, o cloud.Owner, fields Fields, uses ...Ref) Resource {
	return Resource{Ref: Ref{Kind: kind, Name: name}, Owner: o, Fields: fields, Uses: uses}
}

func door(name, port, backend string) Resource {
	r := toy("door", name, shop, Fields{"port": {port}, "backend": {backend}}, Ref{Kind: "backend", Name: backend}, Ref{Kind: "address", Name: "a"})
	r.Claims = []string{"a/" + port}
	return r
}

// balancer is the whole of one, its backend speaking the protocol.
func balancer(protocol string, ports ...string) []Resource {
	name := "b-" + protocol
	out := []Resource{
		toy("pool", "z1", nodes, Fields{}),
		toy("check", "c", shop, Fields{"port": {"10256"}, "path": {"/healthz"}}),
		toy("address", "a", shop, Fields{}),
		toy("backend", name, shop, Fields{"protocol": {protocol}, "pools": {"z1"}, "check": {"c"}}, Ref{Kind: "pool", Name: "z1"}, Ref{Kind: "check", Name: "c"}),
	}
	for i, port := range ports {
		out = append(out, door(fmt.Sprintf("d%d", i), port, name))
	}
	return out
}

func with(list []Resource, edit func(*Resource), ref Ref) []Resource {
	for i := range list {
		if list[i].Ref == ref {
			edit(&list[i])
		}
	}
	return list
}

func TestPlansAsGolden(t *testing.T) {
	t.Parallel()
	all := balancer("tcp", "80", "443")
	foreign := func(r *Resource) { r.Owner = cloud.Owner{} }
	another := func(r *Resource) {
		r.Owner = cloud.Owner{ClusterID: "c1", Kind: "Service", Namespace: "web", Name: "other"}
	}
	larger := toy("pool", "z1", nodes, Fields{"size": {"2"}})
	cases := []struct {
		name      string
		got, want []Resource
		keep      bool
	}{
		{name: "created from nothing, what is used first", want: all},
		{name: "as wanted: nothing to do", got: all, want: all},
		{name: "deleted users first, what is shared stays", got: all},
		{name: "changed in place", got: all, want: with(balancer("tcp", "80", "443"), func(r *Resource) { r.Fields["port"] = []string{"30000"} }, Ref{Kind: "check", Name: "c"})},
		{name: "another protocol: the new backend stands before the doors are moved", got: all, want: balancer("udp", "80", "443")},
		{name: "ports change doors: what holds a port goes before another has it", got: all, want: balancer("tcp", "443", "80")},
		{name: "one port more, one less", got: balancer("tcp", "80"), want: balancer("tcp", "81", "82")},
		{name: "somebody else's backend: no door points at it", got: with(balancer("tcp"), foreign, Ref{Kind: "backend", Name: "b-tcp"}), want: all},
		{name: "another owner's check: nothing of it is touched", got: with(balancer("tcp"), another, Ref{Kind: "check", Name: "c"}), want: all},
		{name: "what is foreign and not wanted stays", got: with(balancer("tcp", "80"), foreign, Ref{Kind: "door", Name: "d0"})},
		{name: "shared and not to be changed in place: blocked, and what needs it",
			got: with(balancer("tcp", "80"), func(r *Resource) { r.Fields["type"] = []string{"old"} }, Ref{Kind: "pool", Name: "z1"}),
			want: with(with(balancer("tcp", "80"), func(r *Resource) { r.Fields["type"] = []string{"new"} }, Ref{Kind: "pool", Name: "z1"}),
				func(r *Resource) { r.Fields["pools"] = nil }, Ref{Kind: "backend", Name: "b-tcp"})},
		{name: "what is shared alone", got: with(balancer("tcp", "80"), func(r *Resource) { r.Fields["size"] = []string{"1"} }, Ref{Kind: "pool", Name: "z1"}),
			want: []Resource{larger}, keep: true},
	}
	var printed bytes.Buffer
	for _, c := range cases {
		plan := Plan(toyRules, StateOf(c.got...), Goal{Owner: shop, Want: c.want, Keep: c.keep})
		fmt.Fprintf(&printed, "# %s\n%s\n", c.name, plan)
	}
	golden.Check(t, "testdata/plans.golden", printed.String())
}
