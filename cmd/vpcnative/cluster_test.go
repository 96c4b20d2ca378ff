package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/cluster"
	"github.com/vpcnative/vpcnative/test/apiserver"
)

func TestMain(m *testing.M) {
	apiserver.Main(m, apiserver.Options{
		CRDDirs: []string{filepath.Join("..", "..", "deploy", "crds")},
		APIServerFlags: map[string][]string{
			"service-cluster-ip-range":  {"10.96.0.0/20"},
			"disable-admission-plugins": {"ServiceAccount"},
		},
	})
}

var seeded struct {
	once sync.Once
	api  client.Client
	err  error
}

// seed returns an API server that holds testdata/cluster.yaml.
func seed(t *testing.T) (api client.Client, kubeconfig string) {
	t.Helper()
	s := apiserver.Shared(t)
	seeded.once.Do(func() {
		if seeded.api, seeded.err = client.New(s.Config, client.Options{Scheme: cluster.Scheme()}); seeded.err == nil {
			seeded.err = create(seeded.api, "testdata/cluster.yaml")
		}
	})
	if seeded.err != nil {
		t.Fatal(seeded.err)
	}
	return seeded.api, s.KubeconfigFile
}

func create(api client.Client, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, document := range strings.Split(string(content), "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
			return err
		}
		status := u.Object["status"]
		if err := api.Create(context.Background(), u); err != nil {
			return err
		}
		u.Object["status"] = status
		if err := api.Status().Update(context.Background(), u); err != nil {
			return err
		}
	}
	return nil
}

// ran is what a command did.
type ran struct {
	code      int
	out, errs string
}

func vpcnative(t *testing.T, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(context.Background(), "vpcnative", args, &out, &errs)
	return ran{code, out.String(), errs.String()}
}
