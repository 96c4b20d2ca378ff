package lb

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// Ref names a resource: its kind as the cloud calls it, its scope, and its name,
// which is unique among those of the kind in the scope.
type Ref struct {
	Kind string
	// Scope is where in the cloud it is: a zone, [Global], or empty for what is
	// in the place that the balancers of a [Rules.Domain] are in.
	Scope string
	Name  string
}

// Global is the scope of what is in no region.
const Global = "global"

// RefOf is the resource that holds the members of a group.
func RefOf(g members.Group) Ref { return Ref{Kind: g.Kind, Scope: g.Scope, Name: g.Name} }

func (r Ref) String() string { return r.Kind + " " + r.Path() }

// Path is the name, behind the scope where there is one.
func (r Ref) Path() string { return path.Join(r.Scope, r.Name) }

// IsZero reports that it names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

func compareRefs(a, b Ref) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Scope, b.Scope), strings.Compare(a.Name, b.Name))
}

// Fields are what a resource is, each a set of texts: none, one, or many.
type Fields map[string][]string

// One is the value of a field that has one; empty where it has none.
func (f Fields) One(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return f[name][0]
}

// Resource is one thing in the cloud.
type Resource struct {
	Ref
	// Owner is whom it is for, as the resource itself says; zero where it does
	// not say so: then it is not ours.
	Owner cloud.Owner
	// Shared: balancers of several owners use it, and it goes when none does.
	Shared bool
	Fields Fields
	// Uses are the resources that must be there before it and after it.
	Uses []Ref
	// Claims are what no two resources can have at once. They are part of what
	// it is: a resource with other claims is another one.
	Claims []string
	// Serves are the points at which it takes clients in, such as a family, a
	// protocol and a port: "IPv4/TCP/80". One that ends in * stands for all that
	// begin so. What is to serve the same point elsewhere is its successor.
	Serves []string
	// Within is what it cannot be without: the deletion of that takes it along.
	Within Ref

	// Remarks are, of what is wanted, what a person should know of how it came
	// to be that. They are not compared.
	Remarks []string

	// What only the cloud knows; none of it is compared.

	// ID is the cloud's own name, where that is not Ref.Name: an ARN, a URL.
	ID string
	// Version is the opaque version for the next change (a fingerprint).
	Version string
	// Pending says why it is not ready to be used; empty where it is.
	Pending string
	// Address is what it answers at: an address or a host name.
	Address string
	// Scheme is who can reach it, of what takes traffic in as it was read.
	Scheme Scheme
	// Health is whether a target answers its checks, where it has targets.
	Health Health
	// Protection says why it cannot be deleted; empty where it can.
	Protection string
	// Members are what a pool holds, as they were last listed; nil where they
	// were not: Read does not. Of a pool from [Balancers.Pools], what it is to
	// hold; of one that was just made, what it holds by that.
	Members []string
}

// Group is the resource as what holds members.
func (r Resource) Group() members.Group {
	return members.Group{Kind: r.Kind, Scope: r.Scope, Name: r.Name, ID: r.ID}
}

// Health is whether what sends to targets has one that answers.
type Health string

// The states of health. Only [Balancers.Look] reports the last two.
const (
	NoTargets Health = ""        // it is of a kind without targets
	Unknown   Health = "unknown" // nobody has looked
	Healthy   Health = "healthy"
	Unhealthy Health = "unhealthy"
)

// Foreign reports that it is not ours.
func (r Resource) Foreign() bool { return r.Owner == cloud.Owner{} }

// uses reports whether it needs the other.
func (r Resource) uses(other Ref) bool { return slices.Contains(r.Uses, other) }

// State is what is there, by name.
type State map[Ref]Resource

// StateOf collects resources.
func StateOf(list ...Resource) State {
	s := State{}
	for _, r := range list {
		s[r.Ref] = r
	}
	return s
}

// SchemeOf is who can reach what serves the owner; empty where nothing does,
// and Internal while something of either scheme is there.
func (s State) SchemeOf(owner cloud.Owner) (scheme Scheme) {
	for _, r := range s {
		if r.Owner == owner && r.Scheme != "" && scheme != Internal {
			scheme = r.Scheme
		}
	}
	return scheme
}

// Sorted is every resource in the order of kinds and names.
func (s State) Sorted() []Resource {
	out := slices.Collect(maps.Values(s))
	slices.SortFunc(out, func(a, b Resource) int { return compareRefs(a.Ref, b.Ref) })
	return out
}

// For is what concerns one goal: the owner's resources, those they use, and
// those that the names given stand for.
func (s State) For(owner cloud.Owner, names ...Ref) State {
	out := State{}
	take := func(ref Ref) {
		if r, ok := s[ref]; ok {
			out[ref] = r
		}
	}
	for ref, r := range s {
		if r.Owner != owner {
			continue
		}
		out[ref] = r
		for _, used := range r.Uses {
			take(used)
		}
	}
	for _, ref := range names {
		take(ref)
	}
	return out
}

// Note enters what an action came to: the resource as it is now, or that it is
// gone.
func (s State) Note(a Action, now Resource) {
	if a.Verb == Delete {
		delete(s, a.Ref)
		for _, part := range a.Parts {
			delete(s, part.Ref)
		}
		return
	}
	s[a.Ref] = now
}
