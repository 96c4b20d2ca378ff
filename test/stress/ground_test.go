package stress

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/controllers/assign"
	"github.com/vpcnative/vpcnative/test/e2e"
	"github.com/vpcnative/vpcnative/test/invariants"
)

// ground is what the stress has to know of a cloud beyond what stories do.
type ground struct {
	name string
	// named is where requests ask for blocks by name, routes where people lead
	// routes to, ranges where they make ranges of their own, and pieces what
	// they put on a node's machine.
	named, routes netip.Prefix
	ranges        func(subnet string) netip.Prefix
	pieces        func(subnet string, n int) netip.Prefix
	// network says more of the Network than where it is.
	network func(*v1alpha1.NetworkSpec)
	serve   func(seed uint64) (_ e2e.Cloud, stop func(), err error)
	sizes   assign.Bounds
	inside  bool // ranges lie inside subnets
	noProxy bool // nor is one needed
	// noFirewall: it is not kept there.
	noFirewall bool
	both       map[string]string // options of a machine of both families
	small      map[string]string // and of one with few slots
	slots      map[string]int    // of an interface, by type, where they count
	faults     []fault
	own        []operation // that only this cloud has
	pools      []poolSpec
	lacks      []string // operations that it has not
	// noPlace and inUse are the reasons of the refusals that come again and
	// again: somebody has its place; somebody uses it.
	noPlace, inUse string
}

// fault is something that the cloud does wrong. Each ends by itself.
type fault struct {
	name string
	e2e.Fault
}

var grounds = map[string]ground{"gcp": gce, "aws": ec2}

// vpc is the Network's spec.
func (g ground) vpc(cloud e2e.Cloud) (spec v1alpha1.NetworkSpec, err error) {
	err = yaml.UnmarshalStrict([]byte(cloud.Words()["VPC_AND_BOTH"]), &spec)
	spec.Supernets = []v1alpha1.CIDR{v1alpha1.CIDR(supernet.String())}
	if g.network != nil {
		g.network(&spec)
	}
	return spec, err
}

// operations are all that can happen on this cloud.
func (g ground) operations() []operation {
	lacks := func(o operation) bool { return slices.Contains(g.lacks, o.name) }
	return slices.DeleteFunc(slices.Concat(operations, g.own), lacks)
}

func injectFault(r *rig, _ *cluster, rng *rand.Rand) string {
	f := r.ground.faults[rng.IntN(len(r.ground.faults))]
	f.Count = 1 + rng.IntN(3)
	r.must(r.cloud.Inject(f.Fault))
	return fmt.Sprintf("%d times %s", f.Count, f.name)
}

// machine gives what the cloud shows of one; ok is false where there is none.
func (r *rig) machine(name string) (m invariants.Machine, ok bool) {
	all := r.cloud.Machines()
	at := slices.IndexFunc(all, func(m invariants.Machine) bool { return m.Name == name })
	if at < 0 {
		return m, false
	}
	return all[at], true
}

// storied is the name by which stories call a subnet.
func (r *rig) storied(subnet string) string {
	return subnets[slices.IndexFunc(subnets, func(name string) bool { return r.cloud.Subnet(name) == subnet })]
}
