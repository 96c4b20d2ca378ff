package v1alpha1

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
)

// A list is decoded as a whole: one object that cannot be read would hide all
// others from the manager. So nothing here fails to decode. What a type does
// not take is left out, and the spec says where that was, for its object's
// condition. The schema refuses such objects; those that an earlier schema let
// in, or a schema that somebody loosened, are met all the same.

// UnmarshalJSON reads what can be read.
func (s *NetworkSpec) UnmarshalJSON(b []byte) error {
	type plain NetworkSpec
	s.Unreadable = decode(b, (*plain)(s))
	return nil
}

// UnmarshalJSON reads what can be read.
func (s *NetworkStatus) UnmarshalJSON(b []byte) error {
	type plain NetworkStatus
	decode(b, (*plain)(s))
	return nil
}

// decode reads b into what into points to, and names the fields that it had to
// leave out.
func decode(b []byte, into any) (unreadable []string) {
	v := reflect.ValueOf(into).Elem()
	if json.Unmarshal(b, into) == nil {
		return nil
	}
	return salvage(b, v, "")
}

// salvage reads the parts of a value of which something cannot be read.
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

// rawJSON is a value that is read later.
type rawJSON []byte

// UnmarshalJSON keeps the text.
func (r *rawJSON) UnmarshalJSON(b []byte) error {
	*r = slices.Clone(b)
	return nil
}
