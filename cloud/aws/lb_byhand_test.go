package aws_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws/awssim"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// hands changes one thing as a person does.
type hands struct{ *balanced }

func (h hands) did(_ any, err error) { h.Helper(); h.must(err) }

func (h hands) listener() *string { return &h.one().Listeners[0].ARN }
func (h hands) target() *string   { return &h.one().Listeners[0].TargetGroups[0] }
func (h hands) balancer() *string { return new(h.one().ARN) }

// group is the clients' security group, or the shared one.
func (h hands) group(kind string) *string {
	all := h.sim.SecurityGroups()
	return &all[slices.IndexFunc(all, func(g awssim.SecurityGroup) bool { return g.Tags["vpcnative.dev/kind"] == kind })].ID
}

func (h hands) attribute(key, value string) {
	h.did(h.elb.ModifyLoadBalancerAttributes(h.Context(), &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: h.balancer(),
		Attributes: []types.LoadBalancerAttribute{{Key: &key, Value: &value}}}))
}

func (h hands) targetAttribute(key, value string) {
	h.did(h.elb.ModifyTargetGroupAttributes(h.Context(), &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: h.target(),
		Attributes: []types.TargetGroupAttribute{{Key: &key, Value: &value}}}))
}

func (h hands) check(change elb.ModifyTargetGroupInput) {
	change.TargetGroupArn = h.target()
	h.did(h.elb.ModifyTargetGroup(h.Context(), &change))
}

func (h hands) let(in *string, p ec2types.IpPermission) {
	h.did(h.ec2.AuthorizeSecurityGroupIngress(h.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: in, IpPermissions: []ec2types.IpPermission{p}}))
}

func (h hands) untag(arn *string, keys ...string) {
	h.did(h.elb.RemoveTags(h.Context(), &elb.RemoveTagsInput{ResourceArns: []string{*arn}, TagKeys: keys}))
}

// other makes a target group of somebody's.
func (h hands) other(protocol types.ProtocolEnum) *string {
	made, err := h.elb.CreateTargetGroup(h.Context(), &elb.CreateTargetGroupInput{Name: new("other"), Protocol: protocol, Port: new(int32(8080)), VpcId: &h.vpcID,
		TargetType: types.TargetTypeEnumInstance})
	h.must(err)
	h.sim.Settle()
	return made.TargetGroups[0].TargetGroupArn
}

func tcpRule(from, to int32, cidr string) ec2types.IpPermission {
	return ec2types.IpPermission{IpProtocol: new("tcp"), FromPort: &from, ToPort: &to, IpRanges: []ec2types.IpRange{{CidrIp: &cidr}}}
}

func forward(arn *string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: arn}}
}

