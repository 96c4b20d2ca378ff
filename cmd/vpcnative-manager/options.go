package main

import (
	"bytes"
	"cmp"
	"encoding/json"
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

// options are the values of the flags and the config file.
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
	// endpointGroups: also keep EndpointGroups.
	endpointGroups bool
	withoutClass   bool
	orphanGrace    time.Duration
	addressHold    time.Duration
	dryRun         bool
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

// renamedFlags maps flag names before v0.2, which are still accepted, to today's.
var renamedFlags = map[string]pflag.NormalizedName{
	"doubt": "indeterminate-timeout", "staleness": "cloud-read-lag", "rival-quiet": "foreign-allocator-cooldown",
}

func (o *options) register(f *pflag.FlagSet) {
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return cmp.Or(renamedFlags[name], pflag.NormalizedName(name))
	})
	f.StringVar(&o.config, "config", "", "YAML file with these flags' names as keys; flags on the command line take precedence")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file (default: the pod's service account)")
	f.StringVar(&o.namespace, "namespace", ownNamespace(), "namespace of the Lease and the claims ledger")
	o.clouds.Register(f, "gcp", "cloud provider of this cluster: gcp or aws")
	f.StringVar(&o.clusterID, "cluster-id", "", "ID of the cluster in names of cloud resources; never change it (default: the UID of namespace kube-system)")

	f.BoolVar(&o.leaderElect, "leader-elect", true, "enable leader election; disable it only if no other manager can run")
	f.StringVar(&o.leaseName, "lease-name", "vpcnative-manager", "name of the Lease")
	f.DurationVar(&o.leaseDuration, "lease-duration", 15*time.Second, "how long standbys wait before they replace a leader that does not renew")
	f.DurationVar(&o.renewDeadline, "renew-deadline", 10*time.Second, "how long the leader tries to renew the Lease before it stops")
	f.DurationVar(&o.retryPeriod, "retry-period", 2*time.Second, "interval between attempts to acquire or renew the Lease")

	f.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "address of /metrics; 0 disables it")
	f.StringVar(&o.healthAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 disables it")
	f.StringVar(&o.logFormat, "log-format", "json", "log format: json or text")
	f.StringVar(&o.logLevel, "log-level", "info", "log level: debug, info, warn or error")

	f.DurationVar(&o.quarantine, "quarantine", 2*time.Minute, "how long a released node CIDR is quarantined before another node may get it")
	f.DurationVar(&o.detachGrace, "detach-grace", 30*time.Second, "how long the CIDR of a deleted Node stays attached to an instance that still runs, in case its kubelet registers again")
	f.DurationVar(&o.indeterminateTimeout, "indeterminate-timeout", 2*time.Minute, "how long a cloud change with an unknown outcome may still be applied; the CIDR of a Node deleted meanwhile, and a deleted RangeRequest, are kept this long")
	f.DurationVar(&o.cloudReadLag, "cloud-read-lag", 5*time.Second, "how stale a reading of an instance may be; the CIDR of a deleted Node is quarantined once two readings this far apart do not show it")
	f.DurationVar(&o.resync, "resync", 10*time.Minute, "interval between readings of the interfaces of all instances; the ranges of the VPC are read at least every minute")
	f.DurationVar(&o.foreignAllocatorCooldown, "foreign-allocator-cooldown", 2*time.Minute, "how long a Node must wait unserved, after another allocator set podCIDRs on a Node of its request, before that allocator counts as gone")
	f.IntVar(&o.maxInFlight, "max-in-flight", 256, "maximum number of concurrent changes of interfaces")

	f.StringVar(&o.masquerade, "masquerade-configmap", "", "namespace/name of the ip-masq-agent ConfigMap to maintain with the prefixes of the VPC, such as kube-system/ip-masq-agent (default: none)")

	f.BoolVar(&o.loadBalancers, "load-balancers", false, "manage cloud load balancers for Services of type LoadBalancer and class vpcnative.dev/lb")
	f.BoolVar(&o.withoutClass, "services-without-class", false, "with --load-balancers: also manage Services without a class, for clusters in which no cloud controller does")
	f.BoolVar(&o.endpointGroups, "endpoint-groups", false, "with --load-balancers: register the pods behind EndpointGroups in the cloud")
	f.DurationVar(&o.addressHold, "address-hold", 5*time.Minute, "how long a replaced load balancer is kept after the Service's status shows the address of its replacement")
	f.DurationVar(&o.orphanGrace, "orphan-grace", 5*time.Minute, "how long load balancer resources without a Service are kept")
	f.BoolVar(&o.dryRun, "dry-run", false, "report in the log and in Events what would be done for Nodes, RangeRequests and, with --load-balancers, Services; nothing else runs, and nothing is changed")
}

// fromFile sets the flags that are in the config file and not on the command
// line.
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
			bad = multierror.Append(bad, fmt.Errorf("config file %s: unknown option %q; see vpcnative-manager --help", o.config, name))
		case flag.Changed:
		default:
			if err := set(f, name, value); err != nil {
				bad = multierror.Append(bad, fmt.Errorf("config file %s: %w", o.config, err))
			}
		}
	}
	return bad.ErrorOrNil()
}

// parseConfig keeps numbers as written: a cluster ID may be a number.
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
	return fmt.Errorf("--%s: %v must be a single value", name, value)
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
		refuse("--log-format=%s: must be json or text", o.logFormat)
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
			refuse("--%s=%s: must be greater than zero", d.name, d.value)
		}
	}
	if ns, name, ok := strings.Cut(o.masquerade, "/"); o.masquerade != "" && (!ok || ns == "" || name == "" || strings.Contains(name, "/")) {
		refuse("--masquerade-configmap=%s: must be namespace/name", o.masquerade)
	}
	if o.maxInFlight < 1 {
		refuse("--max-in-flight=%d: must be at least 1", o.maxInFlight)
	}
	o.validateBalancers(refuse)
	o.validateLease(refuse)
	return bad.ErrorOrNil()
}

// validateBalancers refuses flags that have no effect without load balancers.
func (o *options) validateBalancers(refuse func(format string, args ...any)) {
	if o.loadBalancers {
		return
	}
	if o.withoutClass {
		refuse("--services-without-class requires --load-balancers")
	}
	if o.endpointGroups {
		refuse("--endpoint-groups requires --load-balancers")
	}
}

// validateLease refuses times by which two managers could lead at once, or none.
func (o *options) validateLease(refuse func(format string, args ...any)) {
	if o.leaderElect && o.leaseName == "" {
		refuse("--lease-name is empty")
	}
	if o.leaseDuration%time.Second != 0 {
		refuse("--lease-duration=%s: must be whole seconds", o.leaseDuration)
	}
	if o.renewDeadline >= o.leaseDuration {
		refuse("--renew-deadline must be less than --lease-duration, or two managers could lead at once")
	}
	if float64(o.renewDeadline) <= leaderelection.JitterFactor*float64(o.retryPeriod) {
		refuse("--retry-period=%s: must be less than --renew-deadline=%s by a factor of %v, or one failed attempt loses the Lease",
			o.retryPeriod, o.renewDeadline, leaderelection.JitterFactor)
	}
}
