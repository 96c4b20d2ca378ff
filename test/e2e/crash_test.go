package e2e

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/invariants"
	"github.com/vpcnative/vpcnative/test/person"
)

var (
	crashRounds = flag.Int("crash.rounds", 3, "rounds of random trouble, each with a quiet point after it")
	crashSteps  = flag.Int("crash.steps", 60, "random operations in a round")
	crashSeed   = flag.Uint64("crash.seed", 1, "seed of the random operations")
)

// crasher makes random trouble for two managers of one cluster.
type crasher struct {
	*World
	t       *testing.T
	rng     *rand.Rand
	created int
	vms     map[string]bool
	nodes   map[string]bool
}

// TestCrash kills and pauses managers, and the cloud fails, in the middle of
// random work; at each quiet point the invariants hold and nothing is lost.
func TestCrash(t *testing.T) {
	t.Parallel()
	for _, cloud := range clouds {
		t.Run(cloud.name, func(t *testing.T) {
			t.Parallel()
			crash(t, cloud.name, cloud.serve)
		})
	}
}

func crash(t *testing.T, name string, serve func() (Cloud, func(), error)) {
	w, err := borrow()
	if err != nil {
		t.Fatal(err)
	}
	cloud, stop, err := serve()
	if err != nil {
		free <- w
		t.Fatal(err)
	}
	defer func() {
		if err := w.clean(context.Background()); err != nil {
			t.Error(err)
		}
		stop()
		free <- w
	}()
	w.Cloud = cloud
	c := &crasher{World: w, t: t, rng: rand.New(rand.NewPCG(*crashSeed, 0)), vms: map[string]bool{}, nodes: map[string]bool{}}
	c.begin(name)
	watch := c.watchUnique()
	for round := range *crashRounds {
		for range *crashSteps {
			c.step()
		}
		c.quiet(round)
	}
	watch()
	c.end()
}

func (c *crasher) begin(cloud string) {
	for _, file := range []string{"common/network.yaml", "crash/" + cloud + ".yaml"} {
		if err := c.applyFile("testdata/" + file); err != nil {
			c.t.Fatal(err)
		}
	}
	c.start("a")
	c.start("b")
}

func (c *crasher) start(name string) {
	flags := append([]string{"--quarantine=1s", "--detach-grace=500ms", "--resync=3s", "--indeterminate-timeout=5s"}, ShortLease...)
	if err := c.StartManager(name, flags...); err != nil {
		c.t.Fatal(err)
	}
}

// step makes one random operation.
func (c *crasher) step() {
	time.Sleep(time.Duration(c.rng.IntN(60)) * time.Millisecond)
	switch n := c.rng.IntN(100); {
	case n < 45:
		c.join()
	case n < 60:
		c.leave(true, true)
	case n < 70:
		c.leave(true, false)
	case n < 75:
		c.leave(false, true)
	case n < 85:
		c.fault()
	case n < 90:
		c.Cloud.Delay("attach", time.Duration(c.rng.IntN(800))*time.Millisecond)
	case n < 95:
		name := []string{"a", "b"}[c.rng.IntN(2)]
		_ = c.managers[name].Kill()
		<-c.managers[name].Done()
		c.start(name)
	default:
		name := []string{"a", "b"}[c.rng.IntN(2)]
		_ = c.Signal(name, syscall.SIGSTOP)
		time.Sleep(time.Duration(c.rng.IntN(4000)) * time.Millisecond)
		_ = c.Signal(name, syscall.SIGCONT)
	}
	c.revive()
}

// revive starts managers again that stopped because another one leads.
func (c *crasher) revive() {
	for _, name := range []string{"a", "b"} {
		select {
		case <-c.managers[name].Done():
			c.start(name)
		default:
		}
	}
	if err := person.Confirm(context.Background(), c.API); err != nil { // many Nodes go together here, and it is meant
		c.t.Fatal(err)
	}
}

