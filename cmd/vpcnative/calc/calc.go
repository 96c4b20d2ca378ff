package calc

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/preview"
	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/controllers/network"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Result is a plan of the addresses.
type Result struct {
	// Ranges are those to carve, and after them those that growth would.
	Ranges []Range `json:"ranges"`
	// NodeSize is what each node draws.
	NodeSize *preview.NodeSize `json:"nodeSize"`
	// Free is what the supernets hold around what is reserved, Left what is
	// left of it beside the ranges, Grown what is left beside growth too.
	Free  v1alpha1.FreeSpace `json:"free"`
	Left  v1alpha1.FreeSpace `json:"freeAfter"`
	Grown v1alpha1.FreeSpace `json:"freeAfterGrowth"`
	// GrowthNeeds is how many addresses growth takes besides.
	GrowthNeeds string `json:"growthNeeds,omitempty"`
	// Notes are what else to think of.
	Notes []string `json:"notes,omitempty"`

	Objects Objects `json:"-"`
}

// Range is a range of the plan.
type Range struct {
	Request string `json:"request"`
	Subnet  string `json:"subnet"`
	CIDR    string `json:"cidr"`
	// Growth tells that it is carved later, if the cluster grows; here is
	// where it would lie if nothing else came before.
	Growth    bool   `json:"growth,omitempty"`
	Addresses string `json:"addresses"`
	// Feeds says for how much it is.
	Feeds string `json:"feeds"`
	Why   string `json:"why"`
}

// NoFit is a plan for which there is no room.
type NoFit struct {
	What, Text string
	// Instead is what would fit, a flag or more each.
	Instead []string
}

func (e *NoFit) Error() string {
	text := fmt.Sprintf("%s: %s", e.What, e.Text)
	if len(e.Instead) == 0 {
		return text
	}
	text += "\nwith the rest as it is, this would fit:"
	for _, i := range e.Instead {
		text += "\n  " + i
	}
	return text
}

// Plan carves what is asked for out of a network that is otherwise blank.
// The error is a *NoFit where there is no room.
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

func (a Ask) growers() ([]grower, *NoFit) {
	pods, more, err := a.pods()
	if err != nil {
		return nil, &NoFit{What: pods.Name, Text: err.Error()}
	}
	out := []grower{{pods, more}}
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
	growers, no := a.growers()
	if no != nil {
		return Result{}, no
	}
	net := a.network()
	in := preview.Input{
		Networks: []v1alpha1.Network{net}, ClusterID: "planned",
		VPC: map[string]preview.VPC{net.Name: {Snapshot: blank}},
	}
	for _, g := range growers {
		in.Requests, in.Wanted = append(in.Requests, g.request), append(in.Wanted, g.request.Name)
	}
	planned := preview.Make(in).Networks[0]
	out := Result{Free: ofIPv4(planned.Before), Left: ofIPv4(planned.After), Objects: Objects{Network: net}}
	for i, q := range planned.Requests {
		if q.Refusal != nil {
			return Result{}, &NoFit{What: q.Name, Text: q.Refusal.Text}
		}
		r := growers[i].request
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
	if err := out.grow(a, blank, growers); err != nil {
		return Result{}, err
	}
	out.Notes = a.notes()
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

// grow finds room for the ranges that growth would carve, of the same sizes.
func (out *Result) grow(a Ask, blank cloud.Snapshot, growers []grower) error {
	var occupied []netip.Prefix
	for _, o := range blank.Occupied {
		occupied = append(occupied, o.Prefix)
	}
	for _, r := range a.Reserved {
		occupied = append(occupied, r.Prefix)
	}
	first := slices.Clone(out.Ranges)
	for _, r := range first {
		occupied = append(occupied, netip.MustParsePrefix(r.CIDR))
	}
	parents := prefix.Normalise(a.Supernets)
	var needs prefix.Count
	for _, g := range growers {
		for _, r := range first {
			if r.Request != g.request.Name || g.more == 0 {
				continue
			}
			length := netip.MustParsePrefix(r.CIDR).Bits()
			found, err := prefix.Carve(parents, occupied, length, g.more)
			if err != nil {
				return &NoFit{What: r.Request, Text: fmt.Sprintf("growing %gx takes %d more ranges of /%d in subnet %s: %s", a.Growth, g.more, length, r.Subnet, err)}
			}
			for i, p := range found {
				r.CIDR, r.Growth = p.String(), true
				r.Why = fmt.Sprintf("further range %d of %d, if the cluster grows %gx", i+1, g.more, a.Growth)
				out.Ranges = append(out.Ranges, r)
			}
			occupied = append(occupied, found...)
			needs = needs.Add(prefix.Total(found))
		}
	}
	n := a.network()
	survey, err := network.Take(&n, snapshotOf(occupied), nil, "")
	if err != nil {
		return err
	}
	out.Grown = ofIPv4(survey.Free)
	if !needs.IsZero() {
		out.GrowthNeeds = needs.String()
	}
	return nil
}

func snapshotOf(occupied []netip.Prefix) (s cloud.Snapshot) {
	for _, p := range occupied {
		s.Occupied = append(s.Occupied, cloud.Occupied{Prefix: p})
	}
	return s
}

// notes say what the ranges do not.
func (a Ask) notes() []string {
	nodes := uint64(math.Ceil(float64(a.Nodes) * a.Growth))
	// The first two and the last two addresses of a primary range are the
	// cloud's own: cloud.google.com/vpc/docs/subnets.
	primary := min(smallestRange, 32-bits.Len64(nodes+4-1))
	out := []string{fmt.Sprintf("the nodes themselves take %s addresses of their subnet's primary range, so that is a /%d or larger; "+
		"--reserve it here, unless it lies outside of the supernets", show.Number(fmt.Sprint(nodes)), primary)}
	auto := netip.MustParsePrefix("10.128.0.0/9")
	if prefix.Within(a.Supernets, auto) && !a.reserves(auto) {
		out = append(out, "10.128.0.0/9 belongs to the subnets of an auto-mode network; --reserve it if yours is one")
	}
	for _, r := range a.Reserved {
		if len(prefix.Overlapping(a.Supernets, r.Prefix)) == 0 {
			out = append(out, fmt.Sprintf("%s is reserved and lies outside of the supernets, where nothing is carved anyway", r.Prefix))
		}
	}
	if a.Services > 0 {
		out = append(out, "the API server keeps two addresses of each services range for itself")
	}
	return out
}

func (a Ask) reserves(p netip.Prefix) bool {
	var all []netip.Prefix
	for _, r := range a.Reserved {
		all = append(all, r.Prefix)
	}
	return prefix.Within(all, p)
}
