package node

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/controllers/informer"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/claims"
	"github.com/vpcnative/vpcnative/controllers/node/drift"
	"github.com/vpcnative/vpcnative/controllers/node/nodestatus"
)

// pageOfNodes bounds how many Nodes are in memory whole at a time.
const pageOfNodes = 500

// reading is everything that was read before anything may be given out.
type reading struct {
	catalog *catalog
	space   func(context.Context, *v1alpha1.Network) (cloud.Snapshot, error)
	world   allocator.World
	nics    map[string]cloud.Interface
	missing map[types.UID]bool // Nodes whose prefix is not on their instance
	carried map[types.UID]bool // Nodes whose prefix is
	alive   map[types.UID]bool
	idle    []string // Nodes without podCIDRs
	accused []string // Nodes in a range that were taken for another allocator's

	onInstance map[string]allocator.Allocation // the Node of each instance, and what it publishes
	foreign    []drift.Foreign                 // Nodes with podCIDRs outside every range
	unrecorded []allocator.Allocation          // Nodes that publish what no record of ours names

	outside []netip.Prefix // carried by interfaces, and in no range

	recorded map[netip.Prefix][]allocator.Allocation // what the ledger knows
}

// recordsOf returns all that the ledger says of each prefix.
func recordsOf(b claims.Records) map[netip.Prefix][]allocator.Allocation {
	out := make(map[netip.Prefix][]allocator.Allocation, len(b.Held))
	for _, e := range slices.Concat(b.Claims, b.Held, b.Releases) {
		out[e.Prefix] = append(out[e.Prefix], e)
	}
	return out
}

// origin reports who put on the instance what its Node publishes. We did only
// where we have a record of that very prefix for this Node, or for an earlier
// one of the same instance (I4).
func (r *reading) origin(k allocator.Allocation) allocator.Allocation {
	var found *allocator.Allocation
	for i, e := range r.recorded[k.Prefix] {
		if e.NodeUID == k.NodeUID {
			return e
		}
		if e.Instance == k.Instance {
			found = &r.recorded[k.Prefix][i]
		}
	}
	if found == nil {
		r.unrecorded = append(r.unrecorded, k)
		return allocator.Allocation{Adopted: true}
	}
	return *found
}

func (c *Controller) read(ctx context.Context, promised claims.Records) (*reading, error) {
	r := &reading{nics: map[string]cloud.Interface{}, missing: map[types.UID]bool{}, carried: map[types.UID]bool{}, alive: map[types.UID]bool{}}
	began := c.Now()
	r.space = func(ctx context.Context, n *v1alpha1.Network) (cloud.Snapshot, error) {
		return c.Space.Read(ctx, n, began)
	}
	var err error
	if r.catalog, err = c.readCatalog(ctx, c.Live); err != nil {
		return nil, err
	}
	r.recorded = recordsOf(promised)
	if r.onInstance, err = c.readNodes(ctx, r); err != nil {
		return nil, err
	}
	r.world.Promised = slices.Concat(promised.Claims, promised.Releases, r.dead(promised.Held))
	r.world.Resting = promised.Resting
	c.readInterfaces(ctx, r, r.onInstance)
	r.rank()
	return r, nil
}

// rank puts those Nodes first whose prefix is on our records, and then those
// whose instance carries it: where two publish the same, the first holds it.
func (r *reading) rank() {
	unrecorded := map[types.UID]bool{}
	for _, k := range r.unrecorded {
		unrecorded[k.NodeUID] = true
	}
	rank := func(k allocator.Allocation) int {
		switch {
		case !unrecorded[k.NodeUID]:
			return 0
		case r.carried[k.NodeUID]:
			return 1
		}
		return 2
	}
	for i, k := range r.world.Nodes {
		r.world.Nodes[i].Observed = rank(k) == 2
	}
	slices.SortStableFunc(r.world.Nodes, func(a, b allocator.Allocation) int { return cmp.Compare(rank(a), rank(b)) })
}

