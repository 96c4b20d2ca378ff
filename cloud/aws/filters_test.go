package aws_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
)

// people are who keep security groups by hand.
type people struct {
	*world
	*ec2.Client
}

func byHand(w *world) people {
	return people{w, ec2.New(ec2.Options{Region: "eu-west-1", BaseEndpoint: &w.url, Retryer: awssdk.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "")})}
}

func (p people) group(name string, rules ...types.IpPermission) string {
	p.Helper()
	made, err := p.CreateSecurityGroup(p.Context(), &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &name, VpcId: &p.vpcID})
	p.must(err)
	p.sim.Settle()
	if len(rules) > 0 {
		_, err = p.AuthorizeSecurityGroupIngress(p.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: made.GroupId, IpPermissions: rules})
		p.must(err)
	}
	return *made.GroupId
}

// put returns the first interface of an instance its groups.
func (p people) put(instance string, groups ...string) {
	p.Helper()
	l, err := p.DescribeNetworkInterfaces(p.Context(), &ec2.DescribeNetworkInterfacesInput{
		Filters: []types.Filter{{Name: awssdk.String("attachment.instance-id"), Values: []string{instance}}}})
	p.must(err)
	_, err = p.ModifyNetworkInterfaceAttribute(p.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: l.NetworkInterfaces[0].NetworkInterfaceId, Groups: groups})
	p.must(err)
}

func ports(protocol string, from, to int32, cidr string) types.IpPermission {
	return types.IpPermission{IpProtocol: &protocol, FromPort: &from, ToPort: &to, IpRanges: []types.IpRange{{CidrIp: &cidr}}}
}

func TestFiltersAreTheSecurityGroupsOfTheNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awssim.Config{})
	p := byHand(w)
	if _, err := w.vpc.Filters.Read(t.Context()); !cloud.Is(err, cloud.NotFound) {
		t.Errorf("without a machine it gave %v, want NotFound", err)
	}
	read := func() (out []string) {
		t.Helper()
		all, err := w.settled().Filters.Read(t.Context())
		w.must(err)
		for _, f := range all {
			for _, r := range f.Rules {
				out = append(out, fmt.Sprintf("%s lets in %s from %v", r.Name, r.Protocols[0], r.Sources))
			}
			if len(f.Rules) == 0 {
				out = append(out, f.Target+" lets in nothing")
			}
		}
		slices.Sort(out)
		return out
	}
	for _, id := range []string{"i-0aa", "i-0bb"} {
		_, err := w.sim.AddInstance(awssim.Instance{ID: id, Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: w.subnet}}})
		w.must(err)
	}
	// The VPC's default group lets in whoever is in it.
	if got := read(); len(got) != 1 || !strings.HasSuffix(got[0], "lets in all from [10.0.0.0/16]") {
		t.Errorf("with the default group: %q", got)
	}
	web := p.group("web", ports("tcp", 0, 65535, "10.0.0.0/8"), ports("udp", 53, 53, "10.0.0.0/8"), ports("icmp", -1, -1, "0.0.0.0/0"))
	none := p.group("none")
	p.put("i-0aa", web)
	p.put("i-0bb", none)
	want := []string{none + " lets in nothing", web + " lets in icmp from [0.0.0.0/0]", web + " lets in tcp from [10.0.0.0/8]", web + " lets in udp:53-53 from [10.0.0.0/8]"}
	slices.Sort(want)
	if got := read(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// A group that not every node has lets in some of them at most.
	all := "-1"
	some := p.group("some", types.IpPermission{IpProtocol: &all, UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: &web}}})
	p.put("i-0bb", some)
	if got := read(); !slices.Contains(got, some+" lets in nothing") {
		t.Errorf("a rule for the group of one machine: %q", got)
	}
	p.put("i-0bb", some, web)
	if got := read(); !slices.Contains(got, some+" lets in all from [10.0.0.0/16]") {
		t.Errorf("a rule for the group of all machines: %q", got)
	}
	denied := w.sim.Inject(awssim.Fault{Action: "DescribeSecurityGroups", Error: &awssim.APIError{Status: 403, Code: "UnauthorizedOperation", Message: "no"}})
	if _, err := w.vpc.Filters.Read(t.Context()); !cloud.Is(err, cloud.PermissionDenied) || !strings.Contains(err.Error(), "ec2:DescribeSecurityGroups") {
		t.Errorf("denied, it gave %v", err)
	}
	denied.Remove()
	rule := cloud.FirewallRule{Sources: cidrsOf("10.0.64.0/18", "2001:db8::/64"), Targets: []string{web}}
	if got := w.vpc.Filters.Command(rule); got != "aws ec2 authorize-security-group-ingress --group-id "+web+
		" --ip-permissions 'IpProtocol=-1,IpRanges=[{CidrIp=10.0.64.0/18}],Ipv6Ranges=[{CidrIpv6=2001:db8::/64}]'" {
		t.Errorf("the command is %s", got)
	}
}

func cidrsOf(texts ...string) (out []netip.Prefix) {
	for _, text := range texts {
		out = append(out, prefix(text))
	}
	return out
}
