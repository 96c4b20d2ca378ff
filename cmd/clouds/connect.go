package clouds

import (
	"context"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// madeUp are credentials for an emulator, which asks for a signature and does
// not check it.
const madeUp = "emulator"

// connect opens the VPC by the adapter of its cloud.
func (c *Clouds) connect(ctx context.Context, spec any) (*opened, error) {
	switch s := spec.(type) {
	case *v1alpha1.AWSNetwork:
		vpc, b, closer, err := aws.NewWithBalancers(ctx, c.aws(s), aws.BalancerConfig{
			Cluster: c.AWSClusterName, NodeGroups: c.AWSNodeGroups,
		})
		return both(vpc, b, closer, err)
	case *v1alpha1.GCPNetwork:
		vpc, b, closer, err := gcp.NewWithBalancers(ctx, gcp.Config{
			Project: s.Project, InstanceProjects: s.InstanceProjects, NetworkProject: s.NetworkProject,
			Network: s.Network, Region: s.Region, Subnetworks: s.Subnetworks,
			Endpoint: c.GCPEndpoint, NoAuth: c.GCPNoAuth,
			UserAgent: c.UserAgent, Hook: c.Hook,
			NodeTags: c.GCPNodeTags,
		})
		return both(vpc, b, closer, err)
	}
	return nil, &cloud.Error{Reason: cloud.Invalid, Act: "open the VPC", Remedy: "set gcp or aws in the Network"}
}

func both(vpc *cloud.VPC, b lb.Balancers, closer func(), err error) (*opened, error) {
	if err != nil {
		return nil, err
	}
	return &opened{vpc: *vpc, balancers: &balancing{b}, close: closer}, nil
}

func (c *Clouds) aws(s *v1alpha1.AWSNetwork) aws.Config {
	out := aws.Config{
		Region: s.Region, VPC: s.VPCID, Subnets: s.Subnets, RoutesPerTable: int(s.RoutesPerTable), ClusterID: c.ClusterID,
		Endpoint: c.AWSEndpoint, UserAgent: c.UserAgent, Hook: c.Hook,
	}
	if out.Region == "" {
		out.Region = c.AWSRegion
	}
	if c.AWSNoAuth {
		out.AccessKey, out.SecretKey = madeUp, madeUp
	}
	return out
}
