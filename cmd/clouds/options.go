package clouds

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
)

// The clouds, as --cloud names them.
const (
	GCP = "gcp"
	AWS = "aws"
)

// Options are the flags that say which cloud, and how to reach it.
type Options struct {
	// Cloud is its name.
	Cloud       string
	GCPEndpoint string
	GCPNoAuth   bool
	AWSEndpoint string
	AWSRegion   string
	AWSNoAuth   bool
	Balancing
}

// Balancing is how load balancers are made.
type Balancing struct {
	GCPNodeTags    []string
	AWSClusterName string
	AWSNodeGroups  []string
}

// Register adds the flags; cloud and usage are the default and the text of
// --cloud, which binaries need for different things.
func (o *Options) Register(f *pflag.FlagSet, cloud, usage string) {
	o.Cloud = cloud
	f.Var((*name)(&o.Cloud), "cloud", usage)
	f.StringVar(&o.GCPEndpoint, "gcp-endpoint", "", "another address of the Compute Engine API, such as an emulator's")
	f.BoolVar(&o.GCPNoAuth, "gcp-no-auth", false, "send no credentials; for emulators")
	f.StringVar(&o.AWSEndpoint, "aws-endpoint", "", "another address of the EC2 API, such as an emulator's")
	f.StringVar(&o.AWSRegion, "aws-region", "", "the region of Networks that name none; that of the AWS configuration, or of the machine that this runs on, where it is not given")
	f.BoolVar(&o.AWSNoAuth, "aws-no-auth", false, "sign with made-up credentials; for emulators")
	f.StringSliceVar(&o.GCPNodeTags, "gcp-node-tags", nil, "network tags of the nodes, for the firewall rules of load balancers; all machines of the network where none is given")
	f.StringVar(&o.AWSClusterName, "aws-cluster-name", "", "the name in the tags kubernetes.io/cluster/<name> of subnets and security groups, by which those for load balancers are found")
	f.StringSliceVar(&o.AWSNodeGroups, "aws-node-security-groups", nil, "IDs of the nodes' security groups that get the rules of load balancers; each node's own where none is given")
}

// name is a cloud's. One that there is no adapter for is refused where it is
// said, by whichever command, so that none takes it for another.
type name string

// Set takes the name as people write it.
func (n *name) Set(said string) error {
	switch v := strings.ToLower(said); v {
	case GCP, AWS, "":
		*n = name(v)
		return nil
	}
	return fmt.Errorf("this build knows %s and %s", GCP, AWS)
}

func (n *name) String() string { return string(*n) }

// Type is what help says.
func (n *name) Type() string { return "string" }

// Bucket is what is known of the rates that the cloud allows; nil where it is
// left to say when to slow down, as an emulator is.
func (o *Options) Bucket() func(cloud.Call) (perSecond float64, burst int) {
	if o.Cloud == AWS && o.AWSEndpoint == "" {
		return aws.Bucket
	}
	return nil
}

// Validate refuses a cloud that there is no adapter for.
func (o *Options) Validate() error {
	if o.Cloud != GCP && o.Cloud != AWS {
		return fmt.Errorf("--cloud=%s: this build knows %s and %s", o.Cloud, GCP, AWS)
	}
	return nil
}

// Implied is the cloud that an endpoint names, where --cloud does not say.
func (o *Options) Implied() string {
	switch {
	case o.Cloud != "":
		return o.Cloud
	case o.GCPEndpoint != "":
		return GCP
	case o.AWSEndpoint != "":
		return AWS
	}
	return ""
}
