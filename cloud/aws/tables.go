package aws

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/cloud"
)

// tables are the route tables of the VPC, those that the node subnets use
// first, and of these the main one, the arbiter.
type tables struct {
	all  []routeTable
	used int // so many of them are used
}

func (v *vpc) readTables(ctx context.Context, about subject) (tables, error) {
	var all []routeTable
	err := pages(ctx, v, actionRouteTables, about, of(v.VPC, v.api.routeTables), func(t routeTable) error {
		all = append(all, t)
		return nil
	})
	return v.tablesOf(all), err
}

// tablesOf orders the tables. A subnet that no table names uses the main one,
// which counts even where no node subnet does.
func (v *vpc) tablesOf(all []routeTable) tables {
	t, nodes := tables{all: slices.Clone(all)}, v.nodeSubnets()
	uses := func(r routeTable) int {
		switch {
		case r.main:
			return 0
		case slices.ContainsFunc(r.subnets, func(id string) bool { return slices.Contains(nodes, id) }):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(t.all, func(a, b routeTable) int { return uses(a) - uses(b) })
	for _, r := range t.all {
		if uses(r) < 2 {
			t.used++
		}
	}
	return t
}

// needed are the tables that have to lead to a node.
func (t tables) needed() []routeTable { return t.all[:t.used] }

// route is what a table has for exactly that destination.
func (t routeTable) route(to netip.Prefix) (route, bool) {
	for _, r := range t.routes {
		if p, err := parse(r.dest); err == nil && p == to {
			return r, true
		}
	}
	return route{}, false
}

// crossed refuses a prefix part of which, or more than which, leads to some
// other interface, or part of which leads anywhere else: it belongs to another
// cluster, or to somebody's appliance. A wider route that leads elsewhere is
// where the rest goes.
func (t tables) crossed(p netip.Prefix, about subject) error {
	for _, table := range t.all {
		for _, r := range table.routes {
			q, err := parse(r.dest)
			if err != nil || r.local || q == p || !q.Overlaps(p) || isCatchAll(q) || q.Bits() < p.Bits() && !isInterface(r.target) {
				continue
			}
			return &cloud.Error{Reason: cloud.Conflict, Act: about.act, Resource: table.id + " for " + about.resource,
				Err: fmt.Errorf("the table leads %s to %s", q, r.target), Remedy: "choose another range; that route is not touched"}
		}
	}
	return nil
}

// led are the prefixes that all needed tables lead to an interface, and those
// that only some do. Where everything else goes is not among them.
func (t tables) led() (whole, partly map[string][]netip.Prefix) {
	type way struct {
		to  netip.Prefix
		via string
	}
	count := map[way]int{}
	for n, table := range t.all {
		for _, r := range table.routes {
			p, err := parse(r.dest)
			if err != nil || r.local || !isInterface(r.target) || isCatchAll(p) {
				continue
			}
			if n < t.used {
				count[way{p, r.target}]++
			} else {
				count[way{p, r.target}] += 0
			}
		}
	}
	whole, partly = map[string][]netip.Prefix{}, map[string][]netip.Prefix{}
	for w, n := range count {
		if n == t.used {
			whole[w.via] = append(whole[w.via], w.to)
		} else {
			partly[w.via] = append(partly[w.via], w.to)
		}
	}
	for _, list := range []map[string][]netip.Prefix{whole, partly} {
		for _, prefixes := range list {
			slices.SortFunc(prefixes, netip.Prefix.Compare)
		}
	}
	return whole, partly
}

func isInterface(target string) bool { return len(target) > 4 && target[:4] == "eni-" }

// room is that of the fullest needed table.
func (t tables) room(limit int) *cloud.RouteRoom {
	room := &cloud.RouteRoom{Limit: limit}
	for _, table := range t.needed() {
		var v4, v6 int
		for _, r := range table.routes {
			if r.list != "" {
				v4, v6 = v4+r.entries, v6+r.entries6
			} else if p, err := parse(r.dest); err == nil && p.Addr().Is4() {
				v4++
			} else if err == nil {
				v6++
			}
		}
		if used := max(v4, v6); used >= room.Used {
			room.Table, room.Used = table.id, used
		}
	}
	return room
}
