package loadbalancer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// fakeCloud is load balancing in memory, as strict as a cloud: what is used is
// there, what is in use stays, nobody gets a claim that another has, what is
// fixed is fixed. A balancer is an address, a backend on shared zonal pools
// and a shared check, a door for each protocol, and a wall.
type fakeCloud struct {
	mu    sync.Mutex
	state lb.State
	reads []string // of owners, or of all
	done  []string // changes that were tried: "create backend shop/web"
	next  int
	// fail is asked before a change is made, lose after.
	fail, lose func(lb.Action) error
	failRead   error
	// shown is what a reading of all shows in the place of what is there.
	shown lb.State
	// held is what pools hold; broken are members that none takes.
	held   map[lb.Ref][]string
	broken map[string]bool
	lists  []string
}

func newFake() *fakeCloud {
	return &fakeCloud{state: lb.State{}, held: map[lb.Ref][]string{}, broken: map[string]bool{}}
}

func (f *fakeCloud) Rules() lb.Rules {
	f.mu.Lock()
	defer f.mu.Unlock()
	return lb.Rules{ListIsPartial: f.shown != nil, Editable: map[string][]string{
		"backend": {"pools", "check", "affinity"}, "wall": {"from", "ports"}, "check": {"port"}, "door": {},
	}}
}

func (f *fakeCloud) Read(_ context.Context, clusterID string, of ...cloud.Owner) (lb.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what := "all"
	if len(of) > 0 {
		what = fmt.Sprint(of)
	}
	f.reads = append(f.reads, what)
	out := lb.State{}
	for ref, r := range f.state {
		if r.Foreign() || r.Owner.ClusterID == clusterID && (len(of) == 0 || slices.Contains(of, r.Owner)) {
			if as, ok := f.shown[ref]; ok && len(of) == 0 {
				r = as
			}
			out[ref] = r
		}
	}
	return out, f.failRead
}

func (f *fakeCloud) Look(_ context.Context, got lb.State) (lb.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads = append(f.reads, "pending")
	out := lb.State{}
	for ref := range got {
		if r, ok := f.state[ref]; ok {
			out[ref] = r
		}
	}
	return out, f.failRead
}

func named(kind string, o cloud.Owner, role string) lb.Ref {
	return lb.Ref{Kind: kind, Name: o.RoleName(role)}
}

