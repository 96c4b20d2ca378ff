package loadbalancer

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/informer"
)

// Serves reports whether balancers send to the Node. Whether it is ready does
// not count: the health check finds out sooner.
func Serves(n *corev1.Node) bool {
	if !n.DeletionTimestamp.IsZero() || n.Spec.ProviderID == "" {
		return false
	}
	if value, has := n.Labels[corev1.LabelNodeExcludeBalancers]; has {
		if out, err := strconv.ParseBool(value); err != nil || out {
			return false
		}
	}
	return !slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == informer.TaintToBeDeleted })
}

// NodeSetOf is the set of the Nodes that serve and are selected, in order.
func NodeSetOf(clusterID string, s Selection, all []*corev1.Node) lb.NodeSet {
	out := lb.NodeSet{ClusterID: clusterID, Name: s.Name}
	for _, n := range all {
		if Serves(n) && s.Selects(assign.LabelsOf(n)) {
			out.Nodes = append(out.Nodes, NodeOf(n))
		}
	}
	slices.SortFunc(out.Nodes, func(a, b lb.Node) int { return cmp.Compare(a.ProviderID, b.ProviderID) })
	out.Nodes = slices.CompactFunc(out.Nodes, func(a, b lb.Node) bool { return a.ProviderID == b.ProviderID })
	return out
}

// NodeOf is a Node as balancers see it.
func NodeOf(n *corev1.Node) lb.Node {
	out := lb.Node{ProviderID: n.Spec.ProviderID, Zone: zoneOf(n)}
	families := map[lb.Family]bool{}
	for _, a := range n.Status.Addresses {
		if ip, err := netip.ParseAddr(a.Address); err == nil && a.Type == corev1.NodeInternalIP && !families[lb.FamilyOf(ip)] {
			families[lb.FamilyOf(ip)] = true
			out.Addresses = append(out.Addresses, ip)
		}
	}
	return out
}

// zoneOf: on both clouds the last part of a provider ID but one is the zone;
// it may be empty on EC2. Nobody can change it, as one can a label.
func zoneOf(n *corev1.Node) string {
	if parts := strings.Split(n.Spec.ProviderID, "/"); len(parts) > 1 && parts[len(parts)-2] != "" {
		return parts[len(parts)-2]
	}
	return n.Labels[corev1.LabelTopologyZone]
}

// nodeChanged lets through what changes a set.
var nodeChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		a, b := e.ObjectOld.(*corev1.Node), e.ObjectNew.(*corev1.Node)
		return Serves(a) != Serves(b) || !reflect.DeepEqual(NodeOf(a), NodeOf(b)) || !reflect.DeepEqual(a.Labels, b.Labels)
	},
}

// learnUses notes which nodes the balancers send to that were there before this
// manager: the turn of their owners may be long in coming, and one that is refused
// by now goes on sending to the nodes that its zones have.
func (e *Engine) learnUses(ctx context.Context, k *View) error {
	var networks v1alpha1.NetworkList
	if err := e.Client.List(ctx, &networks); err != nil {
		return fmt.Errorf("listing Networks: %w", err)
	}
	views := e.views()
	for name, kind := range e.registered() {
		objects, err := kind.List(ctx, false)
		if err != nil {
			return fmt.Errorf("listing %ss: %w", name, err)
		}
		for _, o := range objects {
			at := slices.IndexFunc(views, func(v *View) bool { return v.store == k.store && v.network == NetworkOf(o, networks.Items) })
			if owner := OwnerOf(e.ClusterID, name, o); at >= 0 && !k.knows(owner) && k.has(owner) {
				w, _ := kind.Wants(o, views[at])
				k.use(owner, w.uses())
			}
		}
	}
	return nil
}

// withNodes is what is wanted, with the Nodes there are by now.
func (e *Engine) withNodes(k *View, w Wanted) lb.LoadBalancer {
	return w.Balancer.WithNodes(func(backend string) lb.NodeSet { return e.nodeSet(k, w.Nodes[backend]) })
}

// nodeSet is the set of the Nodes there are by now, and, where each balancer has
// pools of its own, how many of them each owner takes.
func (e *Engine) nodeSet(k *View, s Selection) lb.NodeSet {
	out := NodeSetOf(e.ClusterID, s, e.Nodes())
	if !k.Rules().OwnPools {
		return out
	}
	out.Takes, out.Load = map[cloud.Owner]int{}, map[string]int{}
	k.mu.Lock()
	defer k.mu.Unlock()
	for o, uses := range k.users {
		for _, u := range uses {
			if u.of(s.Name) {
				out.Takes[o] = u.takes
			}
		}
	}
	for _, list := range k.members {
		for _, m := range list {
			out.Load[m]++
		}
	}
	return out
}
