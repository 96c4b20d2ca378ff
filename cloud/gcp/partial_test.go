package gcp_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/cloudtest"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// TestNoListPassesForWhole has each list lack something in each way in which
// the API says so.
func TestNoListPassesForWhole(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.must(w.sim.AddPeering(project, "vpc", "peer", "projects/x/global/networks/y", prefix("10.60.0.0/16")))
	w.made(shop("web"))
	w.made(shop("old", cloudtest.EditBackend(func(b *lb.Backend) { b.Attributes[lb.AttributeBackends] = lb.InstanceGroups })))
	interfaces := func() (err error) {
		for _, err = range w.vpc.Interfaces.List(t.Context()) {
		}
		return err
	}
	space := func() error { _, err := w.vpc.Space.Read(t.Context()); return err }
	rules := func() error { _, err := w.vpc.Firewalls.Read(t.Context()); return err }
	balancing := func() error { _, err := w.balancers.Read(t.Context(), "c1"); return err }
	pools := w.read()
	held := func() (err error) {
		for _, r := range pools {
			if r.Kind == "networkEndpointGroup" || r.Kind == "instanceGroup" {
				_, failed := w.balancers.List(t.Context(), r.Group())
				err = errors.Join(err, failed)
			}
		}
		return err
	}
	one, many := []gcesim.PartialWay{gcesim.ByWarning, gcesim.ByEmpty}, []gcesim.PartialWay{gcesim.ByWarning, gcesim.ByScope, gcesim.ByUnreachables, gcesim.ByOutage}
	for method, l := range map[string]struct {
		ways []gcesim.PartialWay
		read func() error
	}{
		"instances.aggregatedList": {many, interfaces}, "subnetworks.aggregatedList": {many, space}, "routes.list": {one, space},
		"routers.aggregatedList":     {many, space},
		"networks.listPeeringRoutes": {one, space}, "globalAddresses.list": {one, space}, "firewalls.list": {one, rules},
		"addresses.list": {one, balancing}, "forwardingRules.list": {one, balancing}, "regionBackendServices.list": {one, balancing}, "regionHealthChecks.list": {one, balancing},
		"networkEndpointGroups.aggregatedList": {many, balancing}, "instanceGroups.aggregatedList": {many, balancing},
		"networkEndpointGroups.listNetworkEndpoints": {one, held}, "instanceGroups.listInstances": {one, held},
	} {
		for _, way := range l.ways {
			in := w.sim.Inject(gcesim.Fault{Method: method, Partial: &gcesim.Partial{Scope: zones[0], How: way}})
			if strings.HasSuffix(method, "aggregatedList") {
				in.Remove()
				in = w.sim.Inject(gcesim.Fault{Method: method, Partial: &gcesim.Partial{Scope: "zones/" + zones[0], How: way}})
			}
			if err := l.read(); !cloud.Is(err, cloud.Unavailable) {
				t.Errorf("%s lacks %s, by its %s: %v", method, zones[0], way, err)
			}
			in.Remove()
		}
		in := w.sim.Inject(gcesim.Fault{Method: method, Partial: &gcesim.Partial{How: gcesim.ByWarning, Code: "DEPRECATED_RESOURCE_USED"}})
		if err := l.read(); err != nil {
			t.Errorf("%s warns of something else: %v", method, err)
		}
		in.Remove()
	}
}

