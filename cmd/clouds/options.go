package clouds

import (
	"fmt"

	"github.com/spf13/pflag"
)

// Options are the flags that say which cloud, and how to reach it.
type Options struct {
	// Cloud is its name.
	Cloud       string
	GCPEndpoint string
	GCPNoAuth   bool
}

// Register adds the flags; cloud and usage are the default and the text of
// --cloud, which binaries need for different things.
func (o *Options) Register(f *pflag.FlagSet, cloud, usage string) {
	f.StringVar(&o.Cloud, "cloud", cloud, usage)
	f.StringVar(&o.GCPEndpoint, "gcp-endpoint", "", "another address of the Compute Engine API, such as an emulator's")
	f.BoolVar(&o.GCPNoAuth, "gcp-no-auth", false, "send no credentials; for emulators")
}

// Validate refuses a cloud that there is no adapter for.
func (o *Options) Validate() error {
	if o.Cloud != "gcp" {
		return fmt.Errorf("--cloud=%s: this build knows gcp", o.Cloud)
	}
	return nil
}
