package clouds

import (
	"cmp"
	"context"

	"github.com/spf13/pflag"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// AWSOptions are the flags that are about EC2 and ELB.
type AWSOptions struct {
	Endpoint    string
	Region      string
	NoAuth      bool
	ClusterName string
	NodeGroups  []string
}

func (o *AWSOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.Endpoint, "aws-endpoint", "", "endpoint of the EC2 API, such as an emulator's")
	f.StringVar(&o.Region, "aws-region", "", "region of Networks that name none (default: the region of the AWS configuration, or of this machine)")
	f.BoolVar(&o.NoAuth, "aws-no-auth", false, "sign requests with fake credentials; for emulators")
	f.StringVar(&o.ClusterName, "aws-cluster-name", "", "cluster name in the tags kubernetes.io/cluster/<name> of subnets and security groups, which select those for load balancers")
	f.StringSliceVar(&o.NodeGroups, "aws-node-security-groups", nil, "IDs of the nodes' security groups that get the rules of load balancers (default: each node's own)")
}

// madeUp are credentials for an emulator, which asks for a signature and does
// not check it.
const madeUp = "emulator"

var ec2 = provider{
	name: AWS,
	spec: func(n *v1alpha1.Network) any {
		if n.Spec.AWS == nil {
			return nil
		}
		return n.Spec.AWS
	},
	blank: func(n *v1alpha1.Network) cloud.Snapshot {
		return aws.Blank(n.Spec.AWS.Subnets)
	},
	connect: func(ctx context.Context, c *Config, n *v1alpha1.Network) (*cloud.VPC, lb.Balancers, func(), error) {
		s := n.Spec.AWS
		config := aws.Config{
			Region: cmp.Or(s.Region, c.AWS.Region), VPC: s.VPCID, Subnets: s.Subnets, RoutesPerTable: int(s.RoutesPerTable), ClusterID: c.ClusterID,
			Endpoint: c.AWS.Endpoint, UserAgent: c.UserAgent, Hook: c.Hook,
		}
		if c.AWS.NoAuth {
			config.AccessKey, config.SecretKey = madeUp, madeUp
		}
		return aws.New(ctx, config, aws.BalancerConfig{Cluster: c.AWS.ClusterName, NodeGroups: c.AWS.NodeGroups})
	},
	register: func(o *Options, f *pflag.FlagSet) { o.AWS.register(f) },
	endpoint: func(o *Options) string { return o.AWS.Endpoint },
	bucket:   aws.Bucket,
}
