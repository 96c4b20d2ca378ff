package decide

import (
	"slices"

	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/release"
)

// Release brings an allocation whose Node is gone, or publishes something else,
// a step nearer to its rest (I3): the release is made durable, the prefix is
// taken off the interface if it is still there, and once the cloud no longer
// shows it, it rests.
func Release(v View) Step {
	h, op := v.Allocation, v.Operation
	begun := !v.Release.Since.IsZero()
	switch {
	case op.UnderWay:
		return wait(0, "an operation is under way")
	case op.Err != nil && begun:
		return refuse(conditions.FromCloud(op.Err))
	case !h.Durable && !h.Found:
		return step(Drop, "neither the ledger nor the cloud has it")
	}
	if s, is := inherit(v); is {
		return s
	}
	switch {
	case op.MayAttach > 0: // until then it stays a claim, so that a restart doubts it too
		return wait(op.MayAttach, "an attachment of unknown outcome may still come")
	case !begun && h.Instance == "":
		return step(ReleaseToForeign, "its instance is not known: the next reading of all interfaces shows whether one carries it")
	case !begun:
		return step(BeginRelease, "the Node is gone")
	case v.Release.AwaitsListing():
		return wait(0, "the listing of all interfaces is the second look")
	case v.Release.Listed != 0:
		return letGo(v, v.Release.Listed)
	case v.Interface == nil:
		return step(Look, "where the prefix is")
	case v.Interface.Refused != nil:
		return refuse(v.Interface.Refused)
	}
	return settle(v)
}

// inherit hands the prefix to the Node that the same instance registered anew: it
// is on its interface already. A machine that was re-created under the same name
// is another instance, and inherits nothing but what its Node publishes.
func inherit(v View) (s Step, is bool) {
	h, n := v.Allocation, v.Node
	if v.Operation.MayAttach > 0 || v.Operation.MayDetach > 0 ||
		n == nil || h.Instance == "" || n.UID == h.NodeUID || n.Instance != h.Instance {
		return s, false
	}
	switch {
	case slices.Contains(n.PodCIDRs, h.Prefix):
		return step(Inherit, "the instance's new Node publishes it"), true
	case len(n.PodCIDRs) > 0 || v.Release.Detached:
		return s, false
	case v.Interface == nil:
		return step(Look, "whether the instance's new Node inherits it"), true
	case v.Interface.Refused != nil:
		return refuse(v.Interface.Refused), true
	case v.Interface.Carries && !v.Interface.Replaced:
		return step(Inherit, "the instance carries it and has registered anew"), true
	}
	return s, false
}

// settle decides by what the look showed.
func settle(v View) Step {
	seen := v.seen()
	if seen == release.Ours {
		if left := v.Grace - v.Now.Sub(v.Release.Since); left > 0 {
			return wait(left, "the instance's kubelet may register again")
		}
		if v.Held > 0 {
			return wait(v.Held, "too many Nodes vanished together whose machines live on")
		}
		return step(Detach, "the instance carries it and its Node is gone")
	}
	if seen == release.Nowhere || !v.Allocation.Adopted {
		switch r := v.Release; {
		case r.Detached:
		case r.Missed.IsZero():
			return step(NoteMissed, "it is not on the instance that it was attached to")
		case v.Now.Sub(r.Missed) < v.Staleness:
			return wait(v.Staleness-v.Now.Sub(r.Missed), "a look may be out of date: a second one has to agree")
		}
	}
	return letGo(v, seen)
}

// seen is where the prefix is. Routes outlive the machine: they lead to the
// interface that we recorded when we made them, and to no other.
func (v View) seen() release.Presence {
	if v.RoutesLeft() {
		return release.Ours
	}
	return v.Interface.Seen
}

// RoutesLeft reports whether the machine is gone and routes to it are left.
func (v View) RoutesLeft() bool {
	h := v.Allocation
	return v.Interface.Gone && h.Key.ByRoutes() && !h.Adopted && h.InstanceUID != "" && !v.Release.Detached
}

// letGo ends a release: the prefix rests, or stays where somebody else put it.
func letGo(v View, seen release.Presence) Step {
	switch {
	case seen == release.Theirs && !v.Allocation.Before.IsZero():
		return step(QuarantineAround, "what we put on its instance is off, and what was there before stays")
	case seen == release.Theirs:
		return step(ReleaseToInstance, "its prefix was not put on the instance by us")
	}
	return step(Quarantine, "the cloud shows its prefix nowhere")
}
