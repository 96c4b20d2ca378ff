package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/leaderelection"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/cmd/clouds"
)

// options are what the flags and the config file say.
type options struct {
	config     string
	kubeconfig string
	namespace  string
	clouds     clouds.Options
	clusterID  string

	leaderElect   bool
	leaseName     string
	leaseDuration time.Duration
	renewDeadline time.Duration
	retryPeriod   time.Duration

	metricsAddress string
	healthAddress  string
	logFormat      string
	logLevel       string

	quarantine               time.Duration
	foreignAllocatorCooldown time.Duration
	detachGrace              time.Duration
	indeterminateTimeout     time.Duration
	cloudReadLag             time.Duration
	resync                   time.Duration
	maxInFlight              int

	masquerade string

	loadBalancers bool
	withoutClass  bool
	orphanGrace   time.Duration
	addressHold   time.Duration
	dryRun        bool
}

func defaults() *options { return &options{} }

// namespaceFile is where a pod finds its own namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func ownNamespace() string {
	if b, err := os.ReadFile(namespaceFile); err == nil {
		return strings.TrimSpace(string(b))
	}
	return "vpcnative-system"
}

// renamedFlags are flags by the names that they had before v0.2, which are
// still understood.
var renamedFlags = map[string]pflag.NormalizedName{
	"doubt": "indeterminate-timeout", "staleness": "cloud-read-lag", "rival-quiet": "foreign-allocator-cooldown",
}

func (o *options) register(f *pflag.FlagSet) {
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return cmp.Or(renamedFlags[name], pflag.NormalizedName(name))
	})
	f.StringVar(&o.config, "config", "", "YAML file whose keys are these flags' names; a flag given on the command line wins")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; the pod's service account where it is not given")
	f.StringVar(&o.namespace, "namespace", ownNamespace(), "namespace of the lease and of the claims ledger")
	o.clouds.Register(f, "gcp", "the cloud that this cluster runs on: gcp or aws")
	f.StringVar(&o.clusterID, "cluster-id", "", "identity of the cluster in names of cloud objects; never change it. The UID of namespace kube-system where it is not given")

	f.BoolVar(&o.leaderElect, "leader-elect", true, "hold a Lease while allocating; turn it off only where nothing else can run")
	f.StringVar(&o.leaseName, "lease-name", "vpcnative-manager", "name of the Lease")
	f.DurationVar(&o.leaseDuration, "lease-duration", 15*time.Second, "how long others wait for a leader that is silent")
	f.DurationVar(&o.renewDeadline, "renew-deadline", 10*time.Second, "how long the leader tries to renew before it stops")
	f.DurationVar(&o.retryPeriod, "retry-period", 2*time.Second, "time between tries to acquire or renew the Lease")

	f.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "address of /metrics; 0 turns it off")
	f.StringVar(&o.healthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 turns it off")
	f.StringVar(&o.logFormat, "log-format", "json", "json or text")
	f.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")

	f.DurationVar(&o.quarantine, "quarantine", 2*time.Minute, "how long a released pod range rests before another node may get it")
	f.DurationVar(&o.detachGrace, "detach-grace", 30*time.Second, "how long the range of a deleted Node stays on an instance that lives on, in case its kubelet registers again")
	f.DurationVar(&o.indeterminateTimeout, "indeterminate-timeout", 2*time.Minute, "how long a change whose outcome is unknown may still come; the range of a Node that went meanwhile stays occupied as long, and so does a deleted RangeRequest")
	f.DurationVar(&o.cloudReadLag, "cloud-read-lag", 5*time.Second, "how old what the cloud shows of an instance may be: the range of a deleted Node rests when two looks that far apart do not show it")
	f.DurationVar(&o.resync, "resync", 10*time.Minute, "how often the interfaces of all instances are read; the ranges of the VPC are at least every minute")
	f.DurationVar(&o.foreignAllocatorCooldown, "foreign-allocator-cooldown", 2*time.Minute, "how long a Node waits, after another allocator has given podCIDRs to a Node of the same request, before that one counts as gone")
	f.IntVar(&o.maxInFlight, "max-in-flight", 256, "how many changes of interfaces the cloud is asked for at the same time")

	f.StringVar(&o.masquerade, "masquerade-configmap", "", "namespace/name of ip-masq-agent's ConfigMap, such as kube-system/ip-masq-agent: it is kept up to date with the prefixes of the VPC; not kept where it is not given")

	f.BoolVar(&o.loadBalancers, "load-balancers", false, "give Services of type LoadBalancer and class vpcnative.dev/lb load balancers of the cloud")
	f.BoolVar(&o.withoutClass, "services-without-class", false, "with --load-balancers: also Services without a class, for clusters in which no cloud controller serves them")
	f.DurationVar(&o.addressHold, "address-hold", 5*time.Minute, "how long a load balancer stays after the Service's status shows the address of the one that takes its place")
	f.DurationVar(&o.orphanGrace, "orphan-grace", 5*time.Minute, "how long parts of load balancers that have no Service any more are left alone")
	f.BoolVar(&o.dryRun, "dry-run", false, "with --load-balancers: log what would be done for Services and say it in Events; nothing else runs, and nothing is changed")
}

