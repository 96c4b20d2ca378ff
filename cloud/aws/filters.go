package aws

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud"
)

// filters are the security groups of the machines in the node subnets. Network
// ACLs, which let all through unless somebody changed them, are not read.
type filters struct{ *vpc }

// Read lists the interfaces and the security groups of the VPC. A machine's
// groups act together, so each combination of them is a kind.
func (v filters) Read(ctx context.Context) ([]cloud.Filter, error) {
	kinds, nodes := map[string][]string{}, v.nodeSubnets()
	err := v.eachCard(ctx, "vpc-id", v.VPC, func(c card) error {
		if c.instance != "" && c.primary() && slices.Contains(nodes, c.subnet) {
			groups := slices.Sorted(slices.Values(c.groups))
			kinds[strings.Join(groups, ", ")] = groups
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		return nil, &cloud.Error{Reason: cloud.NotFound, Act: "read the security groups of the nodes", Resource: v.VPC,
			Err: errors.New("no instance is in the node subnets yet"), Remedy: "they are read once there is one"}
	}
	byID, err := v.groups(ctx)
	if err != nil {
		return nil, err
	}
	inside, err := v.nodeBlocks(ctx)
	if err != nil {
		return nil, err
	}
	var out []cloud.Filter
	for _, name := range sortedKeys(kinds) {
		f := cloud.Filter{Machines: "instances with security groups " + name, Target: kinds[name][0]}
		for _, id := range kinds[name] {
			for _, r := range byID[id].rules {
				if rule, ok := r.firewall(id, kinds, inside); ok {
					f.Rules = append(f.Rules, rule)
				}
			}
		}
		out = append(out, f)
	}
	return out, nil
}

func sortedKeys(m map[string][]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (v filters) groups(ctx context.Context) (map[string]group, error) {
	out := map[string]group{}
	err := pages(ctx, v.vpc, actionGroups, subject{"list the security groups", v.VPC}, of(v.VPC, v.api.allGroups), func(g group) error {
		out[g.id] = g
		return nil
	})
	return out, err
}

// nodeBlocks are the blocks of the node subnets.
func (v filters) nodeBlocks(ctx context.Context) (out []netip.Prefix, err error) {
	nodes := v.nodeSubnets()
	err = pages(ctx, v.vpc, actionSubnets, subject{"list the subnets", v.VPC}, of(v.VPC, v.api.subnets), func(s subnet) error {
		if !slices.Contains(nodes, s.id) {
			return nil
		}
		blocks, err := parseAll(slices.DeleteFunc(append(slices.Clone(s.ipv6), s.cidr), func(text string) bool { return text == "" }))
		out = append(out, blocks...)
		return err
	})
	return out, err
}

// firewall puts a rule of a group into the words of a firewall. One that names
// a group lets in what comes from addresses of interfaces that have it,
// prefixes delegated to them among these: where every node has it, that is
// what pods have out of the node subnets. A list of prefixes is not looked
// into, and counts for nothing.
// Source: VPC user guide, "Security group rules", security group referencing.
func (r rule) firewall(id string, kinds map[string][]string, inside []netip.Prefix) (cloud.FirewallRule, bool) {
	out := cloud.FirewallRule{Name: id, Protocols: []cloud.Protocol{{Name: r.protocol}}}
	switch r.protocol {
	case "-1":
		out.Protocols[0].Name = "all"
	case "tcp", "udp", "6", "17":
		if r.from > 1 || r.to != 65535 {
			out.Protocols[0].Ports = []string{fmt.Sprintf("%d-%d", r.from, r.to)}
		}
	default: // of icmp the ports are type and code
		if r.from > -1 {
			out.Protocols[0].Ports = []string{strconv.Itoa(int(r.from))}
		}
	}
	if r.group != "" {
		for _, groups := range kinds {
			if !slices.Contains(groups, r.group) {
				return out, false
			}
		}
		out.Sources = inside
		return out, true
	}
	p, err := parse(r.cidr)
	out.Sources = []netip.Prefix{p}
	return out, err == nil
}

// Command is that of the AWS command line.
func (v filters) Command(r cloud.FirewallRule) string {
	target := "SECURITY-GROUP-OF-THE-NODES"
	if len(r.Targets) > 0 {
		target = r.Targets[0]
	}
	var four, six []string
	for _, p := range r.Sources {
		if p.Addr().Is4() {
			four = append(four, "{CidrIp="+p.String()+"}")
		} else {
			six = append(six, "{CidrIpv6="+p.String()+"}")
		}
	}
	permission := "IpProtocol=-1"
	if len(four) > 0 {
		permission += ",IpRanges=[" + strings.Join(four, ",") + "]"
	}
	if len(six) > 0 {
		permission += ",Ipv6Ranges=[" + strings.Join(six, ",") + "]"
	}
	return "aws ec2 authorize-security-group-ingress --group-id " + target + " --ip-permissions '" + permission + "'"
}