// TestASilentZoneStopsNothingElse: what is in other zones is read, what is in
// that one is not taken for gone, and other regions' zones do not matter.
func TestASilentZoneStopsNothingElse(t *testing.T) {
	t.Parallel()
	w := newBalanced(t)
	w.made(shop("web"))
	before := w.read()
	for _, way := range []gcesim.PartialWay{gcesim.ByScope, gcesim.ByUnreachables, gcesim.ByOutage} {
		away := w.sim.Inject(gcesim.Fault{Method: "networkEndpointGroups.aggregatedList", Partial: &gcesim.Partial{Scope: "zones/europe-west1-b", How: way}})
		w.read()
		away.Remove()
		in := w.sim.Inject(gcesim.Fault{Method: "networkEndpointGroups.aggregatedList", Partial: &gcesim.Partial{Scope: "zones/" + zones[1], How: way}})
		got, err := w.balancers.Read(t.Context(), "c1")
		hole, ok := errors.AsType[*lb.Hole](err)
		if !ok || !slices.Equal(hole.Zones, []string{zones[1]}) {
			t.Fatalf("%s: %v", way, err)
		}
		for ref := range before {
			if _, there := got[ref]; there == hole.Covers(ref) {
				t.Errorf("%s: %s is there: %v", way, ref, there)
			}
		}
		want, err := w.balancers.Want(cloudtest.On(shop("web"), w.set), got)
		w.must(err)
		if plan := lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: shop("web").Owner, Want: want}); len(plan) > 0 {
			t.Errorf("%s: what serves would be changed:\n%s", way, plan)
		}
		fresh := shop("new-" + string(way))
		want, err = w.balancers.Want(cloudtest.On(fresh, w.set), got)
		w.must(err)
		w.must(lb.Run(t.Context(), w.balancers, lb.Plan(w.balancers.Rules(), got, lb.Goal{Owner: fresh.Owner, Want: want}), got))
		in.Remove()
		w.settled(shop("web"))
		w.made(fresh) // the zone's nodes come once it answers
	}
}

// TestATryAfterAKnownEndIsANewRequest: an operation that ended in an error is
// what the cloud answers with under its request's ID for ever.
func TestATryAfterAKnownEndIsANewRequest(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"RESOURCE_NOT_READY", "INTERNAL_ERROR"} {
		for _, method := range []string{"forwardingRules.insert", "forwardingRules.delete"} {
			w := newBalanced(t)
			if strings.HasSuffix(method, "delete") {
				w.made(shop("web"))
			}
			w.sim.Inject(gcesim.Fault{Method: method, Count: 1, OperationError: &gcesim.OperationError{Code: code, Message: "try again"}})
			if strings.HasSuffix(method, "delete") {
				w.gone(shop("web"))
			} else {
				w.made(shop("web"))
			}
			ids := map[string]bool{}
			for _, c := range w.sim.Calls() {
				if c.Method == method {
					ids[c.RequestID] = true
				}
			}
			if len(ids) != 2 {
				t.Errorf("%s after %s: requests %v, want two", method, code, ids)
			}
		}
	}
}

// TestInUseIsAConflictHoweverItIsSaid: at once, or at the end of the operation.
func TestInUseIsAConflictHoweverItIsSaid(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]gcesim.Fault{
		"at once":          {Error: &gcesim.APIError{Status: 400, Reason: "resourceInUseByAnotherResource", Message: "The resource 'x' is already being used by 'y'"}},
		"in the operation": {OperationError: &gcesim.OperationError{Code: "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", Message: "The resource 'x' is already being used by 'y'"}},
	} {
		w := newBalanced(t)
		w.made(shop("web"))
		state := w.read()
		f.Method = "regionHealthChecks.delete"
		w.sim.Inject(f)
		for _, r := range state.Sorted() {
			if r.Kind != "backendService" || r.Owner.Kind != "Service" {
				continue
			}
			f.Method = "regionBackendServices.delete"
			w.sim.Inject(f)
			_, err := w.rest.ForwardingRules.Delete(project, region, ruleOf(state)).Do()
			w.must(err)
			if _, err := w.balancers.Apply(t.Context(), lb.Action{Verb: lb.Delete, Ref: r.Ref, Got: &r}, state); !cloud.Is(err, cloud.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func ruleOf(state lb.State) string {
	for ref := range state {
		if ref.Kind == "forwardingRule" {
			return ref.Name
		}
	}
	return ""
}
