// Package lb is the cloud-neutral load balancer: what one is to be, the
// resources that make it up in a cloud, and the pure [Plan] between what is
// there and what is wanted.
//
// # The way through
//
//	LoadBalancer               what is wanted, in words of no cloud (a value)
//	      | Balancers.Want     the adapter translates, without a call
//	[]Resource                 the cloud's own resources and what each uses
//	      | Plan(rules, got, goal)
//	Actions                    what to do, in order, each with why and the difference
//	      | Run, Balancers.Apply
//	State                      the resources as they are, from Balancers.Read
//
// There is one differ, over resources: an adapter says what it wants in its
// cloud's own resources, which of their fields can be changed in place
// ([Rules]) and how one action is carried out. A plan prints, for either
// cloud, exactly what would be done: "vpcnative plan" and --dry-run stop there.
//
// # Resources
//
// A [Resource] has a kind, a scope and a name ([Ref]), an owner, fields (sets of
// texts), the resources it uses, and the claims that no two can have at once
// (a port of an address, a listener's port). Its fields are all that there is
// to it: the adapter makes requests of nothing else, so that whatever is
// compared is also sent, and the other way round. A field that is not wanted
// is not compared (the cloud chooses it); one wanted empty is cleared.
//
// Names are functions of the owner, the role and, for what cannot be changed
// in place, of that: so a replacement has another name wherever the cloud lets
// both stand side by side, is made first, taken into use by an edit, and the
// old one goes last. Only what claims the same thing (a forwarding rule its
// port) is deleted first and made again, in that order and at once. An address
// is a resource too, which outlives the forwarding rules that use it.
//
// # Nodes
//
// Which nodes are members is apart from a balancer's shape, and no field of a
// pool: a plan says nothing of it, and package members keeps it. A [NodeSet] is
// shared by many balancers, and [Balancers.Pools] returns the pools that carry it
// (Compute Engine: zonal endpoint groups or instance groups, each shared by all
// balancers of the set; EC2: every balancer's target groups) with the members
// they are to have. A node that joins 200 balancers is a change of those pools;
// no balancer is planned again.
//
// # Ownership
//
// A resource whose Owner is zero is not ours, whatever its name: [Plan] gives
// [Conflict] where its name is wanted and never another action. A goal deletes
// only what its own owner has; what other owners have (the shared pools,
// health checks, rules for probes) it may make and edit. [Orphans] finds what
// has nobody any more.
//
// # Contributors
//
// Several objects may ask for parts of one balancer: each [Listener] and each
// [Backend], which has nodes, a check, an affinity and attributes of its own,
// says for whom it is (From). A [Refusal] names that object. [GoalOf] leaves out
// what it asks for, and the rest is made; what was made for it before stays.
//
// # What comes next
//
// Endpoint groups of pods come beside a backend's nodes; HTTP routes, each with a
// [Target], and certificates beside a listener's; HTTP and HTTPS beside the
// protocols. The adapters translate each into further kinds of resources; the
// differ, the order and the ownership rules do not know what a kind means.
//
// What is ordered, such as a URL map or the rules of a listener, is a document: a
// member Document of [Resource] beside its Fields, which are sets. It is a tree of
// maps, lists and texts, compared whole: what the cloud has beyond it differs. Each
// difference becomes a [Change] whose Field is the path to it
// ("pathMatchers[0].defaultService") and whose From and To have one value at
// most, so that plans print it as they are, and the text before the first dot or
// bracket is what [Rules.Editable] names. Only the function differ, which makes
// the changes of two resources, has to know.
package lb