func (f *fakeCloud) Want(b lb.LoadBalancer, nodes lb.NodeSet, _ lb.State) ([]lb.Resource, error) {
	if err := b.Validate(); err != nil {
		return nil, &cloud.Error{Reason: cloud.Invalid, Act: "make", Err: err}
	}
	ports := map[lb.Protocol][]string{}
	for _, l := range b.Listeners {
		ports[l.Protocol] = append(ports[l.Protocol], fmt.Sprint(l.Port))
	}
	if len(ports) > 1 && b.Scheme == lb.Internal {
		return nil, &cloud.Error{Reason: cloud.Invalid, Act: "make " + b.Owner.Name, Err: lb.ErrMixedProtocols}
	}
	var out []lb.Resource
	backend := lb.Resource{Ref: named("backend", b.Owner, "backend"), Owner: b.Owner,
		Fields: lb.Fields{"affinity": {fmt.Sprint(b.Affinity.ClientIP)}, "pools": nil}}
	for _, z := range nodes.Zones() {
		p := lb.Resource{Ref: poolRef(nodes, z), Owner: nodes.Owner(), Fields: lb.Fields{}}
		backend.Fields["pools"] = append(backend.Fields["pools"], p.Name)
		backend.Uses = append(backend.Uses, p.Ref)
		out = append(out, p)
	}
	check := lb.Resource{Ref: named("check", nodes.Owner(), "check"), Owner: nodes.Owner(), Fields: lb.Fields{"port": {fmt.Sprint(b.Check.Port)}}}
	if !b.Check.Shared {
		check.Ref, check.Owner = named("check", b.Owner, "check"), b.Owner
	}
	backend.Fields["check"], backend.Uses = []string{check.Name}, append(backend.Uses, check.Ref)
	wall := lb.Resource{Ref: named("wall", b.Owner, "wall"), Owner: b.Owner, Fields: lb.Fields{"from": nil, "ports": nil}}
	for _, p := range b.AllowedSources {
		wall.Fields["from"] = append(wall.Fields["from"], p.String())
	}
	out = append(out, check, backend)
	for _, front := range b.Frontends {
		address := lb.Resource{Ref: named("address", b.Owner, role("a", b.Scheme, front.Family)), Owner: b.Owner, Fields: lb.Fields{}}
		if front.Address.IsValid() {
			address.Fields["ip"] = []string{front.Address.String()}
		}
		out = append(out, address)
		for _, protocol := range slices.Sorted(maps.Keys(ports)) {
			wall.Fields["ports"] = append(wall.Fields["ports"], ports[protocol]...)
			door := lb.Resource{Ref: named("door", b.Owner, role(string(protocol[0]+32), b.Scheme, front.Family)), Owner: b.Owner,
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
	r := named("pool", nodes.Owner(), "pool")
	r.Name = zone + "/" + r.Name
	return r
}

func (f *fakeCloud) Pools(nodes lb.NodeSet, got lb.State) (out []lb.Resource) {
	zones := map[string][]string{}
	for _, n := range nodes.Nodes {
		zones[n.Zone] = append(zones[n.Zone], n.ProviderID)
	}
	for _, r := range got.Sorted() {
		if r.Kind == "pool" && r.Owner == nodes.Owner() {
			zone := r.Name[:len(r.Name)-len(poolRef(nodes, "").Name)]
			out = append(out, lb.Resource{Ref: r.Ref, Owner: r.Owner, Fields: lb.Fields{}, Members: zones[zone]})
			delete(zones, zone)
		}
	}
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		out = append(out, lb.Resource{Ref: poolRef(nodes, zone), Owner: nodes.Owner(), Fields: lb.Fields{}, Members: zones[zone]})
	}
	return out
}

func (f *fakeCloud) Unfit(lb.Node) string { return "" }

func (f *fakeCloud) Limits() members.Limits { return members.Limits{Call: 100} }

func (f *fakeCloud) List(_ context.Context, g members.Group) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists = append(f.lists, g.Name)
	return slices.Clone(f.held[lb.Ref{Kind: g.Kind, Name: g.Name}]), nil
}

func (f *fakeCloud) Attach(_ context.Context, g members.Group, list []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, "attach "+g.String())
	for _, m := range list {
		if f.broken[m] {
			return &members.Refused{Err: &cloud.Error{Reason: cloud.NotFound, Act: "attach", Resource: m, Err: errors.New("it is not running")}}
		}
	}
	ref := lb.Ref{Kind: g.Kind, Name: g.Name}
	f.held[ref] = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(f.held[ref]), list...))))
	return nil
}

func (f *fakeCloud) Detach(_ context.Context, g members.Group, list []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = append(f.done, "detach "+g.String())
	ref := lb.Ref{Kind: g.Kind, Name: g.Name}
	f.held[ref] = slices.DeleteFunc(slices.Clone(f.held[ref]), func(m string) bool { return slices.Contains(list, m) })
	return nil
}

func (f *fakeCloud) Ingresses(b lb.LoadBalancer, got lb.State) (out []lb.Ingress) {
	for _, front := range b.Frontends {
		r, ok := got[named("address", b.Owner, role("a", b.Scheme, front.Family))]
		if !ok || r.Pending != "" {
			return nil
		}
		out = append(out, lb.Ingress{Address: netip.MustParseAddr(r.Address)})
	}
	return out
}