func (c *crasher) join() {
	if len(c.nodes) >= 24 {
		return
	}
	name := ""
	for vm := range c.vms { // a kubelet that registers again
		if !c.nodes[vm] {
			name = vm
		}
	}
	if name == "" || c.rng.IntN(3) > 0 {
		c.created++
		name = fmt.Sprintf("n%d", c.created%40) // names come again, for other machines
		if c.vms[name] || c.nodes[name] {
			return
		}
		if err := c.Cloud.Add(name, nil); err != nil {
			c.t.Fatal(err)
		}
		c.vms[name] = true
	}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	node.Spec.ProviderID = c.Cloud.ProviderID(name)
	node.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity([]int64{8, 32, 110}[c.rng.IntN(3)], resource.DecimalSI)}
	if err := c.API.Create(context.Background(), node); err != nil {
		c.t.Fatal(err)
	}
	c.nodes[name] = true
}

func (c *crasher) leave(node, vm bool) {
	for name := range c.nodes {
		if vm && c.vms[name] {
			if err := c.Cloud.Delete(name); err != nil {
				c.t.Fatal(err)
			}
			delete(c.vms, name)
		}
		if node || vm { // a cloud controller deletes the Node of a machine that is gone
			err := c.API.Delete(context.Background(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
			if err != nil {
				c.t.Fatal(err)
			}
			delete(c.nodes, name)
		}
		return
	}
}

func (c *crasher) fault() {
	f := Fault{Method: "look", Count: 1 + c.rng.IntN(3)}
	switch c.rng.IntN(4) {
	case 0:
		f.Error = "throttled"
	case 1:
		f.Error = "unavailable"
	case 2:
		f.Method, f.Lost = "attach", true
	case 3:
		f.Method, f.Slow = "attach", 3*time.Second
	}
	if err := c.Cloud.Inject(f); err != nil {
		c.t.Fatal(err)
	}
}

// quiet lets faults stop and checks that all comes right (I1, I2, I5).
func (c *crasher) quiet(round int) {
	c.Cloud.Heal()
	c.Cloud.Delay("attach", 0)
	err := Eventually(3*time.Minute, func() error {
		c.revive()
		return c.checkQuiet()
	})
	if err != nil {
		c.t.Fatalf("round %d, seed %d: %v\n%s", round, *crashSeed, err, c.Logs())
	}
}

// checkQuiet is nil when every Node has its range and no instance carries one
// that its Node does not publish.
func (c *crasher) checkQuiet() error {
	if err := c.CheckSettled(); err != nil {
		return err
	}
	var nodes corev1.NodeList
	if err := c.API.List(context.Background(), &nodes); err != nil {
		return err
	}
	return invariants.NoStrays(nodes.Items, c.Cloud.Machines())
}

// watchUnique checks at every moment that no two Nodes that exist publish
// overlapping ranges, and that no published range changes (I1).
func (c *crasher) watchUnique() (stop func()) {
	h := &invariants.History{Bad: func(err error) { c.t.Error(err) }}
	stop, err := h.Follow("the test", c.API)
	if err != nil {
		c.t.Fatal(err)
	}
	return stop
}

// end deletes everything and checks that nothing is left (I5).
func (c *crasher) end() {
	ctx := context.Background()
	for _, all := range []client.Object{&corev1.Node{}, &v1alpha1.RangeRequest{}} {
		if err := c.API.DeleteAllOf(ctx, all); err != nil {
			c.t.Fatal(err)
		}
	}
	err := Eventually(3*time.Minute, func() error {
		c.revive()
		for _, s := range c.Cloud.Subnets() {
			if len(s.Ranges) > 0 {
				return fmt.Errorf("subnet %s still has %v", s.Name, s.Ranges)
			}
		}
		return nil
	})
	if err != nil {
		c.t.Fatalf("seed %d: %v\n%s", *crashSeed, err, c.Logs())
	}
}
