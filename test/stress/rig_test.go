package stress

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/e2e"
	"github.com/vpcnative/vpcnative/test/invariants"
	"github.com/vpcnative/vpcnative/test/person"
)

const (
	namespace  = "vpcnative-system"
	manager    = "manager"
	quarantine = 2 * time.Second
	staleness  = 300 * time.Millisecond
	rivalQuiet = time.Second

	// reclaimAfter is how long a range that growth carved stays empty.
	reclaimAfter = 2 * time.Second
	patience     = 2 * time.Minute
)

// supernet is what both clusters carve from.
var supernet = netip.MustParsePrefix("10.0.0.0/12")

// subnets are the node subnets of both clusters.
var subnets = []string{"nodes", "elsewhere"}

// rig is one VPC, the clusters in it, and what people have made in it by hand.
type rig struct {
	t        *testing.T
	ctx      context.Context
	seed     uint64
	ground   ground
	cloud    e2e.Cloud
	all      []operation // that can happen
	pools    []poolSpec  // that come and go
	clusters []*cluster
	hands    hands
	delayed  []delayed
	done     int      // operations so far
	said     []string // what they were
}

// cluster is a control plane, its manager, and what the rig made in it.
type cluster struct {
	*e2e.World
	name     string
	down     bool            // its manager is killed or paused for a while
	made     int             // machines so far
	nodes    map[string]bool // by name
	vms      map[string]bool
	services map[string]bool
	labels   map[string]string // the pool of each machine, by name
}

// delayed is the second half of an operation.
type delayed struct {
	at int
	do func()
}

func newRig(t *testing.T, g ground, seed uint64) *rig {
	t.Helper()
	r := &rig{t: t, ctx: t.Context(), seed: seed, hands: newHands(), ground: g, all: g.operations(), pools: slices.Concat(pools, g.pools)}
	cloud, stop, err := g.serve(seed)
	r.must(err)
	t.Cleanup(stop)
	r.cloud = cloud
	for _, name := range []string{"east", "west"} {
		w, err := e2e.New(binary)
		r.must(err)
		t.Cleanup(func() { _ = w.Server.Stop() })
		w.Cloud = cloud
		r.clusters = append(r.clusters, &cluster{
			World: w, name: name, nodes: map[string]bool{}, vms: map[string]bool{}, services: map[string]bool{}, labels: map[string]string{}})
	}
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// begin makes the Networks and the first requests, all at once, and starts
// the managers.
func (r *rig) begin() {
	history := &invariants.History{Rest: quarantine / 2, Bad: func(err error) { r.t.Errorf("seed %d: %v", r.seed, err) }}
	for _, c := range r.clusters {
		stop, err := history.Follow(c.name, c.API)
		r.must(err)
		r.t.Cleanup(stop)
		_, err = c.Server.StartServiceCIDRs()
		r.must(err)
		n := &v1alpha1.Network{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.DefaultNetwork}}
		n.Spec, err = r.ground.vpc(r.cloud)
		r.must(err)
		r.must(c.API.Create(r.ctx, n))
		r.must(c.API.Create(r.ctx, baseRequest()))
		r.start(c)
	}
}

func (r *rig) start(c *cluster) {
	r.t.Helper()
	flags := []string{"--quarantine=" + quarantine.String(), "--detach-grace=300ms", "--resync=2s", "--indeterminate-timeout=2s", "--cloud-read-lag=" + staleness.String(), "--foreign-allocator-cooldown=" + rivalQuiet.String()}
	r.must(c.StartManager(manager, append(flags, e2e.ShortLease...)...))
	c.down = false
}

// revive starts managers that stopped because another one led meanwhile.
func (r *rig) revive() {
	for _, c := range r.clusters {
		select {
		case <-c.Manager(manager).Done():
			if !c.down {
				r.start(c)
			}
		default:
		}
		r.must(person.Confirm(r.ctx, c.API)) // many Nodes go together here, and it is meant
	}
}

// operate makes the i-th operation, which only the seed and i decide.
func (r *rig) operate(i int) {
	r.done = i
	rng := rand.New(rand.NewPCG(r.seed, uint64(i)))
	for _, d := range r.delayed {
		if d.at <= i {
			d.do()
		}
	}
	r.delayed = slices.DeleteFunc(r.delayed, func(d delayed) bool { return d.at <= i })
	op := draw(r.all, rng)
	c := r.clusters[rng.IntN(len(r.clusters))]
	if what := op.do(r, c, rng); what != "" {
		r.said = append(r.said, fmt.Sprintf("%d %s %s: %s", i, c.name, op.name, what))
	}
	r.revive()
	time.Sleep(time.Duration(rng.IntN(15)) * time.Millisecond)
}

// later does the second half of an operation some operations on, or at the
// quiet point.
func (r *rig) later(operations int, do func()) {
	r.delayed = append(r.delayed, delayed{r.done + operations, do})
}

// signal pauses or resumes a manager.
func (r *rig) signal(c *cluster, s syscall.Signal) { _ = c.Signal(manager, s) }
