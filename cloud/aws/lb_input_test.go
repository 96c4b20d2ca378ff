package aws_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Nodes of a zone where the balancer has no subnet would never be sent to.
func TestAZoneWithoutASubnetIsLeftOut(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web")
	b.Attributes[lb.AttributeSubnets] = w.public[zones[0]]
	w.made(b)
	arn := w.one().ARN
	w.reaches("tcp", 80, 1)
	if n := len(w.sim.TargetGroups()[0].Targets); n != 1 {
		t.Errorf("%d targets, and one node is in its zone", n)
	}
	b.Attributes[lb.AttributeSubnets] += "," + w.public[zones[1]]
	w.made(b)
	w.reaches("tcp", 80, 2)
	if w.one().ARN != arn {
		t.Error("a subnet more replaced the balancer")
	}
}

func TestASubnetWithoutAddressesIsSaid(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	tiny, err := w.sim.AddSubnet(w.vpcID, prefix("10.0.255.0/28"), zones[0])
	w.must(err)
	var cards []string
	for range 6 {
		id, err := w.sim.AddInterface(awssim.Interface{Subnet: tiny})
		w.must(err)
		cards = append(cards, id)
	}
	b := service("web")
	b.Attributes[lb.AttributeSubnets] = tiny
	_, err = w.apply(b)
	w.refused(err, cloud.QuotaExceeded)
	if !strings.Contains(err.Error(), "free addresses in the subnet") {
		t.Errorf("%v does not say what to do", err)
	}
	for _, id := range cards {
		w.must(w.sim.DeleteInterface(id))
	}
	w.made(b)
}

func TestAddressesThatAreTakenAreSaid(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	eip, _, err := w.sim.AddElasticIP()
	w.must(err)
	elastic := func(b *lb.LoadBalancer) {
		b.Frontends[0].Reserved, b.Attributes[lb.AttributeSubnets] = eip, w.public[zones[0]]
	}
	w.made(service("first", elastic))
	vm, _ := w.sim.Instance(strings.TrimPrefix(w.nodes.Nodes[0].ProviderID, "aws:///"+zones[0]+"/"))
	for says, edit := range map[string]func(*lb.LoadBalancer){
		"not available for use": elastic,
		"already in use": func(b *lb.LoadBalancer) {
			b.Scheme, b.Attributes[lb.AttributePrivateIPv4] = lb.Internal, vm.Interfaces[0].IP.String()
		},
	} {
		b := service("web", edit)
		_, err := w.apply(b)
		if e, _ := errors.AsType[*cloud.Error](err); e == nil || e.Remedy == "" || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want that it is %s, and what to do", err, says)
		}
		w.must(w.gone(b))
	}
	w.settled(service("first", elastic))
}

func TestRulesThatSomebodyRevokedComeBack(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web")
	w.made(b)
	for _, g := range w.sim.SecurityGroups() {
		now, err := w.ec2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{g.ID}})
		w.must(err)
		if list := now.SecurityGroups[0].IpPermissions; len(list) > 0 {
			for _, p := range list {
				for n := range p.UserIdGroupPairs {
					p.UserIdGroupPairs[n].UserId = nil
				}
			}
			_, err := w.ec2.RevokeSecurityGroupIngress(t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: &g.ID, IpPermissions: list})
			w.must(err)
		}
		if strings.HasPrefix(g.Name, "vn-") { // and another that nobody wants
			_, err := w.ec2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &g.ID, IpPermissions: []ec2types.IpPermission{
				{IpProtocol: ptr("tcp"), FromPort: ptr(int32(22)), ToPort: ptr(int32(22)), IpRanges: []ec2types.IpRange{{CidrIp: ptr("0.0.0.0/0")}}}}})
			w.must(err)
		}
	}
	if _, err := w.sim.Reaches(w.one().Name, "tcp", 80, client); err == nil {
		t.Fatal("nothing was revoked")
	}
	w.made(b)
	w.reaches("tcp", 80, 3)
	for _, g := range w.sim.SecurityGroups() {
		if strings.Contains(strings.Join(g.Rules, " "), " 22") {
			t.Errorf("%s still has %v", g.Name, g.Rules)
		}
	}
}

func ptr[T any](v T) *T { return &v }