// TestEachFieldChangedByHandIsSetRight: the cloud is afterwards as it was,
// whatever somebody changed or deleted.
func TestEachFieldChangedByHandIsSetRight(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(hands){
		"the balancer is deleted": func(h hands) {
			h.did(h.elb.DeleteLoadBalancer(h.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: h.balancer()}))
		},
		"a zone is taken out": func(h hands) {
			h.did(h.elb.SetSubnets(h.Context(), &elb.SetSubnetsInput{LoadBalancerArn: h.balancer(), Subnets: h.one().Subnets[:2]}))
		},
		"the security groups": func(h hands) {
			h.did(h.elb.SetSecurityGroups(h.Context(), &elb.SetSecurityGroupsInput{LoadBalancerArn: h.balancer(), SecurityGroups: []string{h.sg}}))
		},
		"cross-zone balancing": func(h hands) { h.attribute("load_balancing.cross_zone.enabled", "true") },
		"an attribute's record": func(h hands) {
			h.untag(h.balancer(), "vpcnative.dev/attribute/load_balancing.cross_zone.enabled")
		},
		"an attribute and its record": func(h hands) {
			h.attribute("load_balancing.cross_zone.enabled", "true")
			h.untag(h.balancer(), "vpcnative.dev/attribute/load_balancing.cross_zone.enabled")
		},
		"a tag that was asked for": func(h hands) {
			h.did(h.elb.AddTags(h.Context(), &elb.AddTagsInput{ResourceArns: []string{*h.balancer(), *h.target()}, Tags: []types.Tag{{Key: new("team"), Value: new("theirs")}}}))
		},
		"a tag of a security group": func(h hands) {
			h.did(h.ec2.DeleteTags(h.Context(), &ec2.DeleteTagsInput{Resources: []string{*h.group("Service")}, Tags: []ec2types.Tag{{Key: new("team")}}}))
		},
		"the listener is deleted": func(h hands) {
			h.did(h.elb.DeleteListener(h.Context(), &elb.DeleteListenerInput{ListenerArn: h.listener()}))
		},
		"the listener's port": func(h hands) {
			h.did(h.elb.ModifyListener(h.Context(), &elb.ModifyListenerInput{ListenerArn: h.listener(), Port: new(int32(81))}))
		},
		"the listener's target group": func(h hands) {
			h.did(h.elb.ModifyListener(h.Context(), &elb.ModifyListenerInput{ListenerArn: h.listener(), DefaultActions: forward(h.other(types.ProtocolEnumTcp))}))
		},
		"the listener's protocol": func(h hands) {
			h.did(h.elb.ModifyListener(h.Context(), &elb.ModifyListenerInput{ListenerArn: h.listener(), Protocol: types.ProtocolEnumUdp, DefaultActions: forward(h.other(types.ProtocolEnumUdp))}))
		},
		"a listener more": func(h hands) {
			h.did(h.elb.CreateListener(h.Context(), &elb.CreateListenerInput{LoadBalancerArn: h.balancer(), Protocol: types.ProtocolEnumTcp, Port: new(int32(22)),
				DefaultActions: forward(h.other(types.ProtocolEnumTcp))}))
		},
		"the target group is deleted": func(h hands) {
			target := h.target()
			h.did(h.elb.DeleteListener(h.Context(), &elb.DeleteListenerInput{ListenerArn: h.listener()}))
			h.soon(func() bool { // it is in use for a while yet
				_, err := h.elb.DeleteTargetGroup(h.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: target})
				return err == nil
			})
		},
		"the check's path":                func(h hands) { h.check(elb.ModifyTargetGroupInput{HealthCheckPath: new("/livez")}) },
		"the check's port":                func(h hands) { h.check(elb.ModifyTargetGroupInput{HealthCheckPort: new("traffic-port")}) },
		"the check's interval":            func(h hands) { h.check(elb.ModifyTargetGroupInput{HealthCheckIntervalSeconds: new(int32(30))}) },
		"the check's timeout":             func(h hands) { h.check(elb.ModifyTargetGroupInput{HealthCheckTimeoutSeconds: new(int32(3))}) },
		"the check's healthy threshold":   func(h hands) { h.check(elb.ModifyTargetGroupInput{HealthyThresholdCount: new(int32(5))}) },
		"the check's unhealthy threshold": func(h hands) { h.check(elb.ModifyTargetGroupInput{UnhealthyThresholdCount: new(int32(5))}) },
		"the check's protocol":            func(h hands) { h.check(elb.ModifyTargetGroupInput{HealthCheckProtocol: types.ProtocolEnumTcp}) },
		"deregistration delay":            func(h hands) { h.targetAttribute("deregistration_delay.timeout_seconds", "0") },
		"stickiness":                      func(h hands) { h.targetAttribute("stickiness.enabled", "true") },
		"PROXY protocol":                  func(h hands) { h.targetAttribute("proxy_protocol_v2.enabled", "true") },
		"clients' addresses":              func(h hands) { h.targetAttribute("preserve_client_ip.enabled", "false") },
		"the tag of the node set":         func(h hands) { h.untag(h.target(), "vpcnative.dev/node-set") },
		"the tag of the port":             func(h hands) { h.untag(h.target(), "vpcnative.dev/port") },
		"a target is taken out":           func(h hands) { h.must(h.takeOut(h.nodes.Nodes[0])) },
		"a target is put in": func(h hands) {
			vm, err := h.sim.AddInstance(awssim.Instance{Type: "m5.large", Interfaces: []awssim.Interface{{Subnet: h.places[zones[0]]}}})
			h.must(err)
			h.did(h.elb.RegisterTargets(h.Context(), &elb.RegisterTargetsInput{TargetGroupArn: h.target(), Targets: []types.TargetDescription{{Id: &vm.ID}}}))
		},
		"clients' rule is revoked": func(h hands) {
			h.did(h.ec2.RevokeSecurityGroupIngress(h.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: h.group("Service"),
				IpPermissions: []ec2types.IpPermission{tcpRule(80, 80, "0.0.0.0/0")}}))
		},
		"others are let in": func(h hands) { h.let(h.group("Service"), tcpRule(22, 22, "192.0.2.0/24")) },
		"IPv6 is let in": func(h hands) {
			h.let(h.group("Service"), ec2types.IpPermission{IpProtocol: new("tcp"), FromPort: new(int32(80)), ToPort: new(int32(80)), Ipv6Ranges: []ec2types.Ipv6Range{{CidrIpv6: new("::/0")}}})
		},
		"everything is let in": func(h hands) {
			h.let(h.group("Service"), ec2types.IpPermission{IpProtocol: new("-1"), IpRanges: []ec2types.IpRange{{CidrIp: new("192.0.2.0/24")}}})
		},
		"a group is let in": func(h hands) {
			h.let(h.group("Service"), ec2types.IpPermission{IpProtocol: new("tcp"), FromPort: new(int32(1)), ToPort: new(int32(9)), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: &h.sg}}})
		},
		"the shared group lets in": func(h hands) { h.let(h.group("NodeSet"), tcpRule(22, 22, "192.0.2.0/24")) },
		"a rule of the nodes is revoked": func(h hands) {
			h.did(h.ec2.RevokeSecurityGroupIngress(h.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: &h.sg, IpPermissions: []ec2types.IpPermission{{
				IpProtocol: new("tcp"), FromPort: new(int32(30000)), ToPort: new(int32(32767)), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: h.group("NodeSet")}}}}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBalanced(t, awssim.Config{})
			b := service("web", func(b *lb.LoadBalancer) { b.Attributes[lb.AttributeTags] = "team=ours" })
			w.made(b)
			before := w.dump(b.Owner)
			do(hands{w})
			if w.dump(b.Owner) == before {
				t.Fatal("it changed nothing")
			}
			for range 3 { // what was just let go of may be read once more
				if _, err := w.apply(b); err == nil {
					break
				}
			}
			w.settled(b)
			if after := w.dump(b.Owner); after != before {
				t.Errorf("it was\n%s\nand is\n%s", before, after)
			}
		})
	}
}

