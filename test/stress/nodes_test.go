package stress

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/e2e"
)

const (
	// most is how many machines a cluster has at most.
	most = 30
	// names come again, for other machines.
	names = 2 * most
	// pool is the label by which a Node is for a request of its own.
	pool = "pool"
)

// machine is a VM and its Node.
type machine struct {
	name, subnet, pool string
	pods               int64
	podCIDR            string // by another allocator, where it joins with one
	single             bool   // IPv4 only, whatever its pool
	small              bool   // with few slots, where they count
}

func joinAny(r *rig, c *cluster, rng *rand.Rand) string {
	m := machine{subnet: subnets[rng.IntN(len(subnets))], pods: []int64{8, 32, 110}[rng.IntN(3)]}
	if n := rng.IntN(2 * len(r.pools)); n < len(r.pools) {
		m.pool = r.pools[n].name
	}
	m.single, m.small = rng.IntN(4) == 0, rng.IntN(4) == 0
	if len(c.vms) >= most {
		return ""
	}
	return r.join(c, m)
}

// join starts a VM and registers its Node.
func (r *rig) join(c *cluster, m machine) string {
	for {
		m.name = fmt.Sprintf("%s-%d", c.name, c.made%names)
		c.made++
		if !c.vms[m.name] && !c.nodes[m.name] {
			break
		}
	}
	options := map[string]string{"subnet": m.subnet}
	if m.pool == dual && !m.single {
		maps.Copy(options, r.ground.both)
	}
	if m.small {
		maps.Copy(options, r.ground.small)
	}
	r.boot(m.name, options)
	c.vms[m.name], c.labels[m.name] = true, m.pool
	r.register(c, m)
	return fmt.Sprintf("%s, %d pods, in %s, pool %q", m.name, m.pods, m.subnet, m.pool)
}

// boot starts a VM once its subnetwork has no operation under way.
func (r *rig) boot(name string, options map[string]string) {
	r.must(e2e.Eventually(patience, func() error { return r.cloud.Add(name, options) }))
}

func (r *rig) register(c *cluster, m machine) {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: m.name}}
	if m.pool != "" {
		n.Labels = map[string]string{pool: m.pool}
	}
	if m.podCIDR != "" {
		n.Spec.PodCIDR, n.Spec.PodCIDRs = m.podCIDR, []string{m.podCIDR}
	}
	n.Spec.ProviderID = r.cloud.ProviderID(m.name)
	n.Status.Capacity = corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(m.pods, resource.DecimalSI)}
	r.must(c.API.Create(r.ctx, n))
	c.nodes[m.name] = true
}

// one draws one name out of a set; none where it is empty.
func one(set map[string]bool, rng *rand.Rand) string { return oneOf(set, rng) }

func oneOf[T any](set map[string]T, rng *rand.Rand) string {
	n := rng.IntN(1 << 30)
	sorted := slices.Sorted(maps.Keys(set))
	if len(sorted) == 0 {
		return ""
	}
	return sorted[n%len(sorted)]
}

func leave(withVM bool) func(*rig, *cluster, *rand.Rand) string {
	return func(r *rig, c *cluster, rng *rand.Rand) string {
		name := one(c.nodes, rng)
		if name == "" {
			return ""
		}
		if withVM && c.vms[name] {
			r.shutDown(c, name)
		}
		r.unregister(c, name)
		return name
	}
}

func (r *rig) shutDown(c *cluster, name string) {
	r.must(r.cloud.Delete(name))
	r.hands.vmGone(name)
	delete(c.vms, name)
}

func (r *rig) unregister(c *cluster, name string) {
	r.must(c.API.Delete(r.ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	delete(c.nodes, name)
}

// registerAgain: the kubelet of a VM that lost its Node.
func registerAgain(r *rig, c *cluster, rng *rand.Rand) string {
	name, pods := one(c.idle(), rng), []int64{8, 32}[rng.IntN(2)]
	if name == "" {
		return ""
	}
	r.register(c, machine{name: name, pool: c.labels[name], pods: pods})
	return fmt.Sprintf("%s, %d pods", name, pods)
}

// discard deletes a VM that has no Node.
func discard(r *rig, c *cluster, rng *rand.Rand) string {
	name := one(c.idle(), rng)
	if name != "" {
		r.shutDown(c, name)
	}
	return name
}

// idle are the VMs without a Node.
func (c *cluster) idle() map[string]bool {
	idle := maps.Clone(c.vms)
	maps.DeleteFunc(idle, func(name string, _ bool) bool { return c.nodes[name] })
	return idle
}

// recreate: another VM of the same name, whose kubelet finds the Node there or
// registers a new one.
func recreate(newNode bool) func(*rig, *cluster, *rand.Rand) string {
	return func(r *rig, c *cluster, rng *rand.Rand) string {
		name := one(c.nodes, rng)
		if name == "" {
			return ""
		}
		vm, ok := r.machine(name)
		if !ok {
			return ""
		}
		subnet := r.storied(vm.Subnet)
		if newNode && rng.IntN(3) == 0 {
			subnet = subnets[rng.IntN(len(subnets))]
		}
		n := &corev1.Node{}
		r.must(c.API.Get(r.ctx, client.ObjectKey{Name: name}, n))
		r.shutDown(c, name)
		if newNode {
			r.unregister(c, name)
		}
		options := map[string]string{"subnet": subnet}
		if len(vm.Own) > 0 {
			maps.Copy(options, r.ground.both)
		}
		if vm.Type != "" {
			options["type"] = vm.Type
		}
		r.boot(name, options)
		c.vms[name] = true
		if newNode {
			r.register(c, machine{name: name, pool: c.labels[name], pods: n.Status.Capacity.Pods().Value()})
		}
		return name
	}
}
