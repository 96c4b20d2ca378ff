package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// parsed returns the options that a command line and a config file make.
func parsed(t *testing.T, file string, args ...string) (*options, error) {
	t.Helper()
	if file != "" {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config="+path)
	}
	o := defaults()
	f := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.register(f)
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if err := o.fromFile(f); err != nil {
		return o, err
	}
	return o, o.validate()
}

func TestTheDefaultsAreValid(t *testing.T) {
	t.Parallel()
	if _, err := parsed(t, ""); err != nil {
		t.Error(err)
	}
}

// TestTheManifestStartsTheManager: the flags of the DaemonSet exist, and the
// ports of its probes are those it listens on.
func TestTheManifestStartsTheManager(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../deploy/manifests/manager.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.DaemonSet
	if err := yaml.UnmarshalStrict(content, &d); err != nil {
		t.Fatal(err)
	}
	manager := d.Spec.Template.Spec.Containers[0]
	o, err := parsed(t, "", manager.Args...)
	if err != nil {
		t.Fatal(err)
	}
	listens := map[string]string{"metrics": o.metricsAddress, "health": o.healthAddress}
	for _, p := range manager.Ports {
		if want := fmt.Sprintf(":%d", p.ContainerPort); listens[p.Name] != want {
			t.Errorf("port %s is %s, and the manager listens on %s", p.Name, want, listens[p.Name])
		}
	}
	for _, probe := range []*corev1.Probe{manager.LivenessProbe, manager.ReadinessProbe} {
		if probe.HTTPGet.Port.StrVal != "health" {
			t.Errorf("a probe asks port %s", probe.HTTPGet.Port.String())
		}
	}
}

func TestAFlagWinsOverTheFile(t *testing.T) {
	t.Parallel()
	o, err := parsed(t, "quarantine: 5m\nresync: 7m\nmax-in-flight: 1000000\nleader-elect: false\ncluster-id: 12345678901234567\n", "--quarantine=3m")
	if err != nil {
		t.Fatal(err)
	}
	if o.quarantine != 3*time.Minute || o.resync != 7*time.Minute || o.maxInFlight != 1_000_000 || o.leaderElect || o.clusterID != "12345678901234567" {
		t.Errorf("got %+v", o)
	}
}

func TestRefusalsNameTheFlag(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		args []string
		want []string
	}{
		"an unknown key":             {file: "quarantines: 5m", want: []string{`"quarantines"`, "--help"}},
		"a file that names a file":   {file: "config: x", want: []string{`"config"`}},
		"a value that is none":       {file: "resync: soon", want: []string{"resync", "soon"}},
		"a number without a unit":    {file: "quarantine: 120", want: []string{"quarantine", "120"}},
		"a list":                     {file: "namespace: [a, b]", want: []string{"--namespace"}},
		"nothing at all":             {file: "cluster-id:", want: []string{"--cluster-id"}},
		"a key twice":                {file: "resync: 5m\nresync: 6m", want: []string{"resync"}},
		"no YAML":                    {file: "{", want: []string{"config.yaml"}},
		"no file":                    {args: []string{"--config=/does/not/exist"}, want: []string{"/does/not/exist"}},
		"another cloud":              {args: []string{"--cloud=azure"}, want: []string{"--cloud", "azure", "gcp", "aws"}},
		"no namespace":               {args: []string{"--namespace="}, want: []string{"--namespace"}},
		"no name of the lease":       {args: []string{"--lease-name="}, want: []string{"--lease-name"}},
		"an odd log format":          {args: []string{"--log-format=xml"}, want: []string{"--log-format=xml"}},
		"no time":                    {args: []string{"--resync=0s"}, want: []string{"--resync=0s"}},
		"no quarantine":              {args: []string{"--quarantine=0s"}, want: []string{"--quarantine=0s"}},
		"a negative grace":           {args: []string{"--detach-grace=-1s"}, want: []string{"--detach-grace=-1s"}},
		"nothing in flight":          {args: []string{"--max-in-flight=0"}, want: []string{"--max-in-flight=0"}},
		"renewing too late":          {args: []string{"--renew-deadline=15s"}, want: []string{"--renew-deadline"}},
		"retrying too late":          {args: []string{"--retry-period=9s"}, want: []string{"--retry-period=9s"}},
		"half a second of the lease": {args: []string{"--lease-duration=15500ms"}, want: []string{"--lease-duration"}},
		"no grace for orphans":       {args: []string{"--orphan-grace=0s"}, want: []string{"--orphan-grace=0s"}},
		"no load balancers":          {args: []string{"--services-without-class"}, want: []string{"--load-balancers"}},
		"several at once":            {args: []string{"--namespace=", "--log-format=y"}, want: []string{"--namespace", "--log-format=y"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parsed(t, c.file, c.args...)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %q", err, w)
				}
			}
		})
	}
}
