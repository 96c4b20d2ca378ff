package v1alpha1

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
)

// A list is decoded as a whole: one object that cannot be decoded would hide all
// others from the manager. So decoding here never fails. Invalid values are left
// out, and the spec names their fields, for the object's condition. The schema
// rejects such objects, but an earlier schema, or one that somebody loosened, may
// have accepted them.

// UnmarshalJSON decodes what can be decoded.
func (s *NetworkSpec) UnmarshalJSON(b []byte) error {
	type plain NetworkSpec
	s.Unreadable = decode(b, (*plain)(s))
	return nil
}

// UnmarshalJSON decodes what can be decoded.
func (s *NetworkStatus) UnmarshalJSON(b []byte) error {
	type plain NetworkStatus
	decode(b, (*plain)(s))
	return nil
}

// decode decodes b into the value that into points to, and returns the fields
// that it left out.
func decode(b []byte, into any) (unreadable []string) {
	v := reflect.ValueOf(into).Elem()
	if json.Unmarshal(b, into) == nil {
		return nil
	}
	return salvage(b, v, "")
}

// salvage decodes the valid parts of a value.
func salvage(b []byte, v reflect.Value, path string) (unreadable []string) {
	v.SetZero()
	if json.Unmarshal(b, v.Addr().Interface()) == nil {
		return nil
	}
	v.SetZero()
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		unreadable = salvage(b, v.Elem(), path)
		if slices.Contains(unreadable, path) {
			v.SetZero()
		}
		return unreadable
	case reflect.Struct:
		var fields map[string]rawJSON
		if json.Unmarshal(b, &fields) == nil {
			return salvageFields(fields, v, path)
		}
	case reflect.Slice:
		var items []rawJSON
		if json.Unmarshal(b, &items) == nil {
			for _, item := range items {
				one := reflect.New(v.Type().Elem()).Elem()
				bad := salvage(item, one, path+"[]")
				if !slices.Contains(bad, path+"[]") {
					v.Set(reflect.Append(v, one))
				}
				unreadable = append(unreadable, bad...)
			}
			return unreadable
		}
	}
	return []string{path}
}

func salvageFields(fields map[string]rawJSON, v reflect.Value, path string) (unreadable []string) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch raw, said := fields[name]; {
		case f.Anonymous && name == "":
			unreadable = append(unreadable, salvageFields(fields, v.Field(i), path)...)
		case said && name != "-":
			unreadable = append(unreadable, salvage(raw, v.Field(i), strings.TrimPrefix(path+"."+name, "."))...)
		}
	}
	return unreadable
}

// rawJSON is a value that is decoded later.
type rawJSON []byte

// UnmarshalJSON stores the text.
func (r *rawJSON) UnmarshalJSON(b []byte) error {
	*r = slices.Clone(b)
	return nil
}
