package gcp_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// hub is a router to which the other side announces the prefixes.
func hub(learned ...string) gcesim.Router {
	peer := gcesim.Peer{Name: "onprem", Address: netip.MustParseAddr("169.254.0.2")}
	for _, p := range learned {
		peer.Learned = append(peer.Learned, prefix(p))
	}
	return gcesim.Router{Project: project, Region: region, Name: "hub", Network: "vpc", Peers: []gcesim.Peer{peer}}
}

// TestWhatRoutersLearnIsOccupied: no list of routes has it. Routers of other
// regions count, since a subnet's route goes before theirs everywhere, whether the
// network tells its regions of each other's routes or not; each prefix counts
// once, whoever else announces it; a default route is none.
func TestWhatRoutersLearnIsOccupied(t *testing.T) {
	t.Parallel()
	for _, global := range []bool{false, true} {
		w := newWorld(t, gcesim.Config{})
		w.must(w.sim.AddNetwork(gcesim.Network{Project: project, Name: "wide", Global: global}))
		w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: "wide", Network: "wide", Primary: prefix("10.0.0.0/16")}))
		here := hub("10.70.0.0/24", "0.0.0.0/0", "::/0", "2001:db8:7::/48", "10.0.3.0/24", "10.0.0.0/8")
		here.Network = "wide"
		here.Peers = append(here.Peers, gcesim.Peer{Name: "second", Address: netip.MustParseAddr("169.254.1.2"), Learned: []netip.Prefix{prefix("10.70.0.0/24")}})
		w.must(w.sim.SetRouter(here))
		east := hub("10.71.0.0/24", "10.70.0.0/24")
		east.Network, east.Region, east.Name = "wide", "us-east1", "a-hub"
		east.Peers[0].Address = netip.MustParseAddr("169.254.2.2")
		w.must(w.sim.SetRouter(east))
		foreign := hub("10.72.0.0/24")
		foreign.Name = "foreign"
		w.must(w.sim.SetRouter(foreign))
		nat := gcesim.Router{Project: project, Region: region, Name: "nat", Network: "wide"}
		w.must(w.sim.SetRouter(nat))
		snap, err := w.connect(func(c *gcp.Config) { c.Network, c.Subnetworks = "wide", []string{"wide"} }).Space.Read(t.Context())
		w.must(err)
		got := map[string]string{}
		for _, o := range snap.Occupied {
			if o.Kind == cloud.DynamicRoute {
				got[o.Prefix.String()] += o.Name
			}
		}
		want := map[string]string{
			"10.70.0.0/24": "us-central1/hub/onprem", "10.71.0.0/24": "us-east1/a-hub/onprem", "2001:db8:7::/48": "us-central1/hub/onprem",
			"10.0.3.0/24": "us-central1/hub/onprem", // in a subnet, which hides it, for now
			"10.0.0.0/8":  "us-central1/hub/onprem",
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("global %v\ngot  %v\nwant %v", global, got, want)
		}
		if n := w.sim.CallCounts()["routers.getRouterStatus"]; n != 2 {
			t.Errorf("%d routers were asked, and two of the network have peers", n)
		}
	}
}

// TestWhatRoutersLearnMayBeHidden: a role of an earlier release lacks the rights
// to routers, or one of them. Everything else is read, and what to grant is said.
func TestWhatRoutersLearnMayBeHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	w.must(w.sim.SetRouter(hub("10.70.0.0/24")))
	known := false
	for method, permission := range map[string]string{"routers.aggregatedList": "compute.routers.list", "routers.getRouterStatus": "compute.routers.get"} {
		in := w.sim.Inject(gcesim.Fault{Method: method, Error: &gcesim.APIError{Status: 403, Reason: "forbidden",
			Message: "Required '" + permission + "' permission for 'projects/" + project + "'"}})
		snap, err := w.vpc.Space.Read(t.Context())
		if err != nil || len(snap.Unseen) != 1 || len(snap.Occupied) == 0 {
			t.Fatalf("%s: %v, %+v", method, err, snap.Unseen)
		}
		if text := snap.Unseen[0].Err.Error(); snap.Unseen[0].Err.Reason != cloud.PermissionDenied || !strings.Contains(text, "grant the manager's service account "+permission+" in project "+project) {
			t.Errorf("%s: it says %s", method, text)
		}
		if slices.ContainsFunc(snap.Occupied, func(o cloud.Occupied) bool { return o.Kind == cloud.DynamicRoute }) != known {
			t.Errorf("%s: what was known is kept: %v", method, !known)
		}
		in.Remove()
		_, err = w.vpc.Space.Read(t.Context())
		w.must(err)
		known = true
	}
	// What is not there any more hides nothing, and what does not answer is not
	// taken for nothing.
	for refusal, want := range map[gcesim.APIError]cloud.Reason{
		{Status: 404, Reason: "notFound", Message: "gone"}: "", {Status: 503, Reason: "backendError", Message: "later"}: cloud.Unavailable,
		{Status: 401, Reason: "authError", Message: "who"}: cloud.Unauthenticated,
	} {
		in := w.sim.Inject(gcesim.Fault{Method: "routers.getRouterStatus", Error: &refusal})
		snap, err := w.vpc.Space.Read(t.Context())
		if cloud.ReasonOf(err) != want || len(snap.Unseen) != 0 {
			t.Errorf("%s: %v, %+v", refusal.Reason, err, snap.Unseen)
		}
		in.Remove()
	}
}
