package calc

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Result is a plan of the addresses.
type Result struct {
	// VPC is what to create first, on EC2.
	VPC *VPC `json:"vpc,omitempty"`
	// Ranges are those to carve now, followed by those of growth.
	Ranges []Range `json:"ranges"`
	// NodeSize is the size of each node CIDR.
	NodeSize *preview.NodeSize `json:"nodeSize"`
	// Free is the free space before the plan, Left after it, and Grown after
	// growth.
	Free  v1alpha1.FreeSpace `json:"free"`
	Left  v1alpha1.FreeSpace `json:"freeAfter"`
	Grown v1alpha1.FreeSpace `json:"freeAfterGrowth"`
	// GrowthNeeds is the number of additional addresses for growth.
	GrowthNeeds string `json:"growthNeeds,omitempty"`
	// Notes are further hints.
	Notes []string `json:"notes,omitempty"`

	Objects Objects `json:"-"`
}

// Range is a range of the plan.
type Range struct {
	Request string `json:"request"`
	Subnet  string `json:"subnet"`
	CIDR    string `json:"cidr"`
	// Growth is true if it is carved only when the cluster grows; this is its
	// place if nothing else is carved before.
	Growth    bool   `json:"growth,omitempty"`
	Addresses string `json:"addresses"`
	// Feeds is what it has room for.
	Feeds string `json:"feeds"`
	Why   string `json:"why"`
}

// NoFit is the error of a plan that does not fit.
type NoFit struct {
	What, Text string
	// Instead are changes that would fit, of one or more flags each.
	Instead []string
}

func (e *NoFit) Error() string {
	text := fmt.Sprintf("%s: %s", e.What, e.Text)
	if len(e.Instead) == 0 {
		return text
	}
	text += "\nany of these changes would make it fit:"
	for _, i := range e.Instead {
		text += "\n  " + i
	}
	return text
}

// Plan carves the requested ranges from an otherwise empty network. The error is
// a *NoFit if there is no room.
func Plan(a Ask, blank cloud.Snapshot) (Result, error) {
	out, err := calculate(a, blank)
	if no, ok := err.(*NoFit); ok {
		no.Instead = instead(a, blank)
	}
	return out, err
}

// grower is a request and how many further ranges it takes in each subnet.
type grower struct {
	request v1alpha1.RangeRequest
	more    int
}

// ground is the network as it will be, and what is asked for in it.
type ground struct {
	network  v1alpha1.Network
	snapshot cloud.Snapshot
	vpc      *VPC // on EC2
	growers  []grower
}

func (a Ask) ground(blank cloud.Snapshot) (g ground, no *NoFit) {
	if a.EC2 != nil {
		return a.onEC2(blank)
	}
	g = ground{network: a.network(), snapshot: blank}
	pods, more, err := a.pods()
	if err != nil {
		return g, &NoFit{What: pods.Name, Text: err.Error()}
	}
	g.growers, no = a.besides([]grower{{pods, more}})
	return g, no
}

// besides adds what is not for pods.
func (a Ask) besides(out []grower) ([]grower, *NoFit) {
	if a.Services > 0 {
		services, more, err := a.services()
		if err != nil {
			return nil, &NoFit{What: services.Name, Text: err.Error()}
		}
		out = append(out, grower{services, more})
	}
	if a.Proxy > 0 {
		out = append(out, grower{request: a.proxy()})
	}
	return out, nil
}

// ownSubnet stands for a subnet whose name is not known before it is made.
const ownSubnet = "its own"

func calculate(a Ask, blank cloud.Snapshot) (Result, error) {
	g, no := a.ground(blank)
	if no != nil {
		return Result{}, no
	}
	net := g.network
	in := preview.Input{
		Networks: []v1alpha1.Network{net}, ClusterID: "planned",
		VPC: map[string]preview.VPC{net.Name: {Snapshot: g.snapshot}},
	}
	for _, x := range g.growers {
		in.Requests, in.Wanted = append(in.Requests, x.request), append(in.Wanted, x.request.Name)
	}
	planned := preview.Make(in).Networks[0]
	out := Result{VPC: g.vpc, Objects: Objects{Network: net}}
	for _, x := range g.growers {
		r := x.request
		q := planned.Requests[slices.IndexFunc(planned.Requests, func(q preview.Request) bool { return q.Name == r.Name })]
		if q.Refusal != nil {
			return Result{}, &NoFit{What: q.Name, Text: q.Refusal.Text}
		}
		if q.NodeSize != nil {
			out.NodeSize = q.NodeSize
		}
		for _, x := range q.Ranges {
			if q.Purpose == v1alpha1.Proxy {
				x.Subnet = ownSubnet
			}
			out.Ranges = append(out.Ranges, Range{Request: q.Name, Subnet: x.Subnet, CIDR: x.CIDR, Addresses: x.Addresses, Feeds: feeds(q, x), Why: x.Why})
			if a.Pin {
				pin(&r, netip.MustParsePrefix(x.CIDR))
			}
		}
		out.Objects.Requests = append(out.Objects.Requests, r)
	}
	if err := out.grow(a, g); err != nil {
		return Result{}, err
	}
	out.Notes = a.notes(out)
	return out, nil
}

func ofIPv4(all []v1alpha1.FreeSpace) v1alpha1.FreeSpace {
	for _, f := range all {
		if f.Family == prefix.IPv4.String() {
			return f
		}
	}
	return v1alpha1.FreeSpace{}
}

func feeds(q preview.Request, x preview.Range) string {
	switch q.Purpose {
	case v1alpha1.Pods:
		return fmt.Sprintf("%s nodes, a /%d each", show.Number(x.Nodes), q.NodeSize.PrefixLength)
	case v1alpha1.Services:
		return show.Number(x.Addresses) + " ClusterIPs"
	}
	return "load balancers' proxies"
}
