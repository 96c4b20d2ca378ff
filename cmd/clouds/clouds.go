// Package clouds opens the cloud of a Network. It is wiring that the binaries
// share: here, and nowhere else, a cloud is chosen.
package clouds

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/aws"
	"github.com/vpcnative/vpcnative/cloud/gcp"
)

// Config is what is the same for every Network.
type Config struct {
	// Options are what flags say.
	Options
	// UserAgent names the binary to the cloud.
	UserAgent string
	// Hook stands around every request; none where it is nil.
	Hook cloud.Hook
}

// Clouds opens the cloud of each Network once, and anew when its spec says
// another place.
type Clouds struct {
	Config

	mu     sync.Mutex
	byName map[string]*opened
}

type opened struct {
	spec  any // the Network's part that is about its cloud
	vpc   cloud.VPC
	close func()
}

// New makes Clouds; nothing is opened yet.
func New(c Config) *Clouds { return &Clouds{Config: c, byName: map[string]*opened{}} }

// Of is the cloud that a Network's VPC is of.
func Of(n *v1alpha1.Network) string {
	if n.Spec.AWS != nil {
		return AWS
	}
	return GCP
}

// Open turns a Network into the adapter's own value.
func (c *Clouds) Open(ctx context.Context, n *v1alpha1.Network) (cloud.VPC, error) {
	if Of(n) != c.Cloud {
		return cloud.VPC{}, &cloud.Error{
			Reason: cloud.WrongCloud, Act: "open the VPC", Resource: "Network " + n.Name,
			Err:    fmt.Errorf("it names a VPC of another cloud, and %s runs with --cloud=%s", c.UserAgent, c.Cloud),
			Remedy: "remove the Network, or run vpcnative for that cloud in its cluster",
		}
	}
	var spec any = n.Spec.GCP.DeepCopy()
	if c.Cloud == AWS {
		spec = n.Spec.AWS.DeepCopy()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	had := c.byName[n.Name]
	if had != nil && reflect.DeepEqual(had.spec, spec) {
		return had.vpc, nil
	}
	vpc, closer, err := c.connect(context.WithoutCancel(ctx), spec)
	if err != nil {
		return cloud.VPC{}, err
	}
	if had != nil {
		had.close()
	}
	c.byName[n.Name] = &opened{spec: spec, vpc: *vpc, close: closer}
	return *vpc, nil
}

// Close ends all that was opened.
func (c *Clouds) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.byName {
		o.close()
	}
}

// Blank is a Network's VPC where nobody has read it: its node subnets, and
// what its cloud keeps from everybody.
func Blank(n *v1alpha1.Network) cloud.Snapshot {
	switch {
	case n.Spec.AWS != nil:
		return aws.Blank(n.Spec.AWS.Subnets)
	case n.Spec.GCP != nil:
		return gcp.Blank(n.Spec.GCP.Subnetworks)
	}
	return cloud.Snapshot{}
}