// fromFile sets the flags that the config file names and the command line
// does not.
func (o *options) fromFile(f *pflag.FlagSet) error {
	if o.config == "" {
		return nil
	}
	content, err := os.ReadFile(o.config)
	if err != nil {
		return fmt.Errorf("reading the config file: %w", err)
	}
	values, err := parseConfig(content)
	if err != nil {
		return fmt.Errorf("parsing config file %s: %w", o.config, err)
	}
	var bad *multierror.Error
	for name, value := range values {
		flag := f.Lookup(name)
		switch {
		case flag == nil || name == "config":
			bad = multierror.Append(bad, fmt.Errorf("config file %s: there is no option %q; vpcnative-manager --help lists them", o.config, name))
		case flag.Changed:
		default:
			if err := set(f, name, value); err != nil {
				bad = multierror.Append(bad, fmt.Errorf("config file %s: %w", o.config, err))
			}
		}
	}
	return bad.ErrorOrNil()
}

// parseConfig keeps numbers as they are written: a cluster ID may be one.
func parseConfig(content []byte) (values map[string]any, err error) {
	text, err := yaml.YAMLToJSONStrict(content)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return values, decoder.Decode(&values)
}

func set(f *pflag.FlagSet, name string, value any) error {
	switch value.(type) {
	case string, bool, json.Number:
		return f.Set(name, fmt.Sprint(value))
	}
	return fmt.Errorf("--%s: %v is not a single value", name, value)
}

func (o *options) validate() error {
	var bad *multierror.Error
	refuse := func(format string, args ...any) { bad = multierror.Append(bad, fmt.Errorf(format, args...)) }
	if err := o.clouds.Validate(); err != nil {
		bad = multierror.Append(bad, err)
	}
	if o.namespace == "" {
		refuse("--namespace is empty")
	}
	if o.logFormat != "json" && o.logFormat != "text" {
		refuse("--log-format=%s: it is json or text", o.logFormat)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"lease-duration", o.leaseDuration}, {"renew-deadline", o.renewDeadline}, {"retry-period", o.retryPeriod},
		{"quarantine", o.quarantine}, {"detach-grace", o.detachGrace}, {"resync", o.resync}, {"indeterminate-timeout", o.indeterminateTimeout}, {"cloud-read-lag", o.cloudReadLag}, {"foreign-allocator-cooldown", o.foreignAllocatorCooldown},
		{"orphan-grace", o.orphanGrace},
		{"address-hold", o.addressHold},
	} {
		if d.value <= 0 {
			refuse("--%s=%s: it must be more than zero", d.name, d.value)
		}
	}
	if ns, name, ok := strings.Cut(o.masquerade, "/"); o.masquerade != "" && (!ok || ns == "" || name == "" || strings.Contains(name, "/")) {
		refuse("--masquerade-configmap=%s: it is written namespace/name", o.masquerade)
	}
	if (o.withoutClass || o.dryRun) && !o.loadBalancers {
		refuse("--services-without-class and --dry-run are about load balancers: add --load-balancers")
	}
	if o.leaderElect && o.leaseName == "" {
		refuse("--lease-name is empty")
	}
	if o.leaseDuration%time.Second != 0 {
		refuse("--lease-duration=%s: a Lease counts whole seconds", o.leaseDuration)
	}
	if o.maxInFlight < 1 {
		refuse("--max-in-flight=%d: it must be at least 1", o.maxInFlight)
	}
	if o.renewDeadline >= o.leaseDuration {
		bad = multierror.Append(bad, errors.New("--renew-deadline must be less than --lease-duration, or two managers lead at once"))
	}
	if float64(o.renewDeadline) <= leaderelection.JitterFactor*float64(o.retryPeriod) {
		refuse("--retry-period=%s: it must be less than --renew-deadline=%s by a factor of %v, or one lost try loses the Lease",
			o.retryPeriod, o.renewDeadline, leaderelection.JitterFactor)
	}
	return bad.ErrorOrNil()
}
