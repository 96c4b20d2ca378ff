package calc

import (
	"bytes"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// List returns the objects as they are applied, without a status.
func (o Objects) List() ([]map[string]any, error) {
	all := []runtime.Object{&o.Network}
	for i := range o.Requests {
		all = append(all, &o.Requests[i])
	}
	var out []map[string]any
	for _, object := range all {
		u, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return nil, err
		}
		delete(u, "status")
		delete(u["metadata"].(map[string]any), "creationTimestamp")
		out = append(out, u)
	}
	return out, nil
}

// YAML is what kubectl apply takes.
func (o Objects) YAML() ([]byte, error) {
	all, err := o.List()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, u := range all {
		if i > 0 {
			out.WriteString("---\n")
		}
		text, err := yaml.Marshal(u)
		if err != nil {
			return nil, err
		}
		out.Write(text)
	}
	return out.Bytes(), nil
}
