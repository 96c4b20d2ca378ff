package aws

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/vpcnative/vpcnative/cloud"
)

// fewTries is how often a route or an interface may be unknown that is fresh.
const fewTries = 3

// routeEdit is one route of one table.
type routeEdit struct {
	*vpc
	table string
	to    netip.Prefix
	via   string // interface ID
	about subject
}

// add makes the route. Only EC2's answer tells that it is there; that it leads
// to another interface is read.
func (e *routeEdit) add(ctx context.Context) error {
	about := e.about
	about.resource = e.table + " for " + e.about.resource
	for try := 0; ; try++ {
		err := e.change(ctx, actionRoute, about, func(ctx context.Context) error { return e.api.createRoute(ctx, e.table, e.to, e.via) })
		switch cloud.ReasonOf(err) {
		case "":
			return nil
		case cloud.Conflict:
			r, ok, failed := e.look(ctx)
			switch {
			case failed != nil:
				return failed
			case ok && r.target == e.via:
				return nil
			case ok:
				return e.taken(r, err)
			}
		case cloud.OutcomeUnknown:
		case cloud.NotFound: // a fresh interface may be unknown for a while
			if try >= fewTries {
				return err
			}
		default:
			return err
		}
		if try >= e.Retries || !e.Pause(ctx, try) {
			return err
		}
	}
}

func (e *routeEdit) taken(r route, err error) error {
	remedy := "choose another range; that route is not touched"
	if r.dead {
		remedy = "its target is gone or not running: remove the route by hand if it is nobody's; " + remedy
	}
	return &cloud.Error{Reason: cloud.Conflict, Act: e.about.act, Resource: e.table + " for " + e.about.resource,
		Err: fmt.Errorf("it leads to %s: %w", r.target, err), Remedy: remedy}
}

func (e *routeEdit) look(ctx context.Context) (route, bool, error) {
	t, err := e.readTables(ctx, e.about)
	if err != nil {
		return route{}, false, err
	}
	for _, table := range t.all {
		if table.id == e.table {
			r, ok := table.route(e.to)
			return r, ok, nil
		}
	}
	return route{}, false, nil
}

// remove removes the route; one that is gone is success.
func (e *routeEdit) remove(ctx context.Context) error {
	err := e.change(ctx, actionUnroute, e.about, func(ctx context.Context) error { return e.api.deleteRoute(ctx, e.table, e.to) })
	if cloud.Is(err, cloud.NotFound) {
		return nil
	}
	return err
}
