package stress

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/test/e2e"
)

var gce = ground{
	name: "gcp", sizes: assign.Bounds{PerPod: 2}, noPlace: "invalid", inUse: "resourceInUseByAnotherResource",
	named: netip.MustParsePrefix("10.15.0.0/19"), routes: supernet, both: map[string]string{"stack": "dual"},
	ranges: func(string) netip.Prefix { return supernet },
	// An address of the subnet's own range.
	pieces: func(subnet string, n int) netip.Prefix {
		host := 2048 + n
		return netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.%d/32", 128+slices.Index(subnets, subnet), host/256, host%256))
	},
	serve: func(seed uint64) (e2e.Cloud, func(), error) {
		c, stop, err := e2e.NewGCE(gcesim.Config{Seed: seed})
		for _, name := range subnets {
			if err == nil {
				err = c.(*e2e.GCE).Sim.MakeDualStack("demo", "us-central1", name, "INTERNAL")
			}
		}
		return c, stop, err
	},
	faults: []fault{
		{"throttled", e2e.Fault{Method: "*", Error: "throttled"}},
		{"unavailable", e2e.Fault{Method: "*", Error: "unavailable"}},
		{"an internal error", e2e.Fault{Method: "look", Error: "500:internalError"}},
		{"the reply to a change of an interface is lost", e2e.Fault{Method: "attach", Lost: true}},
		{"the reply to a change of a subnetwork is lost", e2e.Fault{Method: "carve", Lost: true}},
		{"the reply to a read is lost", e2e.Fault{Method: "*.aggregatedList", Lost: true}},
		{"a stale fingerprint", e2e.Fault{Method: "attach", Error: "412:conditionNotMet"}},
		{"a stale fingerprint of a subnetwork", e2e.Fault{Method: "carve", Error: "412:conditionNotMet"}},
		{"a slow change of an interface", e2e.Fault{Method: "attach", Slow: 2 * time.Second}},
		{"a slow change of a subnetwork", e2e.Fault{Method: "carve", Slow: 2 * time.Second}},
		{"an operation that fails", e2e.Fault{Method: "attach", Operation: "INTERNAL_ERROR"}},
		{"a change of a subnetwork that fails", e2e.Fault{Method: "carve", Operation: "INTERNAL_ERROR"}},
		{"an alias that is in use", e2e.Fault{Method: "attach", Operation: "IP_IN_USE_BY_ANOTHER_RESOURCE"}},
		{"a stale read of an instance", e2e.Fault{Method: "read", Stale: staleness - time.Millisecond}},
		{"a stale read of a subnetwork", e2e.Fault{Method: "survey", Stale: staleness - time.Millisecond}},
		{"no permission", e2e.Fault{Method: "attach", Error: "denied"}},
		{"no quota", e2e.Fault{Method: "attach", Operation: "QUOTA_EXCEEDED", Message: "Quota 'ALIASES_PER_NETWORK_GLOBAL' exceeded."}},
	},
}
