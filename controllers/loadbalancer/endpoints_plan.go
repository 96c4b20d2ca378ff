package loadbalancer

import (
	"context"
	"slices"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// endpointGroups are an owner's groups: as they are to be, and what there is of
// them.
type endpointGroups struct {
	want   []lb.Resource
	state  lb.State
	unfit  []members.Left
	silent []string // zones
}

// endpointGroups plans an owner's groups. Where endpoints fit nowhere and are on
// machines that have come since the cloud was read, it is read once more.
func (k *View) endpointGroups(ctx context.Context, w lb.Endpoints) (out endpointGroups, err error) {
	if out, err = k.endpointGroupsNow(w); err != nil || len(out.unfit) == 0 {
		return out, err
	}
	read, err := k.meetMachines(ctx, w)
	if err != nil || !read {
		return out, err
	}
	return k.endpointGroupsNow(w)
}

// endpointGroupsNow works on the store itself: a copy of all that is there, for
// each of many owners, would take longer than all else.
func (k *View) endpointGroupsNow(w lb.Endpoints) (out endpointGroups, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w.Nodes = k.placesOf(w.Nodes)
	if out.want, out.unfit, err = k.EndpointGroups(w, k.state); err != nil {
		return out, err
	}
	out.state = k.state.For(w.Owner, refsOf(out.want)...)
	for ref := range k.state {
		if ref.Kind == lb.KindZone {
			out.silent = append(out.silent, ref.Name)
		}
	}
	slices.Sort(out.silent)
	return out, nil
}

// nodesOfPlaces are Nodes, one for each place in which groups are made. They are of one
// list of Nodes, and of one reading.
type nodesOfPlaces struct {
	of    *lb.Node
	reads int
	nodes []lb.Node
}

// placesOf finds them again only where the Nodes or the cloud have changed. The
// store is locked.
func (k *View) placesOf(all []lb.Node) []lb.Node {
	if len(all) == 0 {
		return nil
	}
	if k.places.of != &all[0] || k.places.reads != k.reads {
		k.places = nodesOfPlaces{&all[0], k.reads, k.Places(all, k.state)}
	}
	return k.places.nodes
}

// meetMachines reads an owner's resources, and where machines can be, once for
// machines that have come since the cloud was read. It reports whether it did.
func (k *View) meetMachines(ctx context.Context, w lb.Endpoints) (bool, error) {
	unmet := func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		return slices.ContainsFunc(w.List, func(x lb.Endpoint) bool { return !k.met[x.Node.ProviderID] })
	}
	if !unmet() {
		return false, nil
	}
	k.meeting.Lock()
	defer k.meeting.Unlock()
	if !unmet() { // another owner's turn read it
		return true, nil
	}
	if err := k.refresh(ctx, w.Owner); err != nil {
		return false, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range w.List {
		k.met[x.Node.ProviderID] = true
	}
	return true, nil
}

// get is one resource as it is, with what it holds where that is known.
func (k *View) get(ref lb.Ref) (lb.Resource, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r, there := k.state[ref]
	r.Members = k.members[ref]
	return r, there
}
