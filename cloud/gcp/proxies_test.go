package gcp_test

import (
	"strings"
	"testing"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// TestTooSmallProxiesAreNotAskedFor: what the cloud says of it is documented
// nowhere, so it is refused before.
func TestTooSmallProxiesAreNotAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	for _, p := range []string{"10.64.0.0/27", "fd00::/64"} {
		err := w.vpc.Proxies.Ensure(t.Context(), cloud.ProxySubnet{Name: "proxies", Prefix: prefix(p)})
		if !cloud.Is(err, cloud.Invalid) {
			t.Errorf("%s: %v", p, err)
		}
	}
	if n := w.sim.MutatingCalls(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// TestProxiesOfTheOlderNameAreUsed: the region has either.
func TestProxiesOfTheOlderNameAreUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	for name, purpose := range map[string]string{"old": "INTERNAL_HTTPS_LOAD_BALANCER", "across": "GLOBAL_MANAGED_PROXY"} {
		at := map[string]string{"old": "10.64.0.0/23", "across": "10.65.0.0/23"}[name]
		w.must(w.sim.AddSubnetwork(gcesim.Subnetwork{Project: project, Region: region, Name: name, Network: "vpc", Primary: prefix(at), Purpose: purpose, Role: "ACTIVE"}))
	}
	snap, err := w.vpc.Space.Read(t.Context())
	w.must(err)
	if snap.Proxy == nil || snap.Proxy.Name != "old" {
		t.Errorf("the active one is %+v", snap.Proxy)
	}
	err = w.vpc.Proxies.Ensure(t.Context(), cloud.ProxySubnet{Name: "ours", Prefix: prefix("10.66.0.0/23")})
	if !cloud.Is(err, cloud.Conflict) || !strings.Contains(err.Error(), "old (10.64.0.0/23)") {
		t.Errorf("a second one: %v", err)
	}
}

// TestOthersProxiesMadeMeanwhileAreConflict: by the time that ours is asked
// for, somebody else's is being made.
func TestOthersProxiesMadeMeanwhileAreConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gcesim.Config{})
	w.sim.Inject(gcesim.Fault{Method: "subnetworks.insert", Count: 1, Before: func(gcesim.Call) {
		w.AddProxies(cloud.ProxySubnet{Name: "theirs", Prefix: prefix("10.64.0.0/23")})
	}})
	err := w.vpc.Proxies.Ensure(t.Context(), cloud.ProxySubnet{Name: "ours", Prefix: prefix("10.66.0.0/23")})
	if !cloud.Is(err, cloud.Conflict) || !strings.Contains(err.Error(), "theirs (10.64.0.0/23)") {
		t.Errorf("got %v", err)
	}
}
