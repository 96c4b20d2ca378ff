// Package schema validates an object as an API server with the
// CustomResourceDefinitions does: it rejects unknown fields, sets defaults, and
// applies the schema and its rules. It needs no API server.
package schema

import (
	"context"
	"fmt"
	"io/fs"
	"sync"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/vpcnative/vpcnative/deploy/crds"
)

// kind is the schema of a kind.
type kind struct {
	structural *structural.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

var kinds = sync.OnceValues(load)

func load() (map[string]kind, error) {
	files, err := fs.Glob(crds.Files, "*.yaml")
	if err != nil {
		return nil, err
	}
	out := map[string]kind{}
	for _, file := range files {
		text, err := crds.Files.ReadFile(file)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if out[crd.Spec.Names.Kind], err = kindOf(crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return out, nil
}

func kindOf(crd *apiextensionsv1.CustomResourceDefinition) (k kind, err error) {
	props := &apiextensions.JSONSchemaProps{}
	said := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(said, props, nil); err != nil {
		return k, err
	}
	if k.structural, err = structural.NewStructural(props); err != nil {
		return k, err
	}
	if k.schema, _, err = validation.NewSchemaValidator(props); err != nil {
		return k, err
	}
	k.rules = cel.NewValidator(k.structural, true, celconfig.PerCallLimit)
	return k, nil
}

// Admit sets the object's defaults, or explains why an API server would reject
// it. Had is the existing object; nil if there is none.
func Admit(ctx context.Context, object, had *unstructured.Unstructured) error {
	all, err := kinds()
	if err != nil {
		return fmt.Errorf("reading the built-in schemas: %w", err)
	}
	k, ok := all[object.GetKind()]
	if !ok {
		return fmt.Errorf("%s is not a kind of vpcnative.dev", object.GetKind())
	}
	if unknown := pruning.PruneWithOptions(runtime.DeepCopyJSON(object.Object), k.structural, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}); len(unknown) > 0 {
		return fmt.Errorf("unknown field %q", unknown[0])
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, k.structural)
	defaulting.Default(object.Object, k.structural)
	if refused := k.refuse(ctx, object, had); len(refused) > 0 {
		return refused.ToAggregate()
	}
	return nil
}

func (k kind) refuse(ctx context.Context, object, had *unstructured.Unstructured) field.ErrorList {
	refused := apivalidation.ValidateObjectMetaAccessor(object, false, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	refused = append(refused, validation.ValidateCustomResource(nil, object.Object, k.schema)...)
	refused = append(refused, listtype.ValidateListSetsAndMaps(nil, k.structural, object.Object)...)
	if len(refused) > 0 {
		return refused // rules are about what has the right shape
	}
	var before any
	if had != nil {
		before = had.Object
	}
	refused, _ = k.rules.Validate(ctx, nil, k.structural, object.Object, before, celconfig.RuntimeCELCostBudget)
	return refused
}
