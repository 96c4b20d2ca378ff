package aws

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// Config says which VPC, and how to reach it. VPC and Subnets are required.
type Config struct {
	// Region is where the VPC is; the SDK's own configuration, and then the
	// machine that we run on, say it where it is empty.
	Region string
	// VPC and Subnets are IDs; the subnets are the nodes'.
	VPC     string
	Subnets []string
	// ClusterID is whose mark is on the subnets made for new nodes; empty where
	// none are looked for.
	ClusterID string

	// Endpoint is another address of the API, such as an emulator's.
	Endpoint string
	// AccessKey and SecretKey are used instead of the SDK's default chain of
	// credentials, where they are set.
	AccessKey, SecretKey string
	UserAgent            string
	// Hook stands around every request; none where it is nil.
	Hook cloud.Hook

	// RoutesPerTable is the account's quota of routes in a route table
	// (default 500, that of new accounts).
	RoutesPerTable int

	cloud.RetryPolicy
	// ReadLag is how far what EC2 shows may be behind what it did (default 1 s).
	// What a read does not show counts once it began so long after the doubt.
	ReadLag time.Duration
}

func (c Config) withDefaults() Config {
	if c.Hook == nil {
		c.Hook = cloud.Chain()
	}
	c.UserAgent = cmp.Or(c.UserAgent, "vpcnative")
	c.RoutesPerTable = cmp.Or(c.RoutesPerTable, 500)
	c.RetryPolicy = c.RetryPolicy.WithDefaults()
	c.ReadLag = cmp.Or(c.ReadLag, time.Second)
	return c
}

func (c Config) validate() error {
	if c.VPC == "" {
		return &cloud.Error{Reason: cloud.Invalid, Act: "configure the EC2 adapter", Err: errors.New("no VPC is given"), Remedy: "set vpcID in the Network"}
	}
	return nil
}

// vpc is one VPC as the adapter sees it; the ports share it.
type vpc struct {
	Config
	api   api
	kinds sync.Map // instance type -> slots, which never change
	known knownRanges
	made  madeSubnets
	lists cloud.LastSeen[[]string] // entries by prefix list
}

func (v *vpc) ports() *cloud.VPC {
	return &cloud.VPC{
		Place: cloud.Place{VPC: v.VPC, Region: v.Region},
		Space: space{v}, Ranges: ranges{v}, Interfaces: interfaces{v}, Routed: routed{interfaces{v}},
		NewSpace: newSpace{v}, Filters: filters{v}, Traits: traits,
	}
}
