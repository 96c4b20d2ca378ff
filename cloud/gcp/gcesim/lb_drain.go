package gcesim

import (
	"slices"
	"time"
)

// Endpoints that were detached behind a proxy load balancer drain: so long
// they are listed, and the operation that detached them is not DONE. Attaching
// one again ends that ("Detach operations can last through draining": zonal
// network endpoint groups overview). Detaching one that drains, of which the
// reference says nothing, is an operation that lasts as long.

// leavingEndpoint drains until a time.
type leavingEndpoint struct {
	groupEndpoint
	until time.Time
}

// drainOf is how long connections to endpoints of the group may go on.
func (s *Sim) drainOf(n *endpointGroup) (most time.Duration) {
	for _, b := range s.servicesOf(n) {
		if managed(b.LoadBalancingScheme) {
			most = max(most, time.Duration(b.ConnectionDraining.DrainingTimeoutSec)*time.Second)
		}
	}
	return most
}

// servicesOf are the backend services that have the group.
func (s *Sim) servicesOf(n *endpointGroup) (out []*backendService) {
	s.lb.backends.all(func(_ shelfKey, b *backendService) {
		if slices.ContainsFunc(b.Backends, func(one backend) bool { return one.Group == n.SelfLink }) {
			out = append(out, b)
		}
	})
	return out
}

func (o *endpointGroup) drains(e groupEndpoint) bool {
	return slices.ContainsFunc(o.leaving, func(l leavingEndpoint) bool { return l.groupEndpoint == e })
}

// let makes these the endpoints that are attached. Others that were begin to
// drain, and what is attached again stops to.
func (o *endpointGroup) let(attached []groupEndpoint, now time.Time, drain time.Duration) {
	stays := map[groupEndpoint]bool{}
	for _, e := range attached {
		stays[e] = true
	}
	o.leaving = slices.DeleteFunc(slices.Clone(o.leaving), func(l leavingEndpoint) bool { return stays[l.groupEndpoint] })
	for _, e := range o.endpoints {
		if !stays[e] && drain > 0 {
			o.leaving = append(o.leaving, leavingEndpoint{e, now.Add(drain)})
		}
	}
	o.endpoints, o.Size = attached, len(attached)
}

// drainStep is how soon an operation notices that nothing drains any more.
const drainStep = time.Second

// draining is what an operation about these endpoints waits for.
func (s *Sim) draining(project string, in scope, name string, asked []groupEndpoint) func(now time.Time) (next time.Time, more bool) {
	return func(now time.Time) (next time.Time, more bool) {
		n, ok := s.lb.negs.get(project, in, name)
		if !ok {
			return now, false
		}
		if slices.ContainsFunc(n.leaving, func(l leavingEndpoint) bool { return !l.until.After(now) }) {
			done := *n
			done.leaving = slices.DeleteFunc(slices.Clone(n.leaving), func(l leavingEndpoint) bool { return !l.until.After(now) })
			s.lb.negs.put(now, project, in, &done)
			n = &done
		}
		for _, l := range n.leaving {
			of := func(e groupEndpoint) bool { return e.names(n, l.groupEndpoint) }
			if slices.ContainsFunc(asked, of) && l.until.After(next) {
				next, more = l.until, true
			}
		}
		if soon := now.Add(drainStep); next.After(soon) {
			next = soon
		}
		return next, more
	}
}
