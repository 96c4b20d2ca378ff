package cluster

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/api/v1alpha1"
)

// ParseSaved reads Networks, RangeRequests and Services out of YAML or JSON
// documents, or lists of them, as kubectl prints them; RangeRequests with their
// status. An unknown field is an error.
func ParseSaved(r io.Reader) (State, error) {
	var out State
	documents := utilyaml.NewYAMLReader(bufio.NewReader(r))
	for i := 1; ; i++ {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, fmt.Errorf("document %d: %w", i, err)
		}
		if err := out.document(text); err != nil {
			return out, fmt.Errorf("document %d: %w", i, err)
		}
	}
	return out, nil
}

// Parse reads what is to be planned: RangeRequests, with Networks or without;
// or Services.
func Parse(r io.Reader) (State, error) {
	out, err := ParseSaved(r)
	for i := range out.Requests {
		out.Requests[i].Status = v1alpha1.RangeRequestStatus{}
	}
	switch {
	case err != nil:
	case len(out.Services) > 0 && len(out.Networks)+len(out.Requests) > 0:
		err = errors.New("it contains Services and other kinds: put the Services into a separate file")
	case len(out.Services)+len(out.Requests) == 0:
		err = errors.New("nothing to plan: it contains no RangeRequest and no Service")
	}
	return out, err
}

func (s *State) document(text []byte) error {
	var head struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        metav1.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return err
	}
	if len(bytes.TrimSpace(text)) == 0 || head.TypeMeta == (metav1.TypeMeta{}) && head.Metadata.Name == "" && onlyComments(text) {
		return nil
	}
	if head.TypeMeta == listType {
		return s.list(text)
	}
	known := head.APIVersion == v1alpha1.GroupVersion.String() || head.TypeMeta == serviceType
	if !known {
		return fmt.Errorf("apiVersion %q, kind %q is not supported; plan accepts Networks and RangeRequests of %s, and Services of v1", head.APIVersion, head.Kind, v1alpha1.GroupVersion)
	}
	if head.Metadata.Name == "" {
		return fmt.Errorf("the %s has no metadata.name", head.Kind)
	}
	if err := s.keep(head.Kind, head.Metadata.Name, text); err != nil {
		return err
	}
	return s.add(head.Kind, head.Metadata.Name, text)
}

func (s *State) add(kind, name string, text []byte) error {
	switch kind {
	case serviceType.Kind:
		var one corev1.Service
		if err := yaml.UnmarshalStrict(text, &one); err != nil {
			return fmt.Errorf("service %s: %w", one.Name, err)
		}
		if one.Namespace == "" {
			one.Namespace = metav1.NamespaceDefault
		}
		one.Status = corev1.ServiceStatus{}
		s.Services = append(s.Services, one)
	case "Network":
		var n v1alpha1.Network
		if err := yaml.UnmarshalStrict(text, &n); err != nil {
			return fmt.Errorf("network %s: %w", n.Name, err)
		}
		n.Status = v1alpha1.NetworkStatus{}
		s.Networks = append(s.Networks, n)
	case "RangeRequest":
		var r v1alpha1.RangeRequest
		if err := yaml.UnmarshalStrict(text, &strictRequest{}); err != nil {
			return fmt.Errorf("RangeRequest %s: %w", name, err)
		}
		if err := yaml.Unmarshal(text, &r); err != nil {
			return fmt.Errorf("RangeRequest %s: %w", r.Name, err)
		}
		s.Requests = append(s.Requests, r)
	default:
		return fmt.Errorf("kind %q is not supported; plan accepts Networks, RangeRequests and Services", kind)
	}
	return nil
}

// strictRequest refuses fields that a RangeRequest does not have, which the
// type's own decoding lets pass.
type strictRequest struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              strictSpec     `json:"spec"`
	Status            map[string]any `json:"status"`
}

type strictSpec v1alpha1.RangeRequestSpec

var (
	serviceType = metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}
	listType    = metav1.TypeMeta{APIVersion: "v1", Kind: "List"}
)

func (s *State) list(text []byte) error {
	var list metav1.List
	if err := yaml.Unmarshal(text, &list); err != nil {
		return err
	}
	for i, item := range list.Items {
		if err := s.document(item.Raw); err != nil {
			return fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	return nil
}

func onlyComments(text []byte) bool {
	var value any
	return yaml.Unmarshal(text, &value) == nil && value == nil
}
