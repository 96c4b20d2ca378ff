// Package install follows the install steps of the README on a real API server.
package install

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/vpcnative/vpcnative/test/apiserver"
)

const root = "../.."

// apply does what `kubectl apply -f PATH -f PATH` does the first time: every
// file of a directory in the order of the names, every document in its order.
// What a file needs has to be there by then.
func apply(t *testing.T, api client.Client, paths ...string) (all []*unstructured.Unstructured) {
	t.Helper()
	for _, path := range paths {
		files, err := filepath.Glob(filepath.Join(root, path, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no files: %v", path, err)
		}
		for _, file := range files {
			for _, u := range documents(t, file) {
				if err := create(api, u); err != nil {
					t.Errorf("applying %s: %s %s: %v", strings.TrimPrefix(file, root+"/"), u.GetKind(), u.GetName(), err)
				}
				all = append(all, u)
			}
		}
	}
	return all
}

// create waits for a kind that was only just defined, as kubectl does between
// two commands by being slow.
func create(api client.Client, u *unstructured.Unstructured) error {
	deadline := time.Now().Add(time.Minute)
	for {
		err := api.Create(context.Background(), u)
		if !meta.IsNoMatchError(err) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func documents(t *testing.T, file string) (out []*unstructured.Unstructured) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for d := utilyaml.NewYAMLOrJSONDecoder(f, 4096); ; {
		u := &unstructured.Unstructured{}
		err := d.Decode(&u.Object)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(u.Object) > 0 {
			out = append(out, u)
		}
	}
}

var command = regexp.MustCompile("`kubectl apply (-f [^`]+)`")

func TestTheInstallStepsOfTheReadmeWork(t *testing.T) {
	t.Parallel()
	s := apiserver.StartForTest(t, apiserver.Options{})
	api, err := client.New(s.Config, client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := command.FindSubmatch(readme)
	if said == nil {
		t.Fatal("the README says no kubectl apply")
	}
	paths := strings.Fields(strings.ReplaceAll(string(said[1]), "-f ", ""))
	if len(paths) < 2 {
		t.Fatalf("the README applies %v", paths)
	}
	installed := apply(t, api, paths...)
	apply(t, api, "deploy/samples")
	for _, u := range installed {
		switch u.GetKind() {
		case "Deployment", "StatefulSet":
			t.Errorf("%s %s takes ports of its host: where there is one control-plane node, no new pod fits beside the old one, and an upgrade hangs", u.GetKind(), u.GetName())
		case "DaemonSet":
			var d appsv1.DaemonSet
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &d); err != nil {
				t.Fatal(err)
			}
			if r := d.Spec.UpdateStrategy.RollingUpdate; r == nil || r.MaxSurge != nil && r.MaxSurge.IntValue() > 0 {
				t.Errorf("the manager's DaemonSet is updated by %+v: a new pod fits only where the old one has gone", d.Spec.UpdateStrategy)
			}
		}
	}
}
