package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/cloud/gcp/gcesim"
)

const groupOfNoService = `
apiVersion: vpcnative.dev/v1alpha1
kind: EndpointGroup
metadata: {name: web, namespace: default}
spec: {serviceName: web, port: 80}
`

// TestAnAPIServerWithoutEndpointGroups is told of in the log, time and again, while
// all else goes on; what is missing is taken up when it comes.
func TestAnAPIServerWithoutEndpointGroups(t *testing.T) {
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
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	crd.SetName("endpointgroups.vpcnative.dev")
	if err := w.API.Delete(context.Background(), crd); err != nil {
		t.Fatal(err)
	}
	err = Eventually(patience, func() error {
		if err := w.API.Get(context.Background(), client.ObjectKeyFromObject(crd), crd); !apierrors.IsNotFound(err) {
			return fmt.Errorf("the CRD is still there: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.StartManager("a", "--load-balancers", "--endpoint-groups"); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"network.yaml", "pods.yaml"} {
		if err := w.applyFile("testdata/common/" + file); err != nil {
			t.Fatal(err)
		}
	}
	w.expect(t, "rangerequest", "pods", ready+"status", "True")
	if !strings.Contains(w.Logs(), "EndpointGroups are not kept, all else is") {
		t.Errorf("it says nothing of it:\n%s", w.Logs())
	}
	if err := w.applyFile("../../deploy/crds/vpcnative.dev_endpointgroups.yaml"); err != nil {
		t.Fatal(err)
	}
	group, err := parse(groupOfNoService, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Eventually(patience, func() error { return apply(w.API, group[0]) }); err != nil { // until the kind is served
		t.Fatal(err)
	}
	w.expect(t, "endpointgroup", "web", ready+"reason", "ServiceNotFound")
	if err := w.managers["a"].Err(); err != nil {
		t.Error(err)
	}
}
