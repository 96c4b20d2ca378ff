package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// kinds are the words for kinds in stories.
var kinds = map[string]schema.GroupVersionKind{
	"node":          {Version: "v1", Kind: "Node"},
	"pod":           {Version: "v1", Kind: "Pod"},
	"network":       {Group: "vpcnative.dev", Version: "v1alpha1", Kind: "Network"},
	"rangerequest":  {Group: "vpcnative.dev", Version: "v1alpha1", Kind: "RangeRequest"},
	"configmap":     {Version: "v1", Kind: "ConfigMap"},
	"service":       {Version: "v1", Kind: "Service"},
	"endpointgroup": {Group: "vpcnative.dev", Version: "v1alpha1", Kind: "EndpointGroup"},
	"servicecidr":   {Group: "networking.k8s.io", Version: "v1", Kind: "ServiceCIDR"},
	"ipaddress":     {Group: "networking.k8s.io", Version: "v1", Kind: "IPAddress"},
	"events":        {Group: "events.k8s.io", Version: "v1", Kind: "EventList"},
}

// namespaces of the kinds that have one.
var namespaces = map[string]string{"configmap": namespace, "pod": serviceNamespace, "service": serviceNamespace, "endpointgroup": serviceNamespace}

// objects reads the YAML documents of a file.
func objects(ts *testscript.TestScript, file string) []*unstructured.Unstructured {
	all, err := parse(ts.ReadFile(file), worldOf(ts).Cloud)
	ts.Check(err)
	return all
}

// parse reads YAML documents, with ${WORD} for the cloud's words, if any.
func parse(text string, cloud Cloud) (out []*unstructured.Unstructured, err error) {
	if cloud != nil {
		for word, meant := range cloud.Words() {
			text = strings.ReplaceAll(text, "${"+word+"}", meant)
		}
	}
	for _, doc := range strings.Split(text, "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &u.Object); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

func (w *World) applyFile(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	all, err := parse(string(content), w.Cloud)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, u := range all {
		if err := apply(w.API, u); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// apply FILE
func cmdApply(ts *testscript.TestScript, _ bool, args []string) {
	for _, u := range objects(ts, args[0]) {
		ts.Check(apply(worldOf(ts).API, u))
	}
}

func apply(api client.Client, u *unstructured.Unstructured) error {
	return api.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("story"), client.ForceOwnership)
}

// refused FILE TEXT: the API server refuses the object with that text.
func cmdRefused(ts *testscript.TestScript, _ bool, args []string) {
	for _, u := range objects(ts, args[0]) {
		err := apply(worldOf(ts).API, u)
		if err == nil || !strings.Contains(err.Error(), args[1]) {
			ts.Fatalf("%s was not refused with %q: %v", u.GetName(), args[1], err)
		}
	}
}

// delete KIND NAME [forced]: forced takes the finalizers off, as people do.
func cmdDelete(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	ts.Check(deleteObject(w.API, args[0], args[1]))
	if len(args) < 3 {
		return
	}
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kinds[args[0]])
	key := client.ObjectKey{Namespace: namespaces[args[0]], Name: args[1]}
	if err := w.API.Get(context.Background(), key, o); err != nil {
		ts.Check(client.IgnoreNotFound(err))
		return
	}
	patch := client.MergeFrom(o.DeepCopy())
	o.SetFinalizers(nil)
	ts.Check(client.IgnoreNotFound(w.API.Patch(context.Background(), o, patch)))
}

func deleteObject(api client.Client, kind, name string) error {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kinds[kind])
	key := keyOf(kind, name)
	u.SetName(key.Name)
	u.SetNamespace(key.Namespace)
	return api.Delete(context.Background(), u)
}

// expect KIND NAME JSONPATH PATTERN: eventually the value matches the whole
// pattern; with ! it does not for as long as we look, a second.
func cmdExpect(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	pattern := regexp.MustCompile("^(?:" + args[3] + ")$")
	value := func() (string, error) { return w.value(args[0], args[1], args[2]) }
	if neg {
		time.Sleep(time.Second)
		got, err := value()
		if err == nil && pattern.MatchString(got) {
			ts.Fatalf("%s %s: %s is %q", args[0], args[1], args[2], got)
		}
		return
	}
	err := Eventually(patience, func() error {
		got, err := value()
		if err == nil && !pattern.MatchString(got) {
			err = fmt.Errorf("%s is %q, want %s", args[2], got, args[3])
		}
		return err
	})
	if err != nil {
		ts.Fatalf("%s %s: %v\n%s", args[0], args[1], err, w.Logs())
	}
}

// keyOf names an object. What has a namespace is in its kind's, unless the
// name says another one: NAMESPACE/NAME.
func keyOf(kind, name string) client.ObjectKey {
	in := namespaces[kind]
	if said, rest, ok := strings.Cut(name, "/"); ok && in != "" {
		in, name = said, rest
	}
	return client.ObjectKey{Namespace: in, Name: name}
}

func (w *World) value(kind, name, path string) (string, error) {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(kinds[kind])
	err := w.API.Get(context.Background(), keyOf(kind, name), u)
	if path == "gone" {
		return fmt.Sprint(client.IgnoreNotFound(err) == nil && err != nil), nil
	}
	if err != nil {
		return "", err
	}
	j := jsonpath.New("").AllowMissingKeys(true)
	if err := j.Parse("{" + path + "}"); err != nil {
		return "", err
	}
	var b strings.Builder
	if err := j.Execute(&b, u.Object); err != nil {
		return "", err
	}
	return b.String(), nil
}