func (f *fakeCloud) Apply(_ context.Context, a lb.Action, got lb.State) (lb.Resource, error) {
	f.mu.Lock()
	fail, lose := f.fail, f.lose
	owner := a.Got
	if a.Want != nil {
		owner = a.Want
	}
	f.done = append(f.done, fmt.Sprintf("%s %s %s/%s", a.Verb, a.Kind, owner.Owner.Namespace, owner.Owner.Name))
	f.mu.Unlock()
	if fail != nil {
		if err := fail(a); err != nil {
			return lb.Resource{}, err
		}
	}
	f.mu.Lock()
	now, err := f.change(a, got)
	f.mu.Unlock()
	if err == nil && lose != nil {
		err = lose(a)
	}
	return now, err
}

func bad(a lb.Action, reason cloud.Reason, format string, args ...any) error {
	return &cloud.Error{Reason: reason, Act: string(a.Verb), Resource: a.Ref.String(), Err: fmt.Errorf(format, args...)}
}

func (f *fakeCloud) change(a lb.Action, got lb.State) (lb.Resource, error) {
	was, there := f.state[a.Ref]
	if a.Verb == lb.Delete {
		for _, r := range f.state {
			if slices.Contains(r.Uses, a.Ref) {
				return was, bad(a, cloud.Conflict, "%s uses it", r.Ref)
			}
		}
		delete(f.state, a.Ref)
		delete(f.held, a.Ref)
		return lb.Resource{}, nil
	}
	if there && was.Foreign() {
		return was, bad(a, cloud.Conflict, "it is not ours")
	}
	if a.Verb == lb.Create && there {
		return was, bad(a, cloud.Conflict, "it is there")
	}
	if a.Verb == lb.Edit && (!there || was.Version != a.Got.Version) {
		return was, bad(a, cloud.Stale, "it is at %q, and was thought to be at %q", was.Version, a.Got.Version)
	}
	for _, used := range a.Want.Uses {
		if _, ok := f.state[used]; !ok {
			return was, bad(a, cloud.NotFound, "%s is not there", used)
		}
		if _, ok := got[used]; !ok {
			return was, bad(a, cloud.Invalid, "%s was not handed over", used)
		}
	}
	now := *a.Want
	now.Fields, now.Address = maps.Clone(was.Fields), was.Address
	if now.Fields == nil {
		now.Fields = lb.Fields{}
	}
	if there {
		now.Uses = a.Want.Uses
		if now.Uses == nil {
			now.Uses = was.Uses
		}
	}
	maps.Copy(now.Fields, a.Want.Fields)
	f.next++
	now.Version = fmt.Sprint(f.next)
	if a.Kind == "address" && now.Address == "" {
		if now.Address = now.Fields.One("ip"); now.Address == "" {
			now.Address = fmt.Sprintf("203.0.%d.%d", f.next/250, f.next%250+1)
		}
		now.Fields["ip"] = []string{now.Address}
		for _, r := range f.state {
			if r.Kind == "address" && r.Ref != a.Ref && r.Address == now.Address {
				return was, bad(a, cloud.Conflict, "%s is taken", now.Address)
			}
		}
	}
	f.state[a.Ref] = now
	if a.Kind == "pool" && !there {
		now.Members = []string{}
	}
	return now, nil
}

// counts forgets the calls so far, and gives how many there were.
func (f *fakeCloud) counts() (reads, changes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	reads, changes = len(f.reads), len(f.done)
	f.reads, f.done = nil, nil
	return reads, changes
}

func (f *fakeCloud) with(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

func (f *fakeCloud) of(o cloud.Owner) (out []lb.Resource) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.state.Sorted() {
		if r.Owner == o {
			out = append(out, r)
		}
	}
	return out
}

// patience is how long what must come to be may take on a busy machine.
const patience = 2 * time.Minute

// eventually waits for check to be content; its error otherwise.
func eventually(check func() error) error {
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = check(); err == nil {
			return nil
		}
	}
	return errors.Join(errors.New("gave up waiting"), err)
}
