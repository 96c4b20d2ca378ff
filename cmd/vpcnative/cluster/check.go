package cluster

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/cmd/vpcnative/schema"
)

// keep remembers an object as the file has it, which a typed one does not tell:
// an explicit 0 is not a field left out.
func (s *State) keep(kind, name string, text []byte) error {
	u := &unstructured.Unstructured{}
	asJSON, err := yaml.YAMLToJSON(text)
	if err == nil {
		err = json.Unmarshal(asJSON, &u.Object)
	}
	if err != nil {
		return err
	}
	if s.said == nil {
		s.said = map[string]*unstructured.Unstructured{}
	}
	unstructured.RemoveNestedField(u.Object, "status")
	s.said[kind+"/"+name] = u
	return nil
}

// Check judges a file's objects by the schemas that this program has, and returns
// them with their defaults.
func (s State) Check(ctx context.Context) (State, error) {
	for i := range s.Networks {
		if err := s.check(ctx, "Network", &s.Networks[i]); err != nil {
			return s, err
		}
	}
	for i := range s.Requests {
		if err := s.check(ctx, "RangeRequest", &s.Requests[i]); err != nil {
			return s, err
		}
	}
	return s, nil
}

// check judges one, and puts it with its defaults into o, whose status stays.
func (s State) check(ctx context.Context, kind string, o client.Object) error {
	u := s.said[kind+"/"+o.GetName()].DeepCopy()
	if err := schema.Admit(ctx, u, nil); err != nil {
		return fmt.Errorf("an API server would refuse %s %s: %w", kind, o.GetName(), err)
	}
	spec, err := json.Marshal(map[string]any{"spec": u.Object["spec"]})
	if err != nil {
		return err
	}
	return json.Unmarshal(spec, o)
}
