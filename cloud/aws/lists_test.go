package aws_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

func (w *world) routes() map[string]cloud.Kind {
	w.Helper()
	snap, err := w.vpc.Space.Read(w.Context())
	w.must(err)
	got := map[string]cloud.Kind{}
	for _, o := range snap.Occupied {
		if o.Kind.IsRoute() {
			got[o.Prefix.String()] = o.Kind
		}
	}
	return got
}

// TestEveryRouteOfATableIsRead: those to transit gateways, those that a virtual
// private gateway propagates, and all that a prefix list has, page after page.
func TestEveryRouteOfATableIsRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	want := map[string]cloud.Kind{"192.168.9.0/24": cloud.StaticRoute, "192.168.10.0/24": cloud.DynamicRoute, "10.0.0.0/8": cloud.DynamicRoute,
		"10.8.0.0/16": cloud.PeeringRoute, "2001:db8:5::/48": cloud.StaticRoute}
	w.must(w.sim.AddRoute(w.vpcID, prefix("192.168.9.0/24"), "tgw-1"))
	w.must(w.sim.Propagate(w.vpcID, prefix("192.168.10.0/24"), "vgw-1"))
	w.must(w.sim.Propagate(w.vpcID, prefix("0.0.0.0/0"), "vgw-1"))
	w.must(w.sim.Propagate(w.vpcID, prefix("10.0.0.0/8"), "vgw-1"))
	entries := []netip.Prefix{prefix("10.0.0.0/8")} // by hand, so that it says where the rest goes
	for n := range 250 {
		p := nth("172.20.0.0/16", 24, n)
		entries = append(entries, p)
		want[p.String()] = cloud.StaticRoute
	}
	for via, list := range map[string][]netip.Prefix{"tgw-1": entries, "pcx-1": {prefix("10.8.0.0/16")}, "eni-1": {prefix("2001:db8:5::/48")}} {
		id, err := w.sim.AddPrefixList(300, list...)
		w.must(err)
		w.must(w.sim.AddRouteToList(w.vpcID, id, via))
	}
	if got := w.routes(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if n := w.sim.CallCounts()["GetManagedPrefixListEntries"]; n != 5 {
		t.Errorf("%d calls for three lists of 251, 1 and 1 entries", n)
	}
}

// TestAPrefixListMayBeHidden: the policy of an earlier release lacks the right,
// and an owner may share a list no longer. Everything else is read.
func TestAPrefixListMayBeHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	w.must(w.sim.AddRoute(w.vpcID, prefix("192.168.9.0/24"), "tgw-1"))
	id, err := w.sim.AddPrefixList(10, prefix("172.20.0.0/16"))
	w.must(err)
	w.must(w.sim.AddRouteToList(w.vpcID, id, "tgw-1"))
	hidden := func(reason cloud.Reason, remedy string, known int) {
		t.Helper()
		snap, err := w.vpc.Space.Read(t.Context())
		if err != nil || len(snap.Unseen) != 1 || snap.Unseen[0].Err.Reason != reason {
			t.Fatalf("%v, %+v", err, snap.Unseen)
		}
		if u := snap.Unseen[0]; !strings.Contains(u.What, id) || !strings.Contains(u.Err.Error(), remedy) {
			t.Errorf("it says %s: %v", u.What, u.Err)
		}
		if got := w.routes(); len(got) != 1+known {
			t.Errorf("read were %v", got)
		}
	}
	in := w.sim.Inject(awssim.Fault{Action: "GetManagedPrefixListEntries", Error: &awssim.APIError{Status: 403, Code: "UnauthorizedOperation", Message: "You are not authorized"}})
	hidden(cloud.PermissionDenied, "allow ec2:GetManagedPrefixListEntries on "+id, 0)
	in.Remove()
	if got := w.routes(); got["172.20.0.0/16"] != cloud.StaticRoute {
		t.Errorf("read were %v", got)
	}
	w.sim.DropPrefixList(id)
	hidden(cloud.NotFound, "share it with this account again", 1)
}
