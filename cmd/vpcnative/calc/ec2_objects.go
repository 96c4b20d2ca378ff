package calc

import (
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
)

// noVPC is in the Network where no ID is given.
const noVPC = "vpc-00000000000000000"

// onEC2 lays the VPC out, and asks for what lies in it.
func (a Ask) onEC2(blank cloud.Snapshot) (g ground, no *NoFit) {
	var taken []netip.Prefix
	for _, o := range blank.Occupied {
		taken = append(taken, o.Prefix)
	}
	for _, r := range a.Reserved {
		taken = append(taken, r.Prefix)
	}
	var s sizing
	if s, g.vpc, no = a.layOut(taken); no != nil {
		return g, no
	}
	g.network, g.snapshot = a.network(), g.vpc.enter(blank, a)
	for _, x := range g.vpc.Subnets {
		g.network.Spec.AWS.Subnets = append(g.network.Spec.AWS.Subnets, x.ID)
	}
	pods := a.podsInside(s)
	if a.EC2.Routes {
		byRoutes, no := a.podsByRoutes(s, g.snapshot.Routes.Used)
		if no != nil {
			return g, no
		}
		pods = []grower{byRoutes}
	}
	g.growers, no = a.besides(pods)
	return g, no
}

func (e *EC2) network() *v1alpha1.AWSNetwork {
	n := &v1alpha1.AWSNetwork{VPCID: noVPC, Region: e.Region}
	if e.VPC != "" {
		n.VPCID = e.VPC
	}
	if e.Routes {
		n.RoutesPerTable = int32(e.RoutesPerTable)
	}
	return n
}

// podsInside asks for all the ranges that the cluster needs at its largest.
// Machines that come later get addresses anywhere outside of reservations, and
// would leave no whole blocks for ranges to come.
func (a Ask) podsInside(s sizing) (out []grower) {
	for i, nodes := range s.ranges {
		name := "pods"
		if i > 0 {
			name = fmt.Sprintf("pods-%d", i+1)
		}
		r := request(name, v1alpha1.Pods)
		r.Spec.Capacity = &v1alpha1.Capacity{Nodes: int32(nodes), PodsPerNode: int32(a.MaxPods)}
		size := intstr.FromString(v1alpha1.NodePrefixAuto)
		if a.NodePrefixLength != 0 {
			size = intstr.FromInt32(int32(s.node))
		}
		r.Spec.NodePrefixLength = &size
		out = append(out, grower{request: r})
	}
	return out
}

// podsByRoutes asks for a range outside of the VPC, and grows it as the nodes do.
func (a Ask) podsByRoutes(s sizing, routes int) (grower, *NoFit) {
	if left := a.EC2.RoutesPerTable - routes; a.largest() > left {
		return grower{}, &NoFit{What: "pods", Text: fmt.Sprintf(
			"each of %d nodes needs a route in every route table, and a table has room for %d (quota %d, %d in use); raise the quota, up to %d, and set --routes-per-table",
			a.largest(), left, a.EC2.RoutesPerTable, routes, maxRoutes)}
	}
	b := a
	b.NodePrefixLength = s.node
	r, more, err := b.pods()
	if err != nil {
		return grower{}, &NoFit{What: r.Name, Text: err.Error()}
	}
	r.Spec.Attachment = v1alpha1.AttachRoutes
	return grower{r, more}, nil
}