// dead returns the records whose Nodes are gone: they went while no manager
// looked, and their prefixes are still to be taken back.
func (r *reading) dead(held []allocator.Allocation) (out []allocator.Allocation) {
	for _, e := range held {
		if !r.alive[e.NodeUID] {
			out = append(out, e)
		}
	}
	return out
}

func (c *Controller) readCatalog(ctx context.Context, from client.Reader) (*catalog, error) {
	var requests v1alpha1.RangeRequestList
	if err := from.List(ctx, &requests); err != nil {
		return nil, fmt.Errorf("listing RangeRequests: %w", err)
	}
	var networks v1alpha1.NetworkList
	if err := from.List(ctx, &networks); err != nil {
		return nil, fmt.Errorf("listing Networks: %w", err)
	}
	slices.SortFunc(requests.Items, func(a, b v1alpha1.RangeRequest) int {
		return cmp.Compare(a.Name, b.Name) // the cache lists in any order
	})
	cat := &catalog{requests: requests.Items, networks: map[string]*v1alpha1.Network{}, vpcs: map[string]cloud.VPC{}, failures: map[string]error{}}
	for i := range networks.Items {
		n := &networks.Items[i]
		cat.networks[n.Name] = n
		vpc, err := c.OpenVPC(ctx, n)
		if err != nil {
			cat.failures[n.Name] = err
			continue
		}
		cat.vpcs[n.Name] = vpc
	}
	cat.definitions = definitionsOf(requests.Items)
	cat.reserve(networks.Items)
	return cat, nil
}

// readNodes lists the Nodes live, page by page, keeping little of each, and
// returns the published prefix of each instance.
func (c *Controller) readNodes(ctx context.Context, r *reading) (map[string]allocator.Allocation, error) {
	instances := map[string]allocator.Allocation{}
	for next := ""; ; {
		var page corev1.NodeList
		if err := c.Live.List(ctx, &page, client.Limit(pageOfNodes), client.Continue(next)); err != nil {
			return nil, fmt.Errorf("listing Nodes: %w", err)
		}
		for i := range page.Items {
			r.addNode(&page.Items[i], instances)
		}
		if next = page.Continue; next == "" {
			return instances, nil
		}
	}
}

func (r *reading) addNode(n *corev1.Node, instances map[string]allocator.Allocation) {
	uid := n.UID
	r.alive[uid] = true
	holder := allocator.Holder{NodeUID: uid, Node: n.Name, Instance: informer.ProviderID(n)}
	if len(n.Spec.PodCIDRs) == 0 {
		r.idle = append(r.idle, holder.Node)
		instances[holder.Instance] = allocator.Allocation{Holder: holder}
		return
	}
	mine := false // one prefix of each family; the pools are IPv4, and IPv6 is delegated
	for _, p := range podCIDRsOf(n) {
		k := allocator.Allocation{Holder: holder, Prefix: p, Published: true}
		switch {
		case !r.inRange(p):
			continue
		case mine || !r.within(p):
			r.world.Nodes = append(r.world.Nodes, k) // in use, and nothing that this Node could be given
			continue
		}
		mine = true
		k.Delegated, _ = publishedIPv6(n)
		from := r.origin(k)
		k.Adopted, k.InstanceUID, k.Before = from.Adopted, from.InstanceUID, from.Before
		r.world.Nodes = append(r.world.Nodes, k)
		if nodestatus.IsForeign(n) {
			r.accused = append(r.accused, n.Name)
		}
		instances[holder.Instance] = k
	}
	if mine {
		return
	}
	if candidates := assign.Candidates(r.catalog.requests, assign.LabelsOf(n)); len(candidates) > 0 {
		r.foreign = append(r.foreign, drift.Foreign{Request: candidates[0].Name, Node: n.Name, PodCIDRs: strings.Join(n.Spec.PodCIDRs, ",")})
	}
}