// TestWithoutItsMarkItIsNobodys: what somebody took our tags off is a conflict,
// and stays.
func TestWithoutItsMarkItIsNobodys(t *testing.T) {
	t.Parallel()
	w := newBalanced(t, awssim.Config{})
	b := service("web")
	w.made(b)
	h := hands{w}
	h.untag(h.balancer(), "vpcnative.dev/cluster-id")
	before := w.sim.MutatingCalls()
	p, err := w.apply(b)
	if !cloud.Is(err, cloud.Conflict) || w.sim.MutatingCalls() > before {
		t.Errorf("got %v, and changes:\n%s", err, p)
	}
}

// dump is what ELB and EC2 show of the owner's and the shared things, but for
// what they give each anew.
func (w *balanced) dump(o cloud.Owner) string {
	w.Helper()
	w.sim.Settle()
	names := map[string]string{}
	var out []string
	show := func(kind string, fields map[string]any) {
		text, err := json.Marshal(fields)
		w.must(err)
		out = append(out, kind+" "+string(text))
	}
	for _, g := range w.sim.SecurityGroups() {
		names[g.ID] = g.Name
		show("group", map[string]any{"name": g.Name, "rules": slices.Sorted(slices.Values(g.Rules)), "tags": g.Tags})
	}
	for _, g := range w.sim.TargetGroups() {
		names[g.ARN] = g.Name
		if !strings.HasPrefix(g.Name, "vn-") {
			continue
		}
		got, err := w.elb.DescribeTargetGroups(w.Context(), &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{g.ARN}})
		w.must(err)
		x := got.TargetGroups[0]
		show("targets", map[string]any{"name": g.Name, "protocol": g.Protocol, "port": g.Port, "targets": slices.Sorted(slices.Values(g.Targets)), "attributes": maps.Clone(g.Attributes), "tags": g.Tags,
			"check": []any{x.HealthCheckProtocol, x.HealthCheckPort, x.HealthCheckPath, x.HealthCheckIntervalSeconds, x.HealthCheckTimeoutSeconds, x.HealthyThresholdCount, x.UnhealthyThresholdCount}})
	}
	for _, b := range w.sim.Balancers() {
		fields := map[string]any{"name": b.Name, "scheme": b.Scheme, "subnets": slices.Sorted(slices.Values(b.Subnets)), "tags": b.Tags}
		var groups, listens, attributes []string
		for _, id := range b.Groups {
			groups = append(groups, names[id])
		}
		for _, l := range b.Listeners {
			listens = append(listens, fmt.Sprint(l.Protocol, l.Port, " to ", names[l.TargetGroups[0]]))
		}
		got, err := w.elb.DescribeLoadBalancerAttributes(w.Context(), &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &b.ARN})
		w.must(err)
		for _, a := range got.Attributes {
			attributes = append(attributes, *a.Key+"="+*a.Value)
		}
		for key, list := range map[string][]string{"groups": groups, "listens": listens, "attributes": attributes} {
			fields[key] = slices.Sorted(slices.Values(list))
		}
		show("balancer", fields)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
