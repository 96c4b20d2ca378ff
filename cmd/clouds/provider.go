package clouds

import (
	"context"
	"strings"

	"github.com/spf13/pflag"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/cloud"
	"github.com/vpcnative/vpcnative/cloud/lb"
)

// The clouds, as --cloud names them.
const (
	GCP = "gcp"
	AWS = "aws"
)

// provider is what the binaries need of one cloud. Another cloud is its adapter,
// its part of a Network and of Options, and a row of the table.
type provider struct {
	name string
	// spec is the part of a Network that is about this cloud; nil where it is of
	// another.
	spec func(*v1alpha1.Network) any
	// blank is the Network's VPC where nobody has read it.
	blank func(*v1alpha1.Network) cloud.Snapshot
	// connect opens it.
	connect func(context.Context, *Config, *v1alpha1.Network) (*cloud.VPC, lb.Balancers, func(), error)

	// register adds the cloud's own flags; endpoint is the one that names
	// another address of its API.
	register func(*Options, *pflag.FlagSet)
	endpoint func(*Options) string
	// bucket is what is known of the rates that it allows; nil where nothing is.
	bucket func(cloud.Call) (perSecond float64, burst int)
}

var providers = []provider{computeEngine, ec2}

// of is the provider of the Network's cloud.
func of(n *v1alpha1.Network) (provider, bool) {
	return first(func(p provider) bool { return p.spec(n) != nil })
}

func named(name string) (provider, bool) {
	return first(func(p provider) bool { return p.name == name })
}

func first(is func(provider) bool) (provider, bool) {
	for _, p := range providers {
		if is(p) {
			return p, true
		}
	}
	return provider{}, false
}

// known lists the names of all providers, for messages.
func known() string {
	var names []string
	for _, p := range providers {
		names = append(names, p.name)
	}
	return strings.Join(names, " or ")
}
