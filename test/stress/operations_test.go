package stress

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"
)

// operation is one kind of what happens to the clusters and the VPC. It draws
// from rng alone, and says what it did; nothing where it found nothing to do.
type operation struct {
	name   string
	weight int
	do     func(r *rig, c *cluster, rng *rand.Rand) (what string)
}

// operations are all kinds that any cloud has; one more is one entry.
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
	{"fault", 12, injectFault},
	{"latency", 4, latency},
	// Managers.
	{"manager killed", 1, kill},
	{"manager down for a while", 1, outage},
	{"manager paused for a while", 1, pause},
}

func draw(operations []operation, rng *rand.Rand) operation {
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

// slow are the changes that may take their time.
var slow = []string{"attach", "carve"}

func latency(r *rig, _ *cluster, rng *rand.Rand) string {
	what, d := slow[rng.IntN(len(slow))], time.Duration(rng.IntN(600))*time.Millisecond
	r.cloud.Delay(what, d)
	return fmt.Sprintf("%s takes %s", what, d)
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
