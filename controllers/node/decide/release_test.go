package decide

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/controllers/conditions"
	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/controllers/node/inflight"
	"github.com/vpcnative/vpcnative/controllers/node/release"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

const (
	grace     = 30 * time.Second
	staleness = 5 * time.Second
)

var (
	noon  = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	mine  = netip.MustParsePrefix("10.0.0.0/28")
	other = netip.MustParsePrefix("10.0.0.16/28")
	fails = &cloud.Error{Reason: cloud.PermissionDenied, Act: "detach", Err: errors.New("no")}
)

// gone is the view of a prefix whose Node is gone since noon and whose release
// is durable.
func gone(change ...func(*View)) View {
	v := View{
		Now: noon, Grace: grace, Staleness: staleness,
		Allocation: &allocator.Allocation{
			Holder: allocator.Holder{NodeUID: "1", Node: "a", Instance: "vm-a"}, Prefix: mine, Durable: true,
			Key: allocator.Key{Request: "pods", Subnet: "nodes"}, InstanceUID: "m",
		},
		Release: release.State{Since: noon},
	}
	for _, c := range change {
		c(&v)
	}
	return v
}

func at(d time.Duration) func(*View) { return func(v *View) { v.Now = noon.Add(d) } }

func notBegun(v *View) { v.Release = release.State{} }

func looked(i Interface) func(*View) { return func(v *View) { v.Interface = &i } }

func seen(p release.Presence) func(*View) { return looked(Interface{Seen: p}) }

func missed(d time.Duration) func(*View) {
	return func(v *View) { v.Release.Missed, v.Release.Alone = noon.Add(d), true }
}

func detached(v *View) { v.Release.Detached = true }

func adopted(v *View) { v.Allocation.Adopted = true }

func routed(v *View) { v.Allocation.Key.Subnet = "" }

// anew is the Node that the instance registered anew, and what it publishes.
func anew(podCIDRs ...netip.Prefix) func(*View) {
	return func(v *View) { v.Node = &Node{UID: "2", Instance: "vm-a", PodCIDRs: podCIDRs} }
}

