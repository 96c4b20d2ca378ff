package main

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/gcp"
	"github.com/vpcnative/vpcnative/cloud/middleware"
)

// clouds opens the cloud of each Network once, and anew when its spec says
// another place.
type clouds struct {
	options *options
	hook    cloud.Hook

	mu     sync.Mutex
	byName map[string]*opened
}

type opened struct {
	spec  *v1alpha1.GCPNetwork
	vpc   cloud.VPC
	close func()
}

func newClouds(o *options, registry prometheus.Registerer) (*clouds, error) {
	pace, err := middleware.Pace(middleware.PaceConfig{}, registry)
	if err != nil {
		return nil, fmt.Errorf("registering the metrics of pacing: %w", err)
	}
	count, err := middleware.Metrics(registry)
	if err != nil {
		return nil, fmt.Errorf("registering the metrics of cloud calls: %w", err)
	}
	return &clouds{options: o, hook: cloud.Chain(pace, count), byName: map[string]*opened{}}, nil
}

// pollMin is the least time between two looks at a zone's operations. One
// look serves all Nodes that are being set up there, and half of it is added
// to each one's wait: at two seconds an operation, 200 ms would take a tenth
// of what the cloud can do at a time.
const pollMin = 100 * time.Millisecond

// open turns a Network into the adapter's own value.
func (c *clouds) open(ctx context.Context, n *v1alpha1.Network) (cloud.VPC, error) {
	if n.Spec.GCP == nil {
		return cloud.VPC{}, &cloud.Error{
			Reason: cloud.WrongCloud, Act: "open the VPC", Resource: "Network " + n.Name,
			Err:    fmt.Errorf("it names a VPC of another cloud, and this manager runs with --cloud=%s", c.options.cloud),
			Remedy: "remove the Network, or run a manager for that cloud in its cluster",
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
		Endpoint: c.options.gcpEndpoint, NoAuth: c.options.gcpNoAuth,
		UserAgent: "vpcnative-manager", Hook: c.hook, PollMin: pollMin,
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

func (c *clouds) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.byName {
		o.close()
	}
}
