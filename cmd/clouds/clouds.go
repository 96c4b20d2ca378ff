// Package clouds opens the cloud of a Network. It is wiring that the binaries
// share: here, and nowhere else, a cloud is chosen.
package clouds

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
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
	spec  *v1alpha1.GCPNetwork
	vpc   cloud.VPC
	close func()
}

// New makes Clouds; nothing is opened yet.
func New(c Config) *Clouds { return &Clouds{Config: c, byName: map[string]*opened{}} }

// pollMin is the least time between two looks at a zone's operations. One
// look serves all Nodes that are being set up there, and half of it is added
// to each one's wait: at two seconds an operation, 200 ms would take a tenth
// of what the cloud can do at a time.
const pollMin = 100 * time.Millisecond

// Open turns a Network into the adapter's own value.
func (c *Clouds) Open(ctx context.Context, n *v1alpha1.Network) (cloud.VPC, error) {
	if n.Spec.GCP == nil {
		return cloud.VPC{}, &cloud.Error{
			Reason: cloud.WrongCloud, Act: "open the VPC", Resource: "Network " + n.Name,
			Err:    fmt.Errorf("it names a VPC of another cloud, and %s runs with --cloud=%s", c.UserAgent, c.Cloud),
			Remedy: "remove the Network, or run vpcnative for that cloud in its cluster",
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	had := c.byName[n.Name]
	if had != nil && reflect.DeepEqual(had.spec, n.Spec.GCP) {
		return had.vpc, nil
	}
	spec := n.Spec.GCP.DeepCopy()
	vpc, closer, err := gcp.New(context.WithoutCancel(ctx), gcp.Config{
		Project: spec.Project, InstanceProjects: spec.InstanceProjects, NetworkProject: spec.NetworkProject,
		Network: spec.Network, Region: spec.Region, Subnetworks: spec.Subnetworks,
		Endpoint: c.GCPEndpoint, NoAuth: c.GCPNoAuth,
		UserAgent: c.UserAgent, Hook: c.Hook, PollMin: pollMin,
	})
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
	if n.Spec.GCP == nil {
		return cloud.Snapshot{}
	}
	return gcp.Blank(n.Spec.GCP.Subnetworks)
}
