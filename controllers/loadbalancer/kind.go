package loadbalancer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Kind is a kind of objects that own load balancers. What owners of kinds that
// are not registered have is never swept.
type Kind interface {
	// Kind is the owners' kind in ownership marks, such as Service.
	Kind() string
	// List returns the objects that have something of ours or are to have it: of
	// the cache, or as the API server has them by now.
	List(ctx context.Context, live bool) ([]client.Object, error)
	// Wants is what an object asks for by a view; false where it is to have
	// nothing, or is refused.
	Wants(o client.Object, k *View) (Wanted, bool)
	// Enqueue brings objects to their queue.
	Enqueue(ctx context.Context, keys []types.NamespacedName)
}

// Wanted is what one owner is to have.
type Wanted struct {
	// Object is the owner. It carries our finalizer before anything is made.
	Object client.Object
	// Balancer names its owner, also where nothing of it is to be.
	Balancer lb.LoadBalancer
	// Nodes says which nodes each backend sends to, by its name. One without a
	// name cannot be read: only what there is goes on then.
	Nodes map[string]Selection
	// What is what it has in the cloud, in words; a load balancer by default.
	What string
	// Lent: what uses it may be somebody else's.
	Lent bool
	// Told are the addresses that clients are told of now: those of its status.
	Told []string
}

func (w Wanted) what() string { return cmp.Or(w.What, "load balancer") }

func (w Wanted) owner() cloud.Owner { return w.Balancer.Owner }

// unprotected reports whether no protection of the load balancer from deletion is
// asked for, or no longer.
func (w Wanted) unprotected() bool {
	return w.Balancer.Attributes[lb.AttributeProtected] != "true"
}

// uses are the nodes that the balancer sends to.
func (w Wanted) uses() (out []use) {
	for backend, s := range w.Nodes {
		if s.Name != "" {
			out = append(out, use{s, w.Balancer.Backends[backend].Takes})
		}
	}
	return out
}

// NetworkAnnotation names the Network of an object.
const NetworkAnnotation = "vpcnative.dev/network"

// Register adds a kind, at any time.
func (e *Engine) Register(k Kind) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.kinds[k.Kind()] = k
}

// registered are the kinds by now.
func (e *Engine) registered() map[string]Kind {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.kinds)
}

// OwnerOf is the owner of what is made for an object of a kind.
func OwnerOf(clusterID, kind string, o client.Object) cloud.Owner {
	return cloud.Owner{ClusterID: clusterID, Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName()}
}

func keyOf(o cloud.Owner) types.NamespacedName {
	return types.NamespacedName{Namespace: o.Namespace, Name: o.Name}
}

// Living are the owners that there are, by kind. Owners of other kinds and
// clusters are none of ours to judge.
type Living struct {
	ClusterID string
	kinds     map[string]map[cloud.Owner]bool
}

// Add has these objects live, and no others of their kind.
func (l *Living) Add(kind string, objects []client.Object) {
	if l.kinds == nil {
		l.kinds = map[string]map[cloud.Owner]bool{}
	}
	l.kinds[kind] = map[cloud.Owner]bool{}
	for _, o := range objects {
		l.kinds[kind][OwnerOf(l.ClusterID, kind, o)] = true
	}
}

// Has reports whether what an owner has is to stay.
func (l *Living) Has(o cloud.Owner) bool {
	alive, judged := l.kinds[o.Kind]
	return !judged || o.ClusterID != l.ClusterID || alive[o]
}

// living are the owners of all registered kinds.
func (e *Engine) living(ctx context.Context, live bool) (*Living, error) {
	out := &Living{ClusterID: e.ClusterID}
	for name, kind := range e.registered() {
		objects, err := kind.List(ctx, live)
		if err != nil {
			return nil, fmt.Errorf("listing %ss: %w", name, err)
		}
		out.Add(name, objects)
	}
	return out, nil
}

// replan brings owners to the queues of their kinds.
func (e *Engine) replan(ctx context.Context, owners []cloud.Owner) {
	keys := map[string][]types.NamespacedName{}
	for _, o := range owners {
		keys[o.Kind] = append(keys[o.Kind], keyOf(o))
	}
	kinds := e.registered()
	for kind, list := range keys {
		if k := kinds[kind]; k != nil {
			k.Enqueue(ctx, list)
		}
	}
}

// replanUsers brings those to their queues whose balancers send to a set.
func (e *Engine) replanUsers(ctx context.Context, k *View, s Selection) {
	k.mu.Lock()
	users := k.usersOf(s.Name)
	k.mu.Unlock()
	e.replan(ctx, users)
}

// replanAll brings all objects of all kinds to their queues.
func (e *Engine) replanAll(ctx context.Context) {
	for _, kind := range e.registered() {
		objects, err := kind.List(ctx, false)
		if err != nil {
			continue // it comes with the next reading
		}
		var keys []types.NamespacedName
		for _, o := range objects {
			keys = append(keys, client.ObjectKeyFromObject(o))
		}
		kind.Enqueue(ctx, keys)
	}
}

// namesNetwork are objects whose spec names their Network, for good; an
// annotation of theirs does not.
type namesNetwork interface{ NamedNetwork() string }

// NetworkOf is the name of the Network of an object: the one it names, in its
// spec or by an annotation, or the only one, or the default one.
func NetworkOf(o client.Object, all []v1alpha1.Network) string {
	name := strings.TrimSpace(o.GetAnnotations()[NetworkAnnotation])
	if by, is := o.(namesNetwork); is {
		name = by.NamedNetwork()
	}
	if name != "" {
		return name
	}
	if len(all) == 1 {
		return all[0].Name
	}
	return v1alpha1.DefaultNetwork
}
