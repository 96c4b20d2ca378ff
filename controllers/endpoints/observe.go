package endpoints

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/endpoints/resolve"
	"github.com/vpcnative/vpcnative/controllers/loadbalancer"
)

// observed is what is to be attached for an EndpointGroup by now.
type observed struct {
	resolve.Placement
	// why is set where the Service or its port is missing; then nothing is placed.
	why *conditions.Refusal
	// again is when an endpoint that is not ready is to be detached.
	again time.Duration
}

// observe resolves the endpoints of a group from the cache. Its error is of the
// API server.
func (c *Controller) observe(ctx context.Context, g *v1alpha1.EndpointGroup) (out observed, err error) {
	if err := c.Pods.WaitForSync(ctx); err != nil {
		return out, err
	}
	s := &corev1.Service{}
	err = c.Client.Get(ctx, client.ObjectKey{Namespace: g.Namespace, Name: g.Spec.ServiceName}, s)
	if apierrors.IsNotFound(err) {
		out.why = conditions.Refuse(v1alpha1.ReasonServiceNotFound, "there is no Service %s/%s; create it, or delete this EndpointGroup", g.Namespace, g.Spec.ServiceName)
		return out, nil
	}
	if err != nil {
		return out, err
	}
	name, why := resolve.PortName(s, g.Spec.Port, corev1.Protocol(g.Spec.Protocol))
	if why != nil {
		out.why = why
		return out, nil
	}
	list, err := c.slices(ctx, g)
	if err != nil {
		return out, err
	}
	steady, protocol, now := c.steadyOf(client.ObjectKeyFromObject(g)), corev1.Protocol(g.Spec.Protocol), c.Engine.Now()
	var all []resolve.Endpoint
	var again time.Duration
	if resolve.Lag(list, name, protocol, g.Spec.IPFamily) {
		all, again = steady.Stay(now, mostLag)
	} else {
		all, again = steady.Keep(resolve.Merge(list, name, protocol, g.Spec.IPFamily), now, c.Gather)
	}
	out.Placement, out.again = resolve.Place(all, g.Namespace, c.index().Machines, c.Pods), again
	return out, nil
}

// mostLag is for how long slices may lack a port that the Service has: so long
// they may be behind it. Those that somebody writes by hand may lack it for good.
const mostLag = 10 * time.Second

// slices are the EndpointSlices of the group's Service, which must not be
// changed.
func (c *Controller) slices(ctx context.Context, g *v1alpha1.EndpointGroup) (out []*discoveryv1.EndpointSlice, _ error) {
	var list discoveryv1.EndpointSliceList
	err := c.Client.List(ctx, &list, client.InNamespace(g.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: g.Spec.ServiceName}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing the EndpointSlices of Service %s/%s: %w", g.Namespace, g.Spec.ServiceName, err)
	}
	for i := range list.Items {
		out = append(out, &list.Items[i])
	}
	return out, nil
}

func (c *Controller) steadyOf(key types.NamespacedName) *resolve.Steady {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.steady[key] == nil {
		c.steady[key] = &resolve.Steady{}
	}
	return c.steady[key]
}

// endpointsOf is what the engine is to keep for a group.
func (c *Controller) endpointsOf(g *v1alpha1.EndpointGroup, placed []resolve.Placed) loadbalancer.WantedEndpoints {
	w := loadbalancer.WantedEndpoints{Object: g, Endpoints: lb.Endpoints{
		Owner: loadbalancer.OwnerOf(c.Engine.ClusterID, lb.KindEndpointGroup, g), Protocol: lb.TCP, Family: lb.IPv4, Nodes: c.index().nodes,
	}}
	if g.Spec.Protocol == v1alpha1.ProtocolUDP {
		w.Protocol = lb.UDP
	}
	if g.Spec.IPFamily == v1alpha1.IPv6 {
		w.Family = lb.IPv6
	}
	if h := g.Spec.HealthCheck; h != nil {
		w.Check = &lb.HealthCheck{HTTP: h.Protocol == "HTTP", Path: h.Path, Port: uint16(h.Port), Interval: time.Duration(h.IntervalSeconds) * time.Second}
		if w.Check.HTTP && w.Check.Path == "" {
			w.Check.Path = "/"
		}
	}
	for _, p := range placed {
		w.List = append(w.List, lb.Endpoint{AddrPort: p.AddrPort, Node: loadbalancer.NodeOf(p.Node)})
	}
	return w
}