func TestRelease(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		view  View
		do    Do
		again time.Duration
	}{
		"an operation is under way":            {gone(func(v *View) { v.Operation.UnderWay = true }), Wait, 0},
		"its detachment failed":                {gone(func(v *View) { v.Operation = inflight.State{Ended: true, Err: fails} }), Refuse, 0},
		"its attachment failed before it went": {gone(notBegun, func(v *View) { v.Operation = inflight.State{Ended: true, Err: fails} }), BeginRelease, 0},
		"nobody has heard of it":               {gone(notBegun, func(v *View) { v.Allocation.Durable = false }), Drop, 0},
		"it was found on an interface":         {gone(notBegun, func(v *View) { v.Allocation.Durable, v.Allocation.Found = false, true }), BeginRelease, 0},
		"its attachment may still come":        {gone(notBegun, func(v *View) { v.Operation.MayAttach = time.Minute }), Wait, time.Minute},
		"its detachment may still come":        {gone(func(v *View) { v.Operation.MayDetach = time.Minute }), Look, 0},
		"the Node is gone":                     {gone(notBegun), BeginRelease, 0},
		"the Node is gone, on no instance":     {gone(notBegun, func(v *View) { v.Allocation.Instance = "" }), ReleaseToForeign, 0},
		"the release is durable":               {gone(), Look, 0},
		"the instance cannot be read":          {gone(looked(Interface{Refused: conditions.FromCloud(fails)})), Refuse, 0},

		// Inheritance.
		"its instance's Node publishes it":           {gone(notBegun, anew(mine)), Inherit, 0},
		"and it publishes it while it is taken back": {gone(anew(mine)), Inherit, 0},
		"but a detachment may still come":            {gone(anew(mine), func(v *View) { v.Operation.MayDetach = time.Minute }), Look, 0},
		"but an attachment may still come":           {gone(anew(mine), func(v *View) { v.Operation.MayAttach = time.Minute }), Wait, time.Minute},
		"its instance's Node publishes another":      {gone(notBegun, anew(other)), BeginRelease, 0},
		"its instance's Node publishes nothing":      {gone(notBegun, anew()), Look, 0},
		"and the instance carries it":                {gone(notBegun, anew(), looked(Interface{Carries: true, Seen: release.Ours})), Inherit, 0},
		"and the instance does not carry it":         {gone(notBegun, anew(), seen(release.Nowhere)), BeginRelease, 0},
		"and the instance cannot be read":            {gone(notBegun, anew(), looked(Interface{Refused: conditions.FromCloud(fails)})), Refuse, 0},
		"and we took it off":                         {gone(anew(), detached, looked(Interface{Carries: true, Seen: release.Ours}), at(grace)), Detach, 0},
		"another instance took the Node's name":      {gone(notBegun, anew(mine), func(v *View) { v.Node.Instance = "vm-b" }), BeginRelease, 0},
		"the Node itself publishes something else":   {gone(notBegun, anew(other), func(v *View) { v.Node.UID = "1" }), BeginRelease, 0},
		"its instance is not known":                  {gone(notBegun, anew(mine), func(v *View) { v.Allocation.Instance = "" }), ReleaseToForeign, 0},

		// Grace, and what holds a detachment.
		"the instance carries it":                {gone(seen(release.Ours)), Wait, grace},
		"and a second of the grace is left":      {gone(seen(release.Ours), at(grace-time.Second)), Wait, time.Second},
		"and the grace is over":                  {gone(seen(release.Ours), at(grace)), Detach, 0},
		"and too many went with it":              {gone(seen(release.Ours), at(grace), func(v *View) { v.Held = time.Minute }), Wait, time.Minute},
		"the machine is gone, the route is left": {gone(routed, looked(Interface{Gone: true, Seen: release.Nowhere}), at(grace)), Detach, 0},
		"and we deleted the route":               {gone(routed, detached, looked(Interface{Gone: true, Seen: release.Nowhere}), at(grace)), Quarantine, 0},
		"and the route was somebody else's":      {gone(routed, adopted, looked(Interface{Gone: true, Seen: release.Nowhere})), NoteMissed, 0},
		"a route to we do not know what machine": {gone(routed, looked(Interface{Gone: true, Seen: release.Nowhere}), func(v *View) { v.Allocation.InstanceUID = "" }), NoteMissed, 0},

		// Staleness: two looks have to agree.
		"a first look does not show it":            {gone(seen(release.Nowhere)), NoteMissed, 0},
		"that was a moment ago":                    {gone(seen(release.Nowhere), missed(0), at(time.Second)), Wait, staleness - time.Second},
		"a second look, later, agrees":             {gone(seen(release.Nowhere), missed(0), at(staleness)), Quarantine, 0},
		"we took it off":                           {gone(seen(release.Nowhere), detached), Quarantine, 0},
		"a look shows another machine of its name": {gone(seen(release.Theirs)), NoteMissed, 0},
		"two looks show another machine":           {gone(seen(release.Theirs), missed(0), at(staleness)), ReleaseToInstance, 0},
		"it was never ours":                        {gone(seen(release.Theirs), adopted), ReleaseToInstance, 0},
		"it was never ours, and is gone":           {gone(seen(release.Nowhere), adopted), NoteMissed, 0},
		"part of it was there before":              {gone(seen(release.Theirs), detached, func(v *View) { v.Allocation.Before = prefix.PartsOf(netip.MustParsePrefix("10.0.0.0/30")) }), QuarantineAround, 0},

		// The second look is a listing's, where many are taken back.
		"the listing is still to come":      {gone(func(v *View) { v.Release.Missed = noon }), Wait, 0},
		"the listing does not show it":      {gone(func(v *View) { v.Release.Missed, v.Release.Listed = noon, release.Nowhere }), Quarantine, 0},
		"the listing shows another machine": {gone(func(v *View) { v.Release.Missed, v.Release.Listed = noon, release.Theirs }), ReleaseToInstance, 0},
		"we took it off before the listing": {gone(detached, func(v *View) { v.Release.Missed = noon }), Look, 0},
	} {
		got := Release(x.view)
		if got.Do != x.do || got.Again != x.again {
			t.Errorf("%s: %s, want %s again in %s", name, got, x.do, x.again)
		}
		if got.Why == "" || (got.Refusal != nil) != (got.Do == Refuse) || !strings.HasPrefix(got.String(), string(got.Do)+": ") {
			t.Errorf("%s: %+v does not say why", name, got)
		}
	}
}
