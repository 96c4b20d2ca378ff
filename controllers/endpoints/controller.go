// Package endpoints keeps the pods behind a Service's port in the cloud's
// groups, for each EndpointGroup: it resolves them (package resolve), has the
// engine keep the groups, and reports in the status, Events and metrics.
package endpoints

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/endpoints/resolve"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// Config is what the controller needs.
type Config struct {
	Engine *loadbalancer.Engine
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Nodes are those of the cache, which must not be changed.
	Nodes func() []*corev1.Node
	// Pods knows which namespaces have an address.
	Pods    Pods
	Events  events.EventRecorder
	Metrics *Metrics
	// Gather is how long changes of endpoints are gathered at most, and how long
	// an endpoint may be not ready before it is detached; 1 second by default.
	Gather time.Duration
	// Workers is how many groups are worked on at a time; 32 by default.
	Workers int
}

// Pods knows the Pods' addresses once all have been listed, and in which
// namespaces one has got or lost an address since.
type Pods interface {
	resolve.Pods
	WaitForSync(context.Context) error
	// Came has an event in it while there is news to take.
	Came() <-chan event.TypedGenericEvent[*corev1.Namespace]
	TakeNews() (namespaces []string)
}

// Controller is the controller of EndpointGroups.
type Controller struct {
	Config
	again chan event.TypedGenericEvent[*v1alpha1.EndpointGroup] // to be looked at again

	mu       sync.Mutex
	machines *machines // nil after Nodes have changed
	steady   map[types.NamespacedName]*resolve.Steady
}

// New makes the controller.
func New(cfg Config) *Controller {
	if cfg.Gather == 0 {
		cfg.Gather = time.Second
	}
	if cfg.Workers == 0 {
		cfg.Workers = 32
	}
	return &Controller{Config: cfg, steady: map[types.NamespacedName]*resolve.Steady{}, again: make(chan event.TypedGenericEvent[*v1alpha1.EndpointGroup], 1024)}
}

// Kind is that of the owners of what is made for EndpointGroups.
func (c *Controller) Kind() string { return lb.KindEndpointGroup }

// List returns all EndpointGroups.
func (c *Controller) List(ctx context.Context, live bool) (out []client.Object, _ error) {
	from := client.Reader(c.Client)
	if live {
		from = c.Live
	}
	var list v1alpha1.EndpointGroupList
	if err := from.List(ctx, &list); err != nil {
		return nil, err
	}
	for i := range list.Items {
		out = append(out, &list.Items[i])
	}
	return out, nil
}

// Wants reports false: an EndpointGroup asks for no load balancer.
func (c *Controller) Wants(client.Object, *loadbalancer.View) (loadbalancer.Wanted, bool) {
	return loadbalancer.Wanted{}, false
}

// Enqueue brings EndpointGroups to their queue.
func (c *Controller) Enqueue(ctx context.Context, keys []types.NamespacedName) {
	for _, k := range keys {
		g := &v1alpha1.EndpointGroup{ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.Name}}
		select {
		case c.again <- event.TypedGenericEvent[*v1alpha1.EndpointGroup]{Object: g}:
		case <-ctx.Done():
			return
		}
	}
}
