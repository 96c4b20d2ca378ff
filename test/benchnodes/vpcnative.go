package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

const (
	managerLease = "vpcnative-manager"
	// maxInFlight is the manager's --max-in-flight, by default.
	maxInFlight = 256
)

// vpcNative runs the manager's binary, out of the box, on the simulated cloud
// whose operations take latency.
func vpcNative(name string, latency time.Duration, t targets) contender {
	return contender{
		name: name, lease: managerLease, setsCondition: true, cloudLatency: latency, targets: t, hasCloud: true,
		start: func(_ context.Context, b *bench) (*running, error) {
			b.cloud.begin(latency)
			p, err := b.startManager()
			if err != nil {
				return nil, err
			}
			return &running{process: p, began: b.cloud.firstCall, cloudCalls: b.cloud.countCalls}, nil
		},
	}
}

// startManager sets nothing that a user need not set, but for addresses that
// may be taken on this machine.
func (b *bench) startManager() (*apiserver.Process, error) {
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(root, "bin", "vpcnative-manager")
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("finding the manager: %w: run `make build`", err)
	}
	return b.server.Run(fmt.Sprintf("vpcnative-manager-%d", time.Now().UnixNano()), binary,
		"--kubeconfig="+b.server.KubeconfigFile, "--namespace="+metav1.NamespaceSystem,
		"--gcp-endpoint="+b.cloud.endpoint, "--gcp-no-auth",
		"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0")
}

// The space that the Nodes' ranges come from, half of clusterCIDR.
const (
	networkSpec = `{"gcp": {"project": "` + project + `", "network": "` + network + `", "region": "` + region + `",
		"subnetworks": ["` + subnet + `"]}, "supernets": ["10.0.0.0/8"]}`
	podsSpec = `{"purpose": "Pods", "prefixLength": 9, "nodePrefixLength": 24}`

	crdPath = "/apis/vpcnative.dev/v1alpha1/"
)

// grant has the range for Nodes carved, once, before anything is measured.
func (b *bench) grant(ctx context.Context) (err error) {
	say("having a range for the Nodes carved")
	rest := b.client.CoreV1().RESTClient()
	for _, o := range []struct{ resource, kind, name, spec string }{
		{"networks", "Network", v1alpha1.DefaultNetwork, networkSpec},
		{"rangerequests", "RangeRequest", "pods", podsSpec},
	} {
		body := fmt.Sprintf(`{"apiVersion": %q, "kind": %q, "metadata": {"name": %q}, "spec": %s}`,
			v1alpha1.GroupVersion.String(), o.kind, o.name, o.spec)
		_, err := rest.Post().AbsPath(crdPath+o.resource).SetHeader("Content-Type", "application/json").
			SetHeader("Accept", "application/json").Body([]byte(body)).DoRaw(ctx)
		if err != nil {
			return fmt.Errorf("creating the %s: %w", o.kind, err)
		}
	}
	p, err := b.startManager()
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, b.end(ctx, contender{name: "the manager", lease: managerLease}, &running{process: p}))
	}()
	var got v1alpha1.RangeRequest
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		content, err := rest.Get().AbsPath(crdPath+"rangerequests/pods").SetHeader("Accept", "application/json").DoRaw(ctx)
		if err != nil {
			return fmt.Errorf("reading the RangeRequest: %w", err)
		}
		if err := json.Unmarshal(content, &got); err != nil {
			return fmt.Errorf("reading the RangeRequest: %w", err)
		}
		if len(got.Status.Ranges) > 0 && meta.IsStatusConditionTrue(got.Status.Conditions, v1alpha1.ConditionReady) {
			return nil
		}
		if err := p.Err(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no range was granted within a minute; the RangeRequest's status: %+v", got.Status)
		}
	}
}
