package clouds

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/vpcnative/vpcnative/cloud"
)

// Options are the flags that select the cloud and its endpoint.
type Options struct {
	// Cloud is its name.
	Cloud string
	GCP   GCPOptions
	AWS   AWSOptions
}

// Register adds the flags; cloud and usage are the default and the text of
// --cloud, which binaries need for different things.
func (o *Options) Register(f *pflag.FlagSet, cloud, usage string) {
	o.Cloud = cloud
	f.Var((*name)(&o.Cloud), "cloud", usage)
	for _, p := range providers {
		p.register(o, f)
	}
}

// name is a cloud's. One that there is no adapter for is refused where it is
// said, by whichever command, so that none takes it for another.
type name string

// Set takes the name as people write it.
func (n *name) Set(said string) error {
	v := strings.ToLower(said)
	if _, ok := named(v); !ok && v != "" {
		return fmt.Errorf("must be %s", known())
	}
	*n = name(v)
	return nil
}

func (n *name) String() string { return string(*n) }

// Type is what help says.
func (n *name) Type() string { return "string" }

// Bucket is what is known of the rates that the cloud allows; nil where it is
// left to say when to slow down, as an emulator is.
func (o *Options) Bucket() func(cloud.Call) (perSecond float64, burst int) {
	if p, ok := named(o.Cloud); ok && p.endpoint(o) == "" {
		return p.bucket
	}
	return nil
}

// Validate rejects a cloud without an adapter.
func (o *Options) Validate() error {
	if _, ok := named(o.Cloud); !ok {
		return fmt.Errorf("--cloud=%s: must be %s", o.Cloud, known())
	}
	return nil
}

// Implied is the cloud that an endpoint names, where --cloud does not say.
func (o *Options) Implied() string {
	if o.Cloud != "" {
		return o.Cloud
	}
	p, _ := first(func(p provider) bool { return p.endpoint(o) != "" })
	return p.name
}
