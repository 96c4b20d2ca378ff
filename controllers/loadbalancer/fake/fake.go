// Package fake is load balancing in memory, for tests of the engine and of
// kinds of owners.
package fake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// Cloud is load balancing in memory, as strict as a cloud: what is used is
// there, what is in use stays, nobody gets a claim that another has, what is
// fixed is fixed. A balancer is an address, a backend on shared zonal pools
// and a shared check, a door for each protocol, and a wall.
type Cloud struct {
	sync.Mutex
	State lb.State
	Reads []string // of owners, or of all
	Done  []string // changes that were tried: "create backend shop/web"
	next  int
	// Fail is asked before a change is made, Lose after.
	Fail, Lose func(lb.Action) error
	FailRead   error
	// Shown is what a reading of all shows in the place of what is there.
	Shown lb.State
	// Held is what pools hold; Broken are members that none takes.
	Held   map[lb.Ref][]string
	Broken map[string]bool
	Lists  []string
	// Outside says why an endpoint fits into no group, by what was read last; it
	// may be nil.
	Outside func(lb.Endpoint) error
	// Wait is where a change of what a pool holds waits; it may be nil.
	Wait func(members.Group)
}

// New is an empty cloud.
func New() *Cloud {
	return &Cloud{State: lb.State{}, Held: map[lb.Ref][]string{}, Broken: map[string]bool{}}
}

func (f *Cloud) Rules() lb.Rules {
	f.Lock()
	defer f.Unlock()
	return lb.Rules{ListIsPartial: f.Shown != nil, Editable: map[string][]string{
		"backend": {"pools", "check", "affinity"}, "wall": {"from", "ports"}, "check": {"port"}, "door": {},
	}}
}

func (f *Cloud) Read(_ context.Context, clusterID string, of ...cloud.Owner) (lb.State, error) {
	f.Lock()
	defer f.Unlock()
	what := "all"
	if len(of) > 0 {
		what = fmt.Sprint(of)
	}
	f.Reads = append(f.Reads, what)
	out := lb.State{}
	for ref, r := range f.State {
		if r.Foreign() || r.Owner.ClusterID == clusterID && (len(of) == 0 || slices.Contains(of, r.Owner)) {
			if as, ok := f.Shown[ref]; ok && len(of) == 0 {
				r = as
			}
			out[ref] = r
		}
	}
	return out, f.FailRead
}

func (f *Cloud) Look(_ context.Context, got lb.State) (lb.State, error) {
	f.Lock()
	defer f.Unlock()
	f.Reads = append(f.Reads, "pending")
	out := lb.State{}
	for ref := range got {
		if r, ok := f.State[ref]; ok {
			out[ref] = r
		}
	}
	return out, f.FailRead
}

// Named is the reference of an owner's resource.
func Named(kind string, o cloud.Owner, role string) lb.Ref {
	return lb.Ref{Kind: kind, Name: o.RoleName(role)}
}

func (f *Cloud) Want(b lb.LoadBalancer, _ lb.State) ([]lb.Resource, error) {
	if err := b.Validate(); err != nil {
		return nil, &cloud.Error{Reason: cloud.Invalid, Act: "make", Err: err}
	}
	to, err := b.SoleBackend()
	if err != nil {
		return nil, &cloud.Error{Reason: cloud.Invalid, Act: "make", Err: err}
	}
	nodes, ports := to.Nodes, map[lb.Protocol][]string{}
	for _, l := range b.Listeners {
		ports[l.Protocol] = append(ports[l.Protocol], fmt.Sprint(l.Port))
	}
	if len(ports) > 1 && b.Scheme == lb.Internal {
		return nil, &cloud.Error{Reason: cloud.Invalid, Act: "make " + b.Owner.Name, Err: lb.ErrMixedProtocols}
	}
	var out []lb.Resource
	backend := lb.Resource{Ref: Named("backend", b.Owner, "backend"), Owner: b.Owner,
		Fields: lb.Fields{"affinity": {fmt.Sprint(to.Affinity.ClientIP)}, "pools": nil}}
	for _, z := range nodes.Zones() {
		p := lb.Resource{Ref: poolRef(nodes, z), Owner: nodes.Owner(), Shared: true, Fields: lb.Fields{}}
		backend.Fields["pools"] = append(backend.Fields["pools"], p.Path())
		backend.Uses = append(backend.Uses, p.Ref)
		out = append(out, p)
	}
	check := lb.Resource{Ref: Named("check", nodes.Owner(), "check"), Owner: nodes.Owner(), Shared: true, Fields: lb.Fields{"port": {fmt.Sprint(to.Check.Port)}}}
	if !to.Check.Shared {
		check.Ref, check.Owner, check.Shared = Named("check", b.Owner, "check"), b.Owner, false
	}
	backend.Fields["check"], backend.Uses = []string{check.Name}, append(backend.Uses, check.Ref)
	wall := lb.Resource{Ref: Named("wall", b.Owner, "wall"), Owner: b.Owner, Fields: lb.Fields{"from": nil, "ports": nil}}
	for _, p := range b.AllowedSources {
		wall.Fields["from"] = append(wall.Fields["from"], p.String())
	}
	out = append(out, check, backend)
	for _, front := range b.Frontends {
		address := lb.Resource{Ref: Named("address", b.Owner, role("a", b.Scheme, front.Family)), Owner: b.Owner, Fields: lb.Fields{}}
		if front.Address.IsValid() {
			address.Fields["ip"] = []string{front.Address.String()}
		}
		out = append(out, address)
		for _, protocol := range slices.Sorted(maps.Keys(ports)) {
			wall.Fields["ports"] = append(wall.Fields["ports"], ports[protocol]...)
			door := lb.Resource{Ref: Named("door", b.Owner, role(string(protocol[0]+32), b.Scheme, front.Family)), Owner: b.Owner,
				Fields: lb.Fields{"ports": ports[protocol]}, Uses: []lb.Ref{address.Ref, backend.Ref}}
			for _, port := range ports[protocol] {
				door.Serves = append(door.Serves, string(front.Family)+"/"+string(protocol)+"/"+port)
			}
			out = append(out, door)
		}
	}
	return append(out, wall), nil
}

