package build

import "github.com/vpcnative/vpcnative/cloud/lb"

const (
	crossZone     = lb.AttributeLoadBalancer + "load_balancing.cross_zone.enabled"
	logEnabled    = lb.AttributeLoadBalancer + "access_logs.s3.enabled"
	logBucket     = lb.AttributeLoadBalancer + "access_logs.s3.bucket"
	logPrefix     = lb.AttributeLoadBalancer + "access_logs.s3.prefix"
	proxyProtocol = lb.AttributeTargetGroup + "proxy_protocol_v2.enabled"
	drain         = lb.AttributeTargetGroup + "deregistration_delay.timeout_seconds"
)

// aws are those of cloud-provider-aws and of the AWS Load Balancer Controller,
// for network load balancers.
var aws = under(awsPrefix+awsBalancer, []Annotation{
	{Key: "scheme", Values: "`internal`, `internet-facing`", Effect: Followed, Meaning: "as `vpcnative.dev/scheme`", follow: awsScheme},
	{Key: "internal", Values: "`true`, `false`", Effect: Followed, Meaning: "as `vpcnative.dev/scheme`", follow: awsInternal},
	{Key: "type", Values: "`nlb`, `external`, `nlb-ip`", Effect: Followed,
		Meaning: "every balancer is a network load balancer on instances; `nlb-ip` is ignored, with an Event. With `external` and `nlb-ip`, which are the AWS Load Balancer Controller's, a new balancer is internal where nothing says the scheme", follow: awsType},
	{Key: "nlb-target-type", Values: "`instance`, `ip`", Effect: Followed,
		Meaning: "instances are the targets; `ip` is ignored, with an Event", follow: awsTargets},
	{Key: "ip-address-type", Values: "`ipv4`, `dualstack`", Effect: Followed,
		Meaning: "the families of its addresses, instead of `ipFamilies`", follow: awsFamilies},

	{Key: "eip-allocations", Cloud: "aws", Values: "allocation IDs", Effect: Followed,
		Meaning: "the Elastic IPs of an external balancer, one a subnet", follow: elasticIPs},
	{Key: "private-ipv4-addresses", Cloud: "aws", Values: "addresses", Effect: Followed,
		Meaning: "the addresses of an internal balancer, one a subnet", follow: attribute(lb.AttributePrivateIPv4)},
	{Key: "ipv6-addresses", Cloud: "aws", Values: "addresses", Effect: Refused, Meaning: "AWS chooses the IPv6 addresses; requesting one is not supported yet"},
	{Key: "subnets", Cloud: "aws", Values: "IDs or names", Effect: Followed, Meaning: "as `vpcnative.dev/subnets`", follow: attribute(lb.AttributeSubnets)},

	{Key: "security-groups", Cloud: "aws", Values: "IDs", Effect: Followed,
		Meaning: "its security groups, instead of one of ours", follow: attribute(lb.AttributeSecurityGroups)},
	{Key: "manage-backend-security-group-rules", Cloud: "aws", Values: "`true`, `false`", Effect: Followed,
		Meaning: "whether the nodes' security groups get rules", follow: boolean(lb.AttributeNodeRules)},
	{Key: "additional-resource-tags", Cloud: "aws", Values: "`k=v,k=v`", Effect: Followed, Meaning: "further tags", follow: pairs(lb.AttributeTags, "")},

	{Key: "cross-zone-load-balancing-enabled", Cloud: "aws", Values: "`true`, `false`", Effect: Followed,
		Meaning: "a zone's address sends to nodes of all zones", follow: boolean(crossZone)},
	{Key: "connection-draining-timeout", Cloud: "aws", Values: "seconds", Effect: Followed,
		Meaning: "how long a node that leaves keeps its connections", follow: seconds(drain)},
	{Key: "connection-draining-enabled", Cloud: "aws", Values: "`true`", Effect: Silent, Meaning: "connections always drain"},
	{Key: "proxy-protocol", Cloud: "aws", Values: "`*`", Effect: Followed, Meaning: "PROXY protocol v2 to the nodes, which are then checked by TCP on the traffic port; refused with `externalTrafficPolicy: Local`", follow: everyProxy},
	{Key: "access-log-enabled", Cloud: "aws", Values: "`true`, `false`", Effect: Followed, Meaning: "access logs, of TLS listeners", follow: boolean(logEnabled)},
	{Key: "access-log-s3-bucket-name", Cloud: "aws", Values: "a bucket", Effect: Followed, Meaning: "where they go", follow: attribute(logBucket)},
	{Key: "access-log-s3-bucket-prefix", Cloud: "aws", Values: "a prefix", Effect: Followed, Meaning: "and under what name", follow: attribute(logPrefix)},
	{Key: "attributes", Cloud: "aws", Values: "`k=v,k=v`", Effect: Followed, Meaning: "ELBv2's attributes of the balancer", follow: pairs("", lb.AttributeLoadBalancer)},
	{Key: "target-group-attributes", Cloud: "aws", Values: "`k=v,k=v`", Effect: Followed, Meaning: "and of its target groups", follow: pairs("", lb.AttributeTargetGroup)},

	{Key: "target-node-labels", Values: "`k=v,k=v`", Effect: Followed, Meaning: "only nodes with these labels", follow: nodeLabels},

	{Key: "healthcheck-protocol", Values: "`http`, `tcp`", Effect: Followed, Meaning: "how a node is asked whether it serves", follow: checkProtocol},
	{Key: "healthcheck-port", Values: "`traffic-port`, a number", Effect: Followed, Meaning: "on which port", follow: checkPort},
	{Key: "healthcheck-path", Values: "a path", Effect: Followed, Meaning: "for which path", follow: checkPath},
	{Key: "healthcheck-interval", Values: "seconds", Effect: Followed, Meaning: "how often", follow: checkInterval},
	{Key: "healthcheck-timeout", Values: "seconds", Effect: Followed, Meaning: "how long it may take", follow: checkTimeout},
	{Key: "healthcheck-healthy-threshold", Values: "a number", Effect: Followed, Meaning: "how many answers make it healthy", follow: checkHealthy},
	{Key: "healthcheck-unhealthy-threshold", Values: "a number", Effect: Followed, Meaning: "and how many failures unhealthy", follow: checkUnhealthy},
	{Key: "healthcheck-success-codes", Cloud: "aws", Values: "`200-399`", Effect: Ignored, Meaning: "kube-proxy answers 200 or 503"},

	{Key: "ssl-cert", Effect: Refused, Values: "ARNs", Meaning: "TLS listeners are not supported yet, and without them the port would be open in plain"},
	{Key: "ssl-ports", Effect: Ignored, Values: "ports", Meaning: "TLS listeners are not supported yet"},
	{Key: "ssl-negotiation-policy", Effect: Ignored, Values: "a policy", Meaning: "TLS listeners are not supported yet"},
	{Key: "alpn-policy", Effect: Ignored, Values: "a policy", Meaning: "TLS listeners are not supported yet"},
	{Key: "backend-protocol", Values: "`tcp`, `ssl`", Effect: Followed, Meaning: "`ssl`, `http` and `https` are refused: TLS targets are not supported yet", follow: backendProtocol},
	{Key: "security-group-prefix-lists", Cloud: "aws", Effect: Refused, Values: "IDs", Meaning: "prefix lists are not supported yet, and without them others could connect"},
	{Key: "extra-security-groups", Cloud: "aws", Effect: Ignored, Values: "IDs", Meaning: "use `aws-load-balancer-security-groups`"},
	{Key: "disable-nlb-sg", Cloud: "aws", Effect: Refused, Values: "`true`", Meaning: "every balancer has a security group"},
	{Key: "name", Cloud: "aws", Effect: Ignored, Values: "a name", Meaning: "names say whose a balancer is, so that nothing leaks"},
	{Key: "eip-allocations-discovery-tags", Cloud: "aws", Effect: Refused, Values: "tags", Meaning: "name the allocations by `aws-load-balancer-eip-allocations`"},
	{Key: "proxy-protocol-per-target-group", Cloud: "aws", Effect: Refused, Values: "ports", Meaning: "it is for all ports or none, by `aws-load-balancer-proxy-protocol`"},
	{Key: "access-log-emit-interval", Cloud: "aws", Effect: Ignored, Values: "minutes", Meaning: "network load balancers have no such setting"},
	{Key: "connection-idle-timeout", Cloud: "aws", Effect: Ignored, Values: "seconds", Meaning: "it is a setting of listeners, which is not supported yet"},
	{Key: "listener-attributes.*", Cloud: "aws", Effect: Ignored, Values: "`k=v,k=v`", Meaning: "settings of listeners are not supported yet"},
	{Key: "inbound-sg-rules-on-private-link-traffic", Cloud: "aws", Effect: Ignored, Values: "`on`, `off`", Meaning: "not supported yet"},
	{Key: "multi-cluster-target-group", Cloud: "aws", Effect: Refused, Values: "`true`", Meaning: "targets of others would be taken out"},
	{Key: "enable-prefix-for-ipv6-source-nat", Cloud: "aws", Effect: Ignored, Values: "`on`, `off`", Meaning: "not supported yet"},
	{Key: "source-nat-ipv6-prefixes", Cloud: "aws", Effect: Ignored, Values: "prefixes", Meaning: "not supported yet"},
	{Key: "minimum-load-balancer-capacity", Cloud: "aws", Effect: Ignored, Values: "`CapacityUnits=N`", Meaning: "not supported yet"},
	{Key: "enable-icmp-for-path-mtu-discovery", Cloud: "aws", Effect: Ignored, Values: "`on`, `off`", Meaning: "not supported yet"},
	{Key: "enable-tcp-udp-listener", Cloud: "aws", Effect: Silent, Values: "`true`", Meaning: "TCP and UDP on one port always share a listener"},
	{Key: "quic-enabled-*", Cloud: "aws", Effect: Ignored, Values: "ports", Meaning: "not supported yet"},
})

func under(prefix string, list []Annotation) []Annotation {
	for i := range list {
		list[i].Key = prefix + list[i].Key
	}
	return list
}
