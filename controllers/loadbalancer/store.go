package loadbalancer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// View is one Network's view of a store: by which connection, and in whose
// name, what is there is read and changed.
type View struct {
	network, clusterID string
	// Cloud is the name of the Network's cloud.
	Cloud string
	lb.Balancers
	*store
	nodes func() []lb.Node // all of the API server's

	// held: the Network carries our finalizer; going: it is being deleted; said is
	// what was last said of that. The store's lock guards them.
	held, going bool
	said        string
	places      nodesOfPlaces
}

func newView(network, clusterID, cloudName string, b lb.Balancers, i *store, nodes func() []lb.Node) *View {
	return &View{network: network, clusterID: clusterID, Cloud: cloudName, Balancers: b, store: i, nodes: nodes}
}

// store is what is known of the load balancing of one [lb.Rules.Domain]:
// all that is there, as it was read and as every change has left it since. It
// is there once, however many Networks have views of it: what one of them does
// not want another may.
type store struct {
	domain string

	loading sync.Mutex // one bulk read at a time
	looking sync.Mutex // one look at what is pending
	looked  time.Time  // the last one, with looking held
	mu      sync.Mutex
	state   lb.State
	// noted is when a change was last entered, so that a read that began
	// before it does not undo it.
	noted   map[lb.Ref]uint64
	notedAt map[lb.Ref]time.Time
	readLag time.Duration
	clock   uint64
	read    time.Time // of the last bulk read that came off
	tried   time.Time
	failure error    // of the last bulk read
	hole    *lb.Hole // what the last bulk read lacked
	stale   bool     // it is to be read by another connection
	// members is what pools hold, where it is known, and changed the clock's time
	// of the last change; aside are the members that the cloud does not take.
	members map[lb.Ref][]string
	changed map[lb.Ref]uint64
	aside   *members.Aside
	turns   members.Turns
	// begun is when the last complete read began, and begunOf that of owners.
	begun     time.Time
	reads     int
	begunOf   map[cloud.Owner]time.Time
	doubtful  map[cloud.Owner]bool
	busy      map[lb.Ref]chan struct{} // with something in it, it is being changed
	users     map[cloud.Owner][]use
	sets      map[string]lb.NodeSet // as the pools were last made
	grown     map[string]bool       // sets that something shared was made for, since their users were planned
	behind    map[string]bool       // sets of which some pool was slow or failed, since their users were planned
	meeting   sync.Mutex            // one reading of new nodes at a time
	met       map[string]bool       // provider IDs of nodes that were there when something was read
	orphans   map[lb.Ref]time.Time  // when first seen
	floors    map[string]floor      // by set
	confirmed int                   // how many members may go, as a person said
	// heldBefore: a Network said that members are held, before this manager
	// decided anything.
	heldBefore bool
	inspected  time.Time // the last time, and the last owner in the ring
	lastOwner  string
}

func newStore(domain string, readLag time.Duration, now func() time.Time) *store {
	return &store{
		readLag: readLag, notedAt: map[lb.Ref]time.Time{}, members: map[lb.Ref][]string{}, changed: map[lb.Ref]uint64{}, aside: members.NewAside(now), turns: members.NewTurns(poolsAtATime),
		domain: domain, state: lb.State{}, begunOf: map[cloud.Owner]time.Time{}, noted: map[lb.Ref]uint64{}, doubtful: map[cloud.Owner]bool{}, busy: map[lb.Ref]chan struct{}{},
		users: map[cloud.Owner][]use{}, sets: map[string]lb.NodeSet{}, grown: map[string]bool{}, behind: map[string]bool{}, met: map[string]bool{}, orphans: map[lb.Ref]time.Time{}, floors: map[string]floor{},
	}
}

// view is all that is there, for the caller to work on.
func (k *View) view() lb.State {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := maps.Clone(k.state)
	k.holding(out)
	return out
}

func (k *View) has(o cloud.Owner) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.state {
		if r.Owner == o {
			return true
		}
	}
	return false
}

// note enters what an action came to.
func (k *View) note(a lb.Action, now lb.Resource) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock++
	for _, ref := range append([]lb.Ref{a.Ref}, refsOf(a.Parts)...) {
		k.noted[ref], k.notedAt[ref] = k.clock, time.Now()
	}
	if a.Verb != lb.Edit {
		delete(k.members, a.Ref)
	}
	if now.Members != nil { // it was just made
		k.members[a.Ref], k.changed[a.Ref], now.Members = now.Members, k.clock, nil
	}
	k.state.Note(a, now)
	if a.Verb == lb.Delete {
		k.aside.Forget(a.Got.Group())
	}
	if makesShared(a) {
		k.grown[a.Want.Owner.Name] = true
	}
}

func refsOf(list []lb.Resource) (out []lb.Ref) {
	for _, r := range list {
		out = append(out, r.Ref)
	}
	return out
}

// lock keeps everybody else from changing one resource, when they are done.
func (k *View) lock(ctx context.Context, ref lb.Ref) (unlock func(), err error) {
	k.mu.Lock()
	one := k.busy[ref]
	if one == nil {
		one = make(chan struct{}, 1)
		k.busy[ref] = one
	}
	k.mu.Unlock()
	select {
	case one <- struct{}{}:
		return func() { <-one }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for %s: %w", ref, ctx.Err())
	}
}

// now is the clock's time: that of the last change.
func (k *View) now() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clock
}

// use is which nodes a balancer sends to: so many of a set, all where it is 0.
type use struct {
	Selection
	takes int
}

func (u use) of(set string) bool { return u.Name == set }

// use records which nodes an owner's balancer sends to, and reports whether the
// pools have to be looked at for that: nobody used a set, or the balancer has
// pools of its own and takes other nodes now.
func (k *View) use(o cloud.Owner, uses []use) (news bool) {
	own := k.Rules().OwnPools
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, u := range uses {
		same := func(x use) bool { return x.of(u.Name) && x.takes == u.takes }
		news = news || len(k.usersOf(u.Name)) == 0 || own && !slices.ContainsFunc(k.users[o], same)
	}
	k.users[o] = uses
	return news
}

// knows reports whether it is recorded which nodes an owner's balancer sends to.
func (k *View) knows(o cloud.Owner) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, known := k.users[o]
	return known
}

// usersOf are the owners whose balancers send to a set. The store is locked.
func (k *View) usersOf(set string) (out []cloud.Owner) {
	for o, uses := range k.users {
		if slices.ContainsFunc(uses, func(u use) bool { return u.of(set) }) {
			out = append(out, o)
		}
	}
	return out
}

// leave records that an owner's balancer sends to no nodes any more.
func (k *View) leave(o cloud.Owner) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.users, o)
}
