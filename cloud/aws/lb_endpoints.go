package aws

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"

	"github.com/vpcnative/vpcnative/cloud/lb"
	"github.com/vpcnative/vpcnative/cloud/members"
)

// The types of target groups' targets.
const (
	byInstance = "instance"
	byIP       = "ip"
)

// unusedPort is the port of a target group of pods: each target has its own.
const unusedPort = "1"

const crossZone = "load_balancing.cross_zone.enabled"

// EndpointGroups is one target group in all zones. What cannot be changed is in
// its name. A load balancer that sends to it sends to all zones from each, since
// a rollout may leave a zone without a pod for a while.
func (v balancers) EndpointGroups(e lb.Endpoints, got lb.State) (_ []lb.Resource, left []members.Left, _ error) {
	w := &wanting{balancers: v, b: lb.LoadBalancer{Owner: e.Owner}, got: got, ofPool: map[string]string{}}
	if e.Check != nil {
		w.to.Check = *e.Check
	}
	check, err := w.check()
	if err != nil {
		return nil, nil, err
	}
	addresses := "ipv4"
	if e.Family == lb.IPv6 {
		addresses = "ipv6"
	}
	r := lb.Resource{
		Ref: lb.Ref{Kind: kindPool, Name: shortName(e.Owner, "p", e.Protocol, addresses)}, Owner: e.Owner, Members: []string{},
		Fields: lb.Fields{
			fieldProtocol: {string(e.Protocol)}, fieldPort: {unusedPort}, fieldTargets: {byIP}, fieldAddresses: {addresses}, fieldCheck: {check},
			fieldAttributes: pairsOf(podAttributes(e.Protocol)),
		},
	}
	blocks := subnetBlocks(got)
	for _, x := range e.List {
		if why := v.unfitEndpoint(x, blocks, got); why != "" {
			left = append(left, members.Left{Member: x.AddrPort.String(), Err: errors.New(why)})
			continue
		}
		r.Members = append(r.Members, x.AddrPort.String())
	}
	return []lb.Resource{r}, left, nil
}

// podAttributes are those of groups of pods. Connections of a pod that goes are
// given the time of a deregistration; that of UDP is not to be waited for.
func podAttributes(p lb.Protocol) map[string]string {
	out := map[string]string{"deregistration_delay.timeout_seconds": "300", connectionTermination: strconv.FormatBool(p == lb.UDP), crossZone: "true"}
	if p == lb.TCP {
		out["preserve_client_ip.enabled"] = "false"
	}
	return out
}

// Places are none: the one group is in all zones.
func (v balancers) Places([]lb.Node, lb.State) []lb.Node { return nil }

// unfitEndpoint says why a target group cannot have an address: a network load
// balancer sends to addresses of its VPC's subnets, and to none that only a
// route table knows. An address is not enough: another VPC's machine may have
// the same, and here it is somebody else's.
func (v balancers) unfitEndpoint(e lb.Endpoint, subnets []netip.Prefix, got lb.State) string {
	if why := v.Unfit(e.Node); why != "" {
		return "of its machine: " + why
	}
	if _, here := got[lb.Ref{Kind: kindInstance, Name: instanceOf(e.Node.ProviderID)}]; !here && v.Rules().ReadsNodes {
		return "its machine " + instanceOf(e.Node.ProviderID) + " is not in " + v.VPC
	}
	if e.Addr().Is4() && !slices.ContainsFunc(subnets, func(p netip.Prefix) bool { return p.Contains(e.Addr()) }) {
		return "it lies in no subnet of " + v.VPC + ": pods as targets require attachment Prefixes"
	}
	return ""
}

func subnetBlocks(got lb.State) (out []netip.Prefix) {
	for ref, r := range got {
		if p, err := netip.ParsePrefix(r.Fields.One(fieldCIDR)); err == nil && ref.Kind == kindSubnet {
			out = append(out, p)
		}
	}
	return out
}