func role(what string, s lb.Scheme, f lb.Family) string {
	return what + map[lb.Scheme]string{lb.Internal: "i", lb.External: "e"}[s] + string(f[3])
}

func poolRef(nodes lb.NodeSet, zone string) lb.Ref {
	r := Named("pool", nodes.Owner(), "pool")
	r.Scope = zone
	return r
}

func (f *Cloud) Pools(nodes lb.NodeSet, got lb.State) (out []lb.Resource) {
	zones := map[string][]string{}
	for _, n := range nodes.Nodes {
		zones[n.Zone] = append(zones[n.Zone], n.ProviderID)
	}
	for _, r := range got.Sorted() {
		if r.Kind == "pool" && r.Owner == nodes.Owner() {
			out = append(out, lb.Resource{Ref: r.Ref, Owner: r.Owner, Shared: true, Fields: lb.Fields{}, Members: zones[r.Scope]})
			delete(zones, r.Scope)
		}
	}
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		out = append(out, lb.Resource{Ref: poolRef(nodes, zone), Owner: nodes.Owner(), Shared: true, Fields: lb.Fields{}, Members: zones[zone]})
	}
	return out
}

func (f *Cloud) Unfit(lb.Node) string { return "" }

// Places are one node of each zone.
func (f *Cloud) Places(nodes []lb.Node, _ lb.State) (out []lb.Node) {
	for _, n := range nodes {
		if !slices.ContainsFunc(out, func(x lb.Node) bool { return x.Zone == n.Zone }) {
			out = append(out, n)
		}
	}
	return out
}

func (f *Cloud) Limits() members.Limits { return members.Limits{Call: 100} }

func (f *Cloud) List(_ context.Context, g members.Group) ([]string, error) {
	f.Lock()
	defer f.Unlock()
	f.Lists = append(f.Lists, g.Name)
	return slices.Clone(f.Held[lb.RefOf(g)]), nil
}

func (f *Cloud) Attach(_ context.Context, g members.Group, list []string) error {
	f.waits(g)
	f.Lock()
	defer f.Unlock()
	f.Done = append(f.Done, "attach "+g.String())
	for _, m := range list {
		if f.Broken[m] {
			return &members.Refused{Err: &cloud.Error{Reason: cloud.NotFound, Act: "attach", Resource: m, Err: errors.New("it is not running")}}
		}
	}
	ref := lb.RefOf(g)
	f.Held[ref] = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(f.Held[ref]), list...))))
	return nil
}

func (f *Cloud) waits(g members.Group) {
	f.Lock()
	wait := f.Wait
	f.Unlock()
	if wait != nil {
		wait(g)
	}
}

func (f *Cloud) Detach(_ context.Context, g members.Group, list []string) error {
	f.waits(g)
	f.Lock()
	defer f.Unlock()
	f.Done = append(f.Done, "detach "+g.String())
	ref := lb.RefOf(g)
	f.Held[ref] = slices.DeleteFunc(slices.Clone(f.Held[ref]), func(m string) bool { return slices.Contains(list, m) })
	return nil
}

