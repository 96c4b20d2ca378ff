package stress

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"syscall"
	"time"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

// operation is one kind of what happens to the clusters and the VPC. It draws
// from rng alone, and says what it did; nothing where it found nothing to do.
type operation struct {
	name   string
	weight int
	do     func(r *rig, c *cluster, rng *rand.Rand) (what string)
}

// operations are all kinds; one more is one entry.
var operations = []operation{
	// Nodes and machines.
	{"join", 26, joinAny},
	{"node and VM leave", 12, leave(true)},
	{"node leaves, VM lives", 7, leave(false)},
	{"kubelet registers again", 5, registerAgain},
	{"VM without a node deleted", 4, discard},
	{"VM re-created, new node", 4, recreate(true)},
	{"VM re-created, same node", 3, recreate(false)},
	// Requests.
	{"request made", 3, makeRequest},
	{"request grown by hand", 2, growRequest},
	{"request deleted", 2, deleteRequest},
	{"request without nodes made", 3, makePlain},
	{"request without nodes deleted", 2, deletePlain},
	{"Services made", 4, makeServices},
	{"Services deleted", 3, deleteServices},
	{"firewall managed or not", 1, manageFirewall},
	// Hands.
	{"alias of ours taken off", 3, dropAlias},
	{"alias of their own put on a node's VM", 2, foreignAlias},
	{"VM of theirs with an alias in our range", 2, thief},
	{"VM of theirs deleted", 2, dropThief},
	{"secondary range of theirs made", 2, foreignRange},
	{"secondary range of theirs deleted", 2, dropForeignRange},
	{"route of theirs made", 1, foreignRoute},
	{"secondary range of ours removed", 1, dropOurs},
	{"podCIDRs by another allocator", 1, rival},
	// The cloud.
	{"fault", 12, fault},
	{"latency", 4, latency},
	// Managers.
	{"manager killed", 1, kill},
	{"manager down for a while", 1, outage},
	{"manager paused for a while", 1, pause},
}

func draw(rng *rand.Rand) operation {
	total := 0
	for _, o := range operations {
		total += o.weight
	}
	n := rng.IntN(total)
	for _, o := range operations {
		if n -= o.weight; n < 0 {
			return o
		}
	}
	panic("unreachable")
}

// slow are the methods whose operations may take their time.
var slow = []string{"instances.updateNetworkInterface", "subnetworks.patch"}

func latency(r *rig, _ *cluster, rng *rand.Rand) string {
	method, d := slow[rng.IntN(len(slow))], time.Duration(rng.IntN(600))*time.Millisecond
	r.sim.SetLatency(method, d)
	return fmt.Sprintf("%s takes %s", method, d)
}

// faults are what the cloud does wrong. Each ends by itself.
var faults = []struct {
	name  string
	fault gcesim.Fault
}{
	{"throttled", gcesim.Fault{Method: "*", Error: gcesim.RateLimited()}},
	{"unavailable", gcesim.Fault{Method: "*", Error: &gcesim.APIError{Status: http.StatusServiceUnavailable, Reason: "backendError", Message: "try again"}}},
	{"an internal error", gcesim.Fault{Method: "instances.*", Error: &gcesim.APIError{Status: http.StatusInternalServerError, Reason: "internalError", Message: "try again"}}},
	{"the reply to a change of an interface is lost", gcesim.Fault{Method: "instances.updateNetworkInterface", LostReply: true}},
	{"the reply to a change of a subnetwork is lost", gcesim.Fault{Method: "subnetworks.patch", LostReply: true}},
	{"the reply to a read is lost", gcesim.Fault{Method: "*.aggregatedList", LostReply: true}},
	{"a stale fingerprint", gcesim.Fault{Method: "instances.updateNetworkInterface", Error: stale}},
	{"a stale fingerprint of a subnetwork", gcesim.Fault{Method: "subnetworks.patch", Error: stale}},
	{"a slow change of an interface", gcesim.Fault{Method: "instances.updateNetworkInterface", Slow: 2 * time.Second}},
	{"a slow change of a subnetwork", gcesim.Fault{Method: "subnetworks.patch", Slow: 2 * time.Second}},
	{"an operation that fails", gcesim.Fault{Method: "instances.updateNetworkInterface", OperationError: &gcesim.OperationError{Code: "INTERNAL_ERROR", Message: "it went wrong"}}},
	{"a change of a subnetwork that fails", gcesim.Fault{Method: "subnetworks.patch", OperationError: &gcesim.OperationError{Code: "INTERNAL_ERROR", Message: "it went wrong"}}},
	{"an alias that is in use", gcesim.Fault{Method: "instances.updateNetworkInterface", OperationError: &gcesim.OperationError{Code: "IP_IN_USE_BY_ANOTHER_RESOURCE", Message: "it is taken"}}},
	{"a stale read of an instance", gcesim.Fault{Method: "instances.get", StaleFor: staleness - time.Millisecond}},
	{"a stale read of a subnetwork", gcesim.Fault{Method: "subnetworks.get", StaleFor: staleness - time.Millisecond}},
	{"no permission", gcesim.Fault{Method: "instances.updateNetworkInterface", Error: &gcesim.APIError{Status: http.StatusForbidden, Reason: "forbidden", Message: "no"}}},
	{"no quota", gcesim.Fault{Method: "instances.updateNetworkInterface", OperationError: &gcesim.OperationError{Code: "QUOTA_EXCEEDED", Message: "Quota 'ALIASES_PER_NETWORK_GLOBAL' exceeded."}}},
}

var stale = &gcesim.APIError{Status: http.StatusPreconditionFailed, Reason: "conditionNotMet", Message: "Invalid fingerprint."}

func fault(r *rig, _ *cluster, rng *rand.Rand) string {
	f := faults[rng.IntN(len(faults))]
	f.fault.Count = 1 + rng.IntN(3)
	r.sim.Inject(f.fault)
	return fmt.Sprintf("%d times %s", f.fault.Count, f.name)
}

func kill(r *rig, c *cluster, _ *rand.Rand) string {
	if c.down {
		return ""
	}
	r.must(c.Manager(manager).Kill())
	r.start(c)
	return "and started again"
}

func outage(r *rig, c *cluster, rng *rand.Rand) string {
	if c.down {
		return ""
	}
	c.down = true
	r.must(c.Manager(manager).Kill())
	n := 5 + rng.IntN(30)
	r.later(n, func() { r.start(c) })
	return fmt.Sprintf("for %d operations", n)
}

func pause(r *rig, c *cluster, rng *rand.Rand) string {
	if c.down {
		return ""
	}
	c.down = true
	r.signal(c, syscall.SIGSTOP)
	n := 5 + rng.IntN(30)
	r.later(n, func() {
		r.signal(c, syscall.SIGCONT)
		c.down = false // where it lost its Lease meanwhile it ends, and is started again
	})
	return fmt.Sprintf("for %d operations", n)
}
