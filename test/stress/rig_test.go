package stress

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/e2e"
	"github.com/vpcnative/vpcnative/test/invariants"
)

const (
	namespace  = "vpcnative-system"
	manager    = "manager"
	quarantine = 2 * time.Second
	staleness  = 300 * time.Millisecond
	rivalQuiet = time.Second

	// giveBackAfter is how long a range that growth carved stays empty.
	giveBackAfter = 2 * time.Second
	patience      = 2 * time.Minute
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
	r := &rig{t: t, ctx: t.Context(), seed: seed, hands: newHands(), ground: g, all: g.operations()}
	cloud, stop, err := e2e.Serve(g.name)
	r.must(err)
	t.Cleanup(stop)
	r.cloud = cloud
	if g.begin != nil {
		r.must(g.begin(cloud))
	}
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
	flags := []string{"--quarantine=" + quarantine.String(), "--detach-grace=300ms", "--resync=2s", "--doubt=2s", "--staleness=" + staleness.String(), "--rival-quiet=" + rivalQuiet.String()}
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

// slowly is how long it takes to converge where what came right last is told.
const slowly = 10 * time.Second

// settle ends all trouble, waits until all has come right, and checks that it
// then stays quiet.
func (r *rig) settle(when string) {
	r.t.Helper()
	for _, d := range r.delayed {
		d.do()
	}
	r.delayed = nil
	r.cloud.Heal()
	for _, what := range slow {
		r.cloud.Delay(what, 0)
	}
	began := time.Now()
	var last error // what came right last
	err := e2e.Eventually(patience, func() error {
		r.revive()
		err := r.check()
		if err != nil {
			last = err
		}
		return err
	})
	if err != nil {
		r.fail("%s nothing went wrong for %s, and still: %v", when, patience, err)
	}
	took := time.Since(began).Round(10 * time.Millisecond)
	r.t.Logf("%s: converged in %s", when, took)
	if took > slowly {
		r.t.Logf("the last to come right: %v", last)
	}
	r.still(when)
}

// stillness is how long the cloud is watched at a quiet point: half a resync
// and more than every retry that something unfinished would have.
const stillness = time.Second

// still checks that nothing changes the cloud any more (I6).
func (r *rig) still(when string) {
	r.t.Helper()
	began, before, missing := time.Now(), len(r.cloud.Journal()), r.missing()
	time.Sleep(stillness)
	err := invariants.Quiet(r.cloud.Journal()[before:], func(c invariants.Call) bool {
		switch c.Reason {
		case r.ground.noPlace: // somebody has its place, and who needs it tries, less and less often
			return missing
		case r.ground.inUse: // a deleted request waits for people to let go
			return len(r.hands.thieves) > 0
		}
		return false
	})
	if err != nil {
		r.failSince(began, "%s: %v", when, err)
	}
}

// fail ends the test with all that is needed to understand it.
func (r *rig) fail(format string, args ...any) {
	r.t.Helper()
	r.failSince(time.Now(), format, args...)
}

// failSince also gives all that managers have said since then.
func (r *rig) failSince(began time.Time, format string, args ...any) {
	r.t.Helper()
	const lastOps = 80
	what := fmt.Sprintf(format, args...)
	var logs strings.Builder
	for _, c := range r.clusters {
		fmt.Fprintf(&logs, "=== %s\n%s\n", c.name, c.telling(what, began))
	}
	r.t.Fatalf("STRESS_CLOUD=%s STRESS_OPS=%d STRESS_SEED=%d, operation %d: %s\nThe last operations:\n%s\n%s%s", r.ground.name, *ops, r.seed, r.done, what,
		strings.Join(r.said[max(0, len(r.said)-lastOps):], "\n"), r.dump(), logs.String())
}

// subjects are the names of machines and the prefixes in a text.
var subjects = regexp.MustCompile(`(east|west|theirs)-[0-9]+|10(\.[0-9]+){3}/[0-9]+`)

// telling gives what all the cluster's managers, also those that have ended,
// said of what a text speaks of, and the last that each of them said.
func (c *cluster) telling(what string, since time.Time) string {
	var out strings.Builder
	about := subjects.FindAllString(what, -1)
	files, _ := filepath.Glob(filepath.Join(c.Server.Dir, "manager-*.log"))
	slices.SortFunc(files, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	for _, file := range files {
		content, _ := os.ReadFile(file)
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(content)), "\n"), func(l string) bool { return strings.Contains(l, "EventSource") })
		fmt.Fprintf(&out, "--- %s\n", filepath.Base(file))
		const last = 6
		for i, line := range lines {
			named := slices.ContainsFunc(about, func(name string) bool {
				return strings.Contains(line, name+" ") || strings.HasSuffix(line, name)
			})
			if named || line >= "time="+since.UTC().Format(time.RFC3339Nano) || i >= len(lines)-last {
				fmt.Fprintln(&out, line)
			}
		}
	}
	return out.String()
}

// restoreFirst checks that a manager that starts allocates nothing before it
// has read the interfaces of all instances (I8).
func (r *rig) restoreFirst() {
	r.t.Helper()
	c := r.clusters[0]
	r.must(c.Manager(manager).Kill())
	c.down = true
	r.join(c, machine{pods: 8, subnet: subnets[0]})
	const list, refused = "list", "unavailable"
	before, asked := len(r.cloud.Journal()), r.cloud.Met(list, refused)
	r.must(r.cloud.Inject(e2e.Fault{Method: list, Error: refused}))
	r.start(c)
	r.must(e2e.Eventually(patience, func() error {
		if n := r.cloud.Met(list, refused) - asked; n < 4 {
			return fmt.Errorf("the interfaces were asked for %d times", n)
		}
		return nil
	}))
	if calls := invariants.Changes(r.cloud.Journal()[before:]); len(calls) > 0 {
		r.fail("I8: before the interfaces were read: %v", calls)
	}
	r.settle("after a restart that could not read the interfaces")
}

// end deletes every object and checks that nothing of ours is left (I5), and
// what people made by hand is as they made it (I4).
func (r *rig) end() {
	r.t.Helper()
	for _, c := range r.clusters {
		for _, all := range []client.Object{&corev1.Node{}, &v1alpha1.RangeRequest{}, &v1alpha1.Network{}} {
			r.must(c.API.DeleteAllOf(r.ctx, all))
		}
		for name := range c.services {
			r.must(c.API.Delete(r.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: name}}))
		}
		clear(c.nodes)
		clear(c.services)
	}
	err := e2e.Eventually(patience, r.checkHeldByHands)
	if err == nil {
		r.must(r.letGo())
		err = e2e.Eventually(patience, r.checkNothingLeft)
	}
	if err != nil {
		r.fail("after everything was deleted: %v", err)
	}
	r.still("after everything was deleted")
}

// signal pauses or resumes a manager.
func (r *rig) signal(c *cluster, s syscall.Signal) { _ = c.Signal(manager, s) }
