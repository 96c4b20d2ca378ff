package aws

import (
	"cmp"
	"context"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// BalancerConfig says how load balancers are made. The zero value is usable.
type BalancerConfig struct {
	// Cluster is the name in the tags kubernetes.io/cluster/<name> of subnets
	// and of the nodes' security groups; empty where there are none.
	Cluster string
	// NodeGroups are the IDs of the security groups that let balancers in to
	// the nodes. Where there are none, it is on each node's primary interface
	// the group with the cluster's tag, or else the first.
	NodeGroups []string
	// FirstNodePort and LastNodePort bound the API server's NodePorts
	// (default 30000 and 32767).
	FirstNodePort, LastNodePort uint16
	// RulesPerGroup is the quota of inbound rules of a security group, for
	// each address family (default 60).
	RulesPerGroup int
	// Patience is how long a call is repeated that what is new or gone has
	// not yet reached everywhere in the cloud (default 20 s).
	Patience time.Duration
}

func (c BalancerConfig) withDefaults() BalancerConfig {
	if c.FirstNodePort == 0 {
		c.FirstNodePort, c.LastNodePort = 30000, 32767
	}
	if c.RulesPerGroup == 0 {
		c.RulesPerGroup = 60
	}
	c.Patience = cmp.Or(c.Patience, 20*time.Second)
	return c
}

// balancers is lb.Balancers as network load balancers.
type balancers struct {
	*vpc
	BalancerConfig
	elb   balancing
	types *zoneTypes
}

var _ lb.Balancers = balancers{}

// The kinds of resources. The last three are only read: they say where things
// can be put, carry no mark and are never changed.
const (
	kindBalancer = "LoadBalancer"
	kindPool     = "TargetGroup"
	kindListener = "Listener"
	kindGroup    = "SecurityGroup"
	kindRule     = "SecurityGroupRule"
	kindSubnet   = "Subnet"
	kindInstance = "Instance"
	kindElastic  = "ElasticIP"
)

// The fields.
const (
	fieldScheme     = "scheme"
	fieldAddresses  = "ip-address-type"
	fieldSubnets    = "subnets" // each subnet, or subnet=allocation or address
	fieldGroups     = "security-groups"
	fieldAttributes = "attributes" // key=value
	fieldProtocol   = "protocol"
	fieldPort       = "port"
	fieldListens    = "listener-port"
	fieldCheck      = "health-check"
	fieldSet        = "node-set"
	fieldPool       = "target-group"
	fieldIngress    = "ingress"
	fieldUser       = "user"        // of an Elastic IP: the interface that has it
	fieldTags       = "tags"        // key=value, beside those of ours
	fieldTargets    = "target-type" // instance or ip
)

// New connects to EC2 and ELB by the SDK's default chain of credentials, or by
// AccessKey. It makes no call of either; where no region is given it may ask the
// machine's metadata service. The function it returns closes idle connections.
//
// Errors: Invalid for a Config that lacks something; Unauthenticated when the
// SDK's configuration cannot be read.
func New(ctx context.Context, c Config, b BalancerConfig) (*cloud.VPC, lb.Balancers, func(), error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, nil, nil, err
	}
	to, err := connect(ctx, &c)
	if err != nil {
		return nil, nil, nil, err
	}
	v := &vpc{Config: c, api: to.ec2()}
	return v.ports(), balancers{v, b.withDefaults(), balancingSDK{to.ec2(), to.elb()}, &zoneTypes{}}, to.client.CloseIdleConnections, nil
}

// maxTargets is how many targets a balancer takes, in each zone, or in all of
// them with cross-zone balancing; each target group counts.
// Source: Network Load Balancers user guide, "Quotas".
const maxTargets = 500

// Rules: a listener keeps its port, and changes to another target group in
// place; what of a target group cannot be changed is in its name.
func (v balancers) Rules() lb.Rules {
	return lb.Rules{
		Domain: v.VPC + " in " + v.Region, VPC: v.VPC, OwnPools: true,
		Editable: map[string][]string{
			kindBalancer: {fieldAddresses, fieldSubnets, fieldGroups, fieldAttributes, fieldTags},
			kindPool:     {fieldCheck, fieldSet, fieldListens, fieldAttributes, fieldTags},
			kindListener: {fieldProtocol, fieldPool},
			kindGroup:    {fieldIngress, fieldTags},
		},
		MaxNodes:      maxTargets,
		ReadsNodes:    len(v.NodeGroups) == 0,
		ListIsPartial: true,
	}
}
