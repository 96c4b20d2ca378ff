package main

import (
	"errors"
	"fmt"

	"github.com/vpcnative/vpcnative/cloud/lb"
)

// bounds are how many calls each step may take: what the APIs make
// unavoidable, and a little for retries.
type bounds struct {
	build, in, out, many, readAll, one, gone calls
}

type calls struct{ reads, writes int }

// targetsOfCall is how many targets EC2's adapter registers by one call.
const targetsOfCall = 200

func (m *measuring) bounds() bounds {
	services, some := m.services, 12
	if m.perBalancer {
		// Every balancer has a target group of its own, whose targets can be read
		// and changed only by themselves. Tags are read by twenty.
		// Balancers of policy Cluster take some of the nodes each: few have a node,
		// and put another in its place.
		batches := (m.nodes + targetsOfCall - 1) / targetsOfCall
		few := max(38, 4*(services-m.local())*min(lb.DefaultNodes, m.nodes)/max(1, m.nodes))
		return bounds{
			// Two groups' parts, balancer, target group, listener; targets. What was just
			// made is not known everywhere at once, so that what uses it is tried again.
			build: calls{2*some + services, (5+3+batches)*services + some},
			in:    calls{some, m.local() + few}, out: calls{0, 2*m.local() + few}, // the new machine's security group is read
			// A place of each balancer moves at most; they may come in two lots.
			many: calls{2 * some, 2 * (m.local() + 2*(services-m.local()))},
			// A sixth of the balancers, or 20, are read by themselves, at five calls each.
			readAll: calls{3*some + services + services/10 + 2*m.nodes/100 + 5*max(20, services/6+1), 0},
			// Listeners are looked up, and a sweep or two reads all that is left.
			one: calls{some, 2}, gone: calls{3*some + 4*services, 5*services + some},
		}
	}
	// Each change is confirmed by reading it, when its operation is seen to have
	// ended: one look serves several changes. Pools are shared.
	return bounds{
		build: calls{6*services + 4*some, 5*services + some}, // address, rule, backend service, one firewall rule or two, a check
		in:    calls{4, 1}, out: calls{12, 3},                // two sorts of pools above 250 nodes
		many:    calls{24, 12}, // of three zones, in two lots
		readAll: calls{some + 3, 0},
		one:     calls{3, 1}, gone: calls{6*services + 5*some, 5*services + some},
	}
}

// judge reports which rows cost more than they may.
func judge(rows []row) error {
	var all []error
	for _, r := range rows {
		if r.Reads > r.MaxReads || r.Writes > r.MaxWrites {
			all = append(all, fmt.Errorf("%s, %s: %d reads and %d writes, and it may have %d and %d", r.Contender, r.What, r.Reads, r.Writes, r.MaxReads, r.MaxWrites))
		}
	}
	return errors.Join(all...)
}
