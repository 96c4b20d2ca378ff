package calc

import (
	"fmt"
	"math"
	"math/bits"
	"net/netip"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/show"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// notes are hints beyond the ranges.
func (a Ask) notes(r Result) (out []string) {
	if a.EC2 != nil {
		out = a.notesOfEC2(r)
	} else {
		out = a.notesOfGCE()
	}
	for _, x := range r.Ranges {
		if p, err := netip.ParsePrefix(x.CIDR); err == nil && prefix.Public(p) {
			out = append(out, fmt.Sprintf("%s (%s) is public address space: the VPC could no longer reach the internet hosts with these addresses; use a private --supernet, unless you own them", p, x.Request))
		}
	}
	for _, r := range a.Reserved {
		if len(prefix.Overlapping(a.Supernets, r.Prefix)) == 0 {
			out = append(out, fmt.Sprintf("%s is reserved but outside the supernets, where nothing is carved anyway", r.Prefix))
		}
	}
	if a.Services > 0 {
		out = append(out, "the API server reserves two addresses of each services range")
	}
	return out
}

func (a Ask) notesOfGCE() []string {
	nodes := uint64(math.Ceil(float64(a.Nodes) * a.Growth))
	// The first two and the last two addresses of a primary range are the
	// cloud's own: cloud.google.com/vpc/docs/subnets.
	primary := min(smallestRange, 32-bits.Len64(nodes+4-1))
	out := []string{fmt.Sprintf("the nodes themselves need %s addresses of their subnet's primary range, so it must be a /%d or larger; "+
		"--reserve it here, unless it is outside the supernets", show.Number(fmt.Sprint(nodes)), primary)}
	auto := netip.MustParsePrefix("10.128.0.0/9")
	if prefix.Within(a.Supernets, auto) && !a.reserves(auto) {
		out = append(out, "an auto-mode network uses 10.128.0.0/9 for its subnets; --reserve it if yours is one")
	}
	return out
}

// notesOfEC2 say what the instances have to be, and what the account.
func (a Ask) notesOfEC2(r Result) (out []string) {
	length := r.NodeSize.PrefixLength
	if a.EC2.Routes {
		return append(out,
			fmt.Sprintf("each node needs a route in every route table, %d of at most %d at full size; the interfaces' source/destination check is turned off", a.largest(), a.EC2.RoutesPerTable))
	}
	run := 1 << (smallestPrefix - length)
	if a.EC2.Slots == 0 {
		out = append(out, fmt.Sprintf("each node needs %d slots of its interface, so its instance type must have at least %d addresses per interface: aws ec2 describe-instance-types --instance-types TYPE "+
			"--query 'InstanceTypes[].NetworkInfo.Ipv4AddressesPerInterface'; set --prefix-slots to one less", run, run+1))
	}
	// VPC user guide, "Network Address Usage": a prefix counts 1, as an address does.
	if units := a.largest() * (run + 1); units > unitsOfVPC {
		out = append(out, fmt.Sprintf("the nodes need %s network address units, and a VPC has %s unless its quota is raised, up to 256,000",
			show.Number(fmt.Sprint(units)), show.Number(fmt.Sprint(unitsOfVPC))))
	}
	return append(out, "the pods ranges cover the cluster at full size from the start: machines get addresses anywhere outside the ranges, which would leave no aligned blocks for later ones")
}

// unitsOfVPC is the quota of network address units.
const unitsOfVPC = 64_000

func (a Ask) reserves(p netip.Prefix) bool {
	var all []netip.Prefix
	for _, r := range a.Reserved {
		all = append(all, r.Prefix)
	}
	return prefix.Within(all, p)
}
