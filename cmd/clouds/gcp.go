package clouds

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// GCPOptions are the flags that are about Compute Engine.
type GCPOptions struct {
	Endpoint string
	NoAuth   bool
	NodeTags []string
}

func (o *GCPOptions) register(f *pflag.FlagSet) {
	f.StringVar(&o.Endpoint, "gcp-endpoint", "", "endpoint of the Compute Engine API, such as an emulator's")
	f.BoolVar(&o.NoAuth, "gcp-no-auth", false, "send no credentials; for emulators")
	f.StringSliceVar(&o.NodeTags, "gcp-node-tags", nil, "network tags of the nodes, for the firewall rules of load balancers (default: all machines of the network)")
}

var computeEngine = provider{
	name: GCP,
	spec: func(n *v1alpha1.Network) any {
		if n.Spec.GCP == nil {
			return nil
		}
		return n.Spec.GCP
	},
	blank: func(n *v1alpha1.Network) cloud.Snapshot {
		return gcp.Blank(n.Spec.GCP.Subnetworks)
	},
	connect: func(ctx context.Context, c *Config, n *v1alpha1.Network) (*cloud.VPC, lb.Balancers, func(), error) {
		s := n.Spec.GCP
		return gcp.New(ctx, gcp.Config{
			Project: s.Project, InstanceProjects: s.InstanceProjects, NetworkProject: s.NetworkProject,
			Network: s.Network, Region: s.Region, Subnetworks: s.Subnetworks, NodeTags: c.GCP.NodeTags,
			Endpoint: c.GCP.Endpoint, NoAuth: c.GCP.NoAuth, UserAgent: c.UserAgent, Hook: c.Hook,
		})
	},
	register: func(o *Options, f *pflag.FlagSet) { o.GCP.register(f) },
	endpoint: func(o *Options) string { return o.GCP.Endpoint },
}
