package lb

import (
	"context"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// Rules is what a differ must know of a cloud.
type Rules struct {
	// Domain is what Read reads of and names are unique in, as
	// "projects/demo/regions/us-central1" or "vpc-1 in eu-west-1". Balancers of
	// one Domain read, make and own the same things.
	Domain string
	// VPC is where they are made: of one Domain, only one VPC's can be.
	VPC string
	// Editable are the fields of each kind that can be changed in place.
	Editable map[string][]string
	// MaxNodes is how many nodes of a set become members of most balancers'
	// pools; 0 is no limit. Want of a balancer whose nodes serve only pods of
	// their own may differ where a set has more.
	MaxNodes int
	// OwnPools: each balancer has pools of its own, and may send to some of a
	// set's nodes ([NodeSet.Takes]).
	OwnPools bool
	// ReadsNodes: Want goes by what Read returns of the nodes' machines, so that
	// a node that has come since is read before it counts.
	ReadsNodes bool
	// ListIsPartial: Read of a whole cluster does not show all that somebody may
	// have changed of a balancer; Read of its owner does.
	ListIsPartial bool
}

// Balancers is the load balancing of one VPC. Rules, Want, Pools, Unfit,
// EndpointGroups and Ingresses make no call and depend on nothing but their arguments and the
// adapter's configuration.
type Balancers interface {
	Rules() Rules

	// Groups is what pools hold, which is apart from what they are.
	members.Groups

	// Read returns every resource of a kind that balancers are made of that is
	// ours by its mark, of the cluster or of the owners alone where any are
	// given, and those that only have such a name. What is another cluster's has
	// no owner: to this one it is somebody else's. Its calls grow with pages,
	// and with pools, never with balancers, for the cluster.
	//
	// Errors: PermissionDenied, Unauthenticated, Throttled, Unavailable.
	// With an error the state is not whole and must not be planned on; but with
	// a [*Hole] it lacks nothing but what is in some zones.
	Read(ctx context.Context, clusterID string, of ...cloud.Owner) (State, error)

	// Look reads again what changes by itself of the resources given, and
	// nothing else: what is Pending, of all of them at once, and the Health of
	// what has targets, one by one. What it does not return is gone.
	//
	// Errors: those of Read.
	Look(ctx context.Context, at State) (State, error)

	// Want translates a balancer into the resources that make it up, those it
	// shares with others included. What is there decides what the cloud chose
	// before (its address) and which zones the set's pools are in.
	//
	// Errors: Invalid for what the cloud has no way to do, such as protocols
	// that do not mix or an unknown attribute; LimitExceeded for more than fits.
	// A [*Refusal] in the chain says that it is about what one object asks for.
	Want(b LoadBalancer, got State) ([]Resource, error)

	// Pools returns each pool that carries the set, with the members that are
	// wanted. A pool that is not there yet is given whole.
	Pools(nodes NodeSet, got State) []Resource

	// Unfit says why a node can be a member of no pool; empty where it can.
	Unfit(n Node) string

	// EndpointGroups returns the groups that hold an owner's endpoints, each with
	// the members that it is to hold, and the endpoints that no group can hold,
	// and why. A group that is there stays, so that a load balancer of somebody
	// else's that refers to it keeps it.
	//
	// Errors: Invalid for what the cloud has no way to do.
	EndpointGroups(e Endpoints, got State) (groups []Resource, left []members.Left, err error)

	// Places returns of these nodes one for each place in which EndpointGroups
	// has a group made: with them it makes the groups that it makes with all.
	Places(nodes []Node, got State) []Node

	// Ingresses is where the balancer can be reached; none while something
	// that it needs for that is not there or pending.
	Ingresses(b LoadBalancer, got State) []Ingress

	// Apply carries out one action and returns the resource as it is then; it
	// returns when the cloud confirms it, or with Resource.Pending where
	// becoming ready takes its own time. An action whose end is there already
	// is success, so a repeat after a lost reply is safe. got holds the
	// resources it uses.
	//
	// A deletion takes Action.Parts along.
	//
	// Errors: Conflict, when the name is somebody else's, a claim is held by
	// another resource, or what is to be deleted is in use; Stale, when it is
	// no longer as Action.Got has it: read and plan again; QuotaExceeded,
	// LimitExceeded, PermissionDenied, Invalid; NotFound for what it uses;
	// OutcomeUnknown when it may have been made: read before anything else is
	// done. A [*NeedsAdmin] in the chain carries the command by which somebody
	// with more rights does it; the rest of the plan can go on. A [*Lingers] is
	// no failure: what has just been let go of is in use for a while.
	Apply(ctx context.Context, a Action, got State) (Resource, error)
}

// NeedsAdmin is a refusal that a person with other rights can make good.
type NeedsAdmin struct {
	// Of is what it is about.
	Of Ref
	// Command is the whole command line.
	Command string
	Err     error
}

func (e *NeedsAdmin) Error() string { return e.Err.Error() }

func (e *NeedsAdmin) Unwrap() error { return e.Err }

// Lingers says that something cannot go yet, since what used it and is gone is
// still about in the cloud. It goes when it is tried again later.
type Lingers struct{ Err error }

func (e *Lingers) Error() string { return e.Err.Error() }

func (e *Lingers) Unwrap() error { return e.Err }
