package gcp

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// Config says which VPC, and how to reach it. Project, Network, Region and
// Subnetworks are required.
type Config struct {
	// Project is where instances are looked for; it is the default of
	// NetworkProject.
	Project string
	// InstanceProjects are further projects whose instances are nodes
	// (service projects of a shared VPC).
	InstanceProjects []string
	// NetworkProject is the project of the network: the host project of a
	// shared VPC.
	NetworkProject string
	// Network and Subnetworks are names; the subnetworks are the nodes', all
	// in Region.
	Network     string
	Region      string
	Subnetworks []string

	// NodeTags are the network tags of the nodes, for the firewall rules of
	// load balancers; those apply to every machine of the network where there
	// are none.
	NodeTags []string

	// Endpoint is another address of the API, such as an emulator's:
	// "http://127.0.0.1:8080".
	Endpoint string
	// NoAuth sends no credentials. An emulator needs none.
	NoAuth    bool
	UserAgent string
	// Hook stands around every request; none where it is nil.
	Hook cloud.Hook

	cloud.RetryPolicy
	// PollMin and PollMax bound the time between two looks at a scope's
	// operations (100 ms, 5 s), but that those which are due are looked at four
	// times as often.
	PollMin, PollMax time.Duration
}

func (c Config) withDefaults() Config {
	c.NetworkProject = cmp.Or(c.NetworkProject, c.Project)
	if c.Hook == nil {
		c.Hook = cloud.Chain()
	}
	c.UserAgent = cmp.Or(c.UserAgent, "vpcnative")
	c.RetryPolicy = c.RetryPolicy.WithDefaults()
	c.PollMin = cmp.Or(c.PollMin, 100*time.Millisecond)
	c.PollMax = cmp.Or(c.PollMax, 5*time.Second)
	return c
}

func (c Config) validate() error {
	for _, f := range []struct{ name, value string }{
		{"project", c.Project}, {"network", c.Network}, {"region", c.Region},
	} {
		if f.value == "" {
			return &cloud.Error{Reason: cloud.Invalid, Act: "configure the Compute Engine adapter",
				Err: errors.New("no " + f.name + " is given"), Remedy: "set it in the Network"}
		}
	}
	return nil
}

// vpc is one network as the adapter sees it; the ports share it.
type vpc struct {
	Config
	api      api
	projects []string // where instances live, each once
	ops      *poller
	learned  cloud.LastSeen[learned] // by region and router
}

// New connects to Compute Engine by Application Default Credentials, or with
// none where NoAuth is set. It makes no call of the API. The function it
// returns ends all waiting and closes idle connections.
//
// Errors: Invalid for a Config that lacks something; Unauthenticated when no
// credentials are found.
func New(ctx context.Context, c Config) (*cloud.VPC, lb.Balancers, func(), error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, nil, nil, err
	}
	client, err := newHTTPClient(c)
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := newSDK(ctx, client, c.Endpoint, c.UserAgent)
	if err != nil {
		return nil, nil, nil, &cloud.Error{Reason: cloud.Invalid, Act: "connect to Compute Engine", Resource: c.Endpoint, Err: err}
	}
	v := newVPC(c, s)
	closer := func() {
		v.ops.close()
		client.CloseIdleConnections()
	}
	return v.ports(), balancers{v}, closer, nil
}

func (v *vpc) ports() *cloud.VPC {
	return &cloud.VPC{
		Place: cloud.Place{VPC: v.networkPath(), Region: v.Region},
		Space: space{v}, Ranges: &ranges{vpc: v, turn: make(chan struct{}, 1)}, Interfaces: interfaces{v},
		Proxies: proxies{v}, Firewalls: firewalls{v}, Traits: traits,
	}
}

func newVPC(c Config, a api) *vpc {
	v := &vpc{Config: c, api: a}
	for _, p := range append([]string{c.Project}, c.InstanceProjects...) {
		if p != "" && !slices.Contains(v.projects, p) {
			v.projects = append(v.projects, p)
		}
	}
	v.ops = newPoller(v)
	return v
}

func (v *vpc) hasProject(p string) bool { return slices.Contains(v.projects, p) }

func (v *vpc) subnetRef(name string) subnetRef {
	return subnetRef{v.NetworkProject, v.Region, name}
}

// networkPath is the network's full name, as Place has it.
func (v *vpc) networkPath() string {
	return "projects/" + v.NetworkProject + "/global/networks/" + v.Network
}

// inNetwork reports whether the URL is that of this network.
func (v *vpc) inNetwork(url string) bool { return path(url) == v.networkPath() }
