// Package clouds opens the cloud of a Network. It is wiring that the binaries
// share: here, and nowhere else, a cloud is chosen.
package clouds

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Config is what is the same for every Network.
type Config struct {
	// Options are the values of the flags.
	Options
	// UserAgent names the binary to the cloud.
	UserAgent string
	// ClusterID is the cluster whose mark is on the subnets made for its nodes;
	// it may be empty.
	ClusterID string
	// Hook stands around every request; none where it is nil.
	Hook cloud.Hook
}

// Clouds opens the cloud of each Network once, and again when its spec names
// another VPC.
type Clouds struct {
	Config

	mu     sync.Mutex
	byName map[string]*opened
}

type opened struct {
	spec      any // the Network's part that is about its cloud
	vpc       cloud.VPC
	balancers *balancing
	close     func()
}

// balancing is a cloud's load balancing: the same pointer for as long as it is
// the same cloud.
type balancing struct{ lb.Balancers }

// New creates Clouds; nothing is opened yet.
func New(c Config) *Clouds { return &Clouds{Config: c, byName: map[string]*opened{}} }

// Open turns a Network into the adapter's own value.
func (c *Clouds) Open(ctx context.Context, n *v1alpha1.Network) (cloud.VPC, error) {
	o, err := c.open(ctx, n)
	if err != nil {
		return cloud.VPC{}, err
	}
	return o.vpc, nil
}

// Balancers is the load balancing of a Network's cloud, by the same connection.
// What it returns can be compared: it is another when the cloud was opened again.
func (c *Clouds) Balancers(ctx context.Context, n *v1alpha1.Network) (lb.Balancers, error) {
	o, err := c.open(ctx, n)
	if err != nil {
		return nil, err
	}
	return o.balancers, nil
}

func (c *Clouds) open(ctx context.Context, n *v1alpha1.Network) (*opened, error) {
	p, ok := of(n)
	if !ok {
		return nil, &cloud.Error{
			Reason: cloud.Invalid, Act: "open the VPC", Resource: "Network " + n.Name,
			Err: errors.New("it names no VPC"), Remedy: "set " + known() + " in the Network",
		}
	}
	if p.name != c.Cloud {
		return nil, &cloud.Error{
			Reason: cloud.WrongCloud, Act: "open the VPC", Resource: "Network " + n.Name,
			Err:    fmt.Errorf("it names a VPC of another cloud; %s runs with --cloud=%s", c.UserAgent, c.Cloud),
			Remedy: "delete the Network, or run vpcnative with that cloud in its cluster",
		}
	}
	n = n.DeepCopy()
	spec := p.spec(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	had := c.byName[n.Name]
	if had != nil && reflect.DeepEqual(had.spec, spec) {
		return had, nil
	}
	vpc, balancers, closer, err := p.connect(context.WithoutCancel(ctx), &c.Config, n)
	if err != nil {
		return nil, err
	}
	if had != nil {
		had.close()
	}
	now := &opened{spec: spec, vpc: *vpc, balancers: &balancing{balancers}, close: closer}
	c.byName[n.Name] = now
	return now, nil
}

// Forget closes what was opened for a deleted Network.
func (c *Clouds) Forget(network string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o := c.byName[network]; o != nil {
		delete(c.byName, network)
		o.close()
	}
}

// Close closes everything that was opened.
func (c *Clouds) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.byName {
		o.close()
	}
}