func (f *Cloud) Ingresses(b lb.LoadBalancer, got lb.State) (out []lb.Ingress) {
	for _, front := range b.Frontends {
		r, ok := got[Named("address", b.Owner, role("a", b.Scheme, front.Family))]
		if !ok || r.Pending != "" {
			return nil
		}
		out = append(out, lb.Ingress{Address: netip.MustParseAddr(r.Address)})
	}
	return out
}

func (f *Cloud) Apply(_ context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	f.Lock()
	fail, lose := f.Fail, f.Lose
	owner := a.Got
	if a.Want != nil {
		owner = a.Want
	}
	f.Done = append(f.Done, fmt.Sprintf("%s %s %s/%s", a.Verb, a.Kind, owner.Owner.Namespace, owner.Owner.Name))
	f.Unlock()
	if fail != nil {
		if err := fail(a); err != nil {
			return lb.Resource{}, err
		}
	}
	f.Lock()
	now, err := f.change(a, got)
	f.Unlock()
	if err == nil && lose != nil {
		err = lose(a)
	}
	return now, err
}

// Bad is an error about an action.
func Bad(a lb.Action, reason cloud.Reason, format string, args ...any) error {
	return &cloud.Error{Reason: reason, Act: string(a.Verb), Resource: a.Ref.String(), Err: fmt.Errorf(format, args...)}
}

func (f *Cloud) change(a lb.Action, got lb.State) (lb.Resource, error) {
	was, there := f.State[a.Ref]
	if a.Verb == lb.Delete {
		return lb.Resource{}, f.remove(a)
	}
	if err := f.refuses(a, got); err != nil {
		return was, err
	}
	now := *a.Want
	now.Fields, now.Address = maps.Clone(was.Fields), was.Address
	if now.Fields == nil {
		now.Fields = lb.Fields{}
	}
	if now.Uses == nil {
		now.Uses = was.Uses
	}
	maps.Copy(now.Fields, a.Want.Fields)
	f.next++
	now.Version = fmt.Sprint(f.next)
	if a.Kind == "address" && now.Address == "" {
		if err := f.choose(&now, a); err != nil {
			return was, err
		}
	}
	f.State[a.Ref] = now
	if a.Kind == "pool" && !there {
		now.Members = []string{}
	}
	return now, nil
}

func (f *Cloud) remove(a lb.Action) error {
	for _, r := range f.State {
		if slices.Contains(r.Uses, a.Ref) {
			return Bad(a, cloud.Conflict, "%s uses it", r.Ref)
		}
	}
	delete(f.State, a.Ref)
	delete(f.Held, a.Ref)
	return nil
}

// refuses says why a resource cannot be made or edited so.
func (f *Cloud) refuses(a lb.Action, got lb.State) error {
	was, there := f.State[a.Ref]
	switch {
	case there && was.Foreign():
		return Bad(a, cloud.Conflict, "it is not ours")
	case a.Verb == lb.Create && there:
		return Bad(a, cloud.Conflict, "it is there")
	case a.Verb == lb.Edit && (!there || was.Version != a.Got.Version):
		return Bad(a, cloud.Stale, "it is at %q, and was thought to be at %q", was.Version, a.Got.Version)
	}
	for _, used := range a.Want.Uses {
		if _, ok := f.State[used]; !ok {
			return Bad(a, cloud.NotFound, "%s is not there", used)
		}
		if _, ok := got[used]; !ok {
			return Bad(a, cloud.Invalid, "%s was not handed over", used)
		}
	}
	return nil
}

// choose gives an address the one that is asked for, or one of its own.
func (f *Cloud) choose(now *lb.Resource, a lb.Action) error {
	if now.Address = now.Fields.One("ip"); now.Address == "" {
		now.Address = fmt.Sprintf("203.0.%d.%d", f.next/250, f.next%250+1)
	}
	now.Fields["ip"] = []string{now.Address}
	for _, r := range f.State {
		if r.Kind == "address" && r.Ref != a.Ref && r.Address == now.Address {
			return Bad(a, cloud.Conflict, "%s is taken", now.Address)
		}
	}
	return nil
}

// Counts forgets the calls so far, and returns how many there were.
func (f *Cloud) Counts() (reads, changes int) {
	f.Lock()
	defer f.Unlock()
	reads, changes = len(f.Reads), len(f.Done)
	f.Reads, f.Done = nil, nil
	return reads, changes
}

// With does something while nothing else changes.
func (f *Cloud) With(do func()) {
	f.Lock()
	defer f.Unlock()
	do()
}

// Of are an owner's resources, in order.
func (f *Cloud) Of(o cloud.Owner) (out []lb.Resource) {
	f.Lock()
	defer f.Unlock()
	for _, r := range f.State.Sorted() {
		if r.Owner == o {
			out = append(out, r)
		}
	}
	return out
}
