package gcesim

import (
	"cmp"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// field is a path into an object, resolved once per filter.
type field struct {
	index []int  // of the struct fields along the path
	label string // the map key at the end of the path, if it ends in a map
}

var fieldCache sync.Map // reflect.Type to map[string]int

// jsonFields maps the JSON names of a struct's fields to their indices.
func jsonFields(kind reflect.Type) map[string]int {
	if m, ok := fieldCache.Load(kind); ok {
		return m.(map[string]int)
	}
	m := map[string]int{}
	for i := range kind.NumField() {
		name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		m[name] = i
	}
	fieldCache.Store(kind, m)
	return m
}

func findField(kind reflect.Type, path string) (field, error) {
	var f field
	for _, name := range strings.Split(path, ".") {
		for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
			kind = kind.Elem()
		}
		switch {
		case kind.Kind() == reflect.Map && f.label == "":
			f.label, kind = name, kind.Elem()
		case kind.Kind() == reflect.Struct:
			i, ok := jsonFields(kind)[name]
			if !ok {
				return f, fmt.Errorf("unknown field %q", path)
			}
			f.index, kind = append(f.index, i), kind.Field(i).Type
		default:
			return f, fmt.Errorf("unknown field %q", path)
		}
	}
	return f, nil
}

// any reports whether test holds for any value at the path (a repeated field has
// several); an absent value is the empty string.
func (f field) any(v reflect.Value, test func(string) bool) bool {
	return anyAt(v, f.index, f.label, test)
}

func anyAt(v reflect.Value, index []int, label string, test func(string) bool) bool {
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return test("")
		}
		return anyAt(v.Elem(), index, label, test)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		for i := range v.Len() {
			if anyAt(v.Index(i), index, label, test) {
				return true
			}
		}
		return v.Len() == 0 && test("")
	case len(index) > 0:
		return anyAt(v.Field(index[0]), index[1:], label, test)
	case label != "":
		if v = v.MapIndex(reflect.ValueOf(label)); !v.IsValid() {
			return test("")
		}
	}
	return test(textOf(v))
}

func textOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	}
	return ""
}

func compare(f field, operator, want string) (matcher, error) {
	order := orderBeside(want)
	var test func(string) bool
	switch operator {
	case "=", "!=":
		test = func(s string) bool { return s == want }
	case ":":
		test = func(s string) bool { return s != "" && (want == "*" || strings.Contains(s, want)) }
	case "<":
		test = func(s string) bool { c, ok := order(s); return ok && c < 0 }
	case "<=":
		test = func(s string) bool { c, ok := order(s); return ok && c <= 0 }
	case ">":
		test = func(s string) bool { c, ok := order(s); return ok && c > 0 }
	default:
		test = func(s string) bool { c, ok := order(s); return ok && c >= 0 }
	}
	positive := operator != "!="
	return func(v reflect.Value) bool {
		return f.any(v, test) == positive
	}, nil
}

// orderBeside compares values with one that is wanted: as numbers or moments
// where both are, as texts otherwise. An absent value has no order.
func orderBeside(want string) func(string) (int, bool) {
	number, notNumber := strconv.ParseFloat(want, 64)
	moment, notMoment := time.Parse(time.RFC3339, want)
	return func(s string) (int, bool) {
		if notNumber == nil {
			if got, err := strconv.ParseFloat(s, 64); err == nil {
				return cmp.Compare(got, number), true
			}
		}
		if notMoment == nil {
			if got, err := time.Parse(time.RFC3339, s); err == nil {
				return got.Compare(moment), true
			}
		}
		return strings.Compare(s, want), s != ""
	}
}
