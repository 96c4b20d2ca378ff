package fabric

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// rules are those of all security groups; they only admit, so their order does
// not matter.
func (w *ec2World) rules(p *parser) (out []Rule) {
	targets, addresses := map[string][]string{}, map[string][]netip.Prefix{}
	for _, i := range w.interfaces {
		for _, g := range i.Groups {
			id := aws.ToString(g.GroupId)
			addresses[id] = append(append(addresses[id], p.prefix(aws.ToString(i.PrivateIpAddress))), delegated(p, i)...)
			if i.Attachment != nil && aws.ToString(i.Attachment.InstanceId) != "" && aws.ToInt32(i.Attachment.DeviceIndex) == 0 {
				targets[id] = append(targets[id], *i.Attachment.InstanceId)
			}
		}
	}
	for _, g := range w.groups {
		id := aws.ToString(g.GroupId)
		slices.Sort(targets[id])
		for _, perm := range g.IpPermissions {
			r := Rule{Name: id, Targets: targets[id], Traffic: p.permitted(perm), Sources: cidrs(p, perm)}
			for _, pair := range perm.UserIdGroupPairs {
				r.Sources = append(r.Sources, addresses[aws.ToString(pair.GroupId)]...)
				r.Via = append(r.Via, w.balancersIn(aws.ToString(pair.GroupId))...)
			}
			slices.SortFunc(r.Sources, netip.Prefix.Compare)
			r.Sources = slices.Compact(r.Sources)
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Rule) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

func cidrs(p *parser, perm types.IpPermission) (out []netip.Prefix) {
	for _, x := range perm.IpRanges {
		out = append(out, p.prefix(aws.ToString(x.CidrIp)))
	}
	return out
}

func (p *parser) permitted(perm types.IpPermission) []Traffic {
	var ports []string
	if perm.FromPort != nil && (*perm.IpProtocol == "tcp" || *perm.IpProtocol == "udp") {
		ports = []string{strconv.Itoa(int(*perm.FromPort)) + "-" + strconv.Itoa(int(aws.ToInt32(perm.ToPort)))}
	}
	return p.traffic(aws.ToString(perm.IpProtocol), ports)
}
