package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

// storedBefore are requests as v0.1 had them, and a Network that is not the
// default one, to which a request would move whose networkRef was pruned.
const storedBefore = `
apiVersion: vpcnative.dev/v1alpha1
kind: RangeRequest
metadata: {name: both}
spec:
  networkRef: prod
  purpose: Pods
  families: [IPv6, IPv4]
  prefixLength: 20
  growth: {giveBackAfter: 2h, threshold: 70}
---
apiVersion: vpcnative.dev/v1alpha1
kind: RangeRequest
metadata: {name: space}
spec:
  networkRef: prod
  purpose: Pods
  prefixLength: 20
  growth: {maxRanges: 3}
  newSpace: {blocks: [100.64.0.0/16], subnetPrefixLength: 20}
---
apiVersion: vpcnative.dev/v1alpha1
kind: RangeRequest
metadata: {name: days}
spec: {networkRef: prod, purpose: Pods, prefixLength: 24, growth: {giveBackAfter: 1d}}
---
apiVersion: vpcnative.dev/v1alpha1
kind: RangeRequest
metadata: {name: plain}
spec: {networkRef: prod, purpose: Pods, prefixLength: 24}`

// What v0.1 stored is read under the new names, nothing of it is lost, and the
// manager writes it anew; one that the schema of today refuses says so, and
// stands in nobody's way.
func TestRequestsThatAnEarlierVersionStored(t *testing.T) {
	t.Parallel()
	w, err := New(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Server.Stop() }()
	cloud, stop, err := NewGCE(gcesim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	w.Cloud = cloud
	root, err := apiserver.RepositoryRoot()
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	w.serveCRD(t, "testdata/before/rangerequests.yaml")
	for _, u := range w.documents(t, storedBefore) {
		err := Eventually(patience, func() error {
			u.SetResourceVersion("")
			if err := w.API.Create(ctx, u); err != nil {
				return err
			}
			if has(u, "spec", "networkRef") {
				return nil
			}
			return errors.Join(errors.New("the schema of before is not served yet"), w.API.Delete(ctx, u))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.patchStatus(t, "both", `{"utilisation": 5, "nodes": 1, "waitingNodes": 0, "conditions": [
		{"type": "Rivalled", "status": "False", "reason": "NoRival", "message": "", "lastTransitionTime": "2026-01-02T03:04:05Z"}]}`)
	w.patchStatus(t, "space", `{"utilisation": 0, "nodes": 0, "waitingNodes": 0, "newSpace": {"blocks": [{"cidr": "100.64.0.0/16"}]}}`)

	w.serveCRD(t, filepath.Join(root, "deploy/crds/vpcnative.dev_rangerequests.yaml"))
	refused := w.documents(t, `
apiVersion: vpcnative.dev/v1alpha1
kind: RangeRequest
metadata: {name: late}
spec: {networkRef: prod, purpose: Pods, prefixLength: 24}`)[0]
	err = Eventually(patience, func() error {
		err := w.API.Create(ctx, refused.DeepCopy(), client.DryRunAll)
		if err == nil || !strings.Contains(err.Error(), "networkRef is now networkName") {
			return fmt.Errorf("the schema of today is not served: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	network := w.documents(t, fmt.Sprintf(`
apiVersion: vpcnative.dev/v1alpha1
kind: Network
metadata: {name: prod}
spec: {gcp: {project: %s, network: %s, region: %s, subnetworks: [%s]}, supernets: [10.0.0.0/9]}`, project, network, region, subnet))[0]
	if err := w.API.Create(ctx, network); err != nil {
		t.Fatal(err)
	}
	if err := w.StartManager("a"); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][3]string{
		{"both", ".spec.networkRef", ""},
		{"both", ".spec.networkName", "prod"},
		{"both", ".spec.families", ""},
		{"both", ".spec.ipFamilies", `["IPv6","IPv4"]`},
		{"both", ".spec.growth.giveBackAfter", ""},
		{"both", ".spec.growth.reclaimAfter", "2h"},
		{"both", ".spec.growth.threshold", "70"},
		{"both", `.status.conditions[?(@.type=="Rivalled")].type`, ""},
		{"space", ".spec.newSpace", ""},
		{"space", ".spec.newSubnets.blocks", `["100.64.0.0/16"]`},
		{"space", ".spec.growth.maxRanges", "3"},
		{"space", ".spec.growth.reclaimAfter", "1h"},
		{"space", ".status.newSpace", ""},
		{"space", ".status.newSubnets.blocks[0].cidr", "100.64.0.0/16"},
		{"days", ".spec.growth.giveBackAfter", "1d"},
		{"days", ready + "reason", "InvalidSpec"},
		{"plain", ".spec.networkRef", ""},
		{"plain", ".spec.networkName", "prod"},
		{"plain", ready + "status", "True"},
	} {
		w.expect(t, "rangerequest", want[0], want[1], want[2])
	}
	for name, edit := range map[string]string{
		"both":  `{"spec": {"growth": {"threshold": 60, "reclaimAfter": "3h"}}}`,
		"plain": `{"spec": {"growth": {}}}`,
		"days":  `{"spec": {"networkRef": null, "networkName": "prod", "families": null, "growth": {"giveBackAfter": null, "reclaimAfter": "24h"}}}`,
	} {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(kinds["rangerequest"])
		u.SetName(name)
		if err := w.API.Patch(ctx, u, client.RawPatch("application/merge-patch+json", []byte(edit))); err != nil {
			t.Errorf("editing %s afterwards: %v", name, err)
		}
	}
	w.expect(t, "rangerequest", "days", ready+"status", "True")
	if err := w.managers["a"].Err(); err != nil {
		t.Error(err)
	}
}

const ready = `.status.conditions[?(@.type=="Ready")].`

func (w *World) documents(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	all, err := parse(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// serveCRD puts a CustomResourceDefinition in the place of the one there is,
// as kubectl replace would.
func (w *World) serveCRD(t *testing.T, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut("\n"+string(content), "\n---\n")
	wanted := w.documents(t, text)[0]
	had := wanted.DeepCopy()
	if err := w.API.Get(context.Background(), client.ObjectKeyFromObject(wanted), had); err != nil {
		t.Fatal(err)
	}
	had.Object["spec"] = wanted.Object["spec"]
	if err := w.API.Update(context.Background(), had); err != nil {
		t.Fatal(err)
	}
}

func (w *World) patchStatus(t *testing.T, name, status string) {
	t.Helper()
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kinds["rangerequest"])
	u.SetName(name)
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"status": `+status+`}`))
	if err := w.API.Status().Patch(context.Background(), u, patch); err != nil {
		t.Fatal(err)
	}
}

func has(u *unstructured.Unstructured, fields ...string) bool {
	_, found, err := unstructured.NestedFieldNoCopy(u.Object, fields...)
	return err == nil && found
}
