package gcesim

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Partial responses (the performance page): the fields or $fields parameter,
// or the X-Goog-FieldMask header, name what to send: "items/name" or
// "items.name", "items(id,name)", and "*" for any key of a map. What is not
// named is left out, nextPageToken too.

// mask is the set of wanted fields; an empty mask below a name means all.
type mask map[string]mask

func fieldMask(query url.Values, header http.Header) string {
	for _, text := range []string{query.Get("fields"), query.Get("$fields"), header.Get("X-Goog-FieldMask")} {
		if text != "" {
			return text
		}
	}
	return ""
}

func selectFields(reply any, text string) (any, *APIError) {
	if text == "" {
		return reply, nil
	}
	m, rest, ok := parseMask(text)
	if !ok || rest != "" {
		return nil, refuse(http.StatusBadRequest, "invalidParameter", "Invalid field selection %s", text)
	}
	out, bad := m.prune(reflect.ValueOf(reply))
	if bad != "" {
		return nil, refuse(http.StatusBadRequest, "invalidParameter", "Invalid field selection %s", bad)
	}
	return out.Interface(), nil
}

// parseMask reads "a/b(c,d),e" up to the end or an unmatched ")".
func parseMask(text string) (m mask, rest string, ok bool) {
	m = mask{}
	for {
		end := strings.IndexAny(text, ",()")
		if end < 0 {
			end = len(text)
		}
		at := m
		for _, name := range strings.FieldsFunc(text[:end], func(r rune) bool { return r == '/' || r == '.' }) {
			name = strings.TrimSpace(name)
			if at[name] == nil {
				at[name] = mask{}
			}
			at = at[name]
		}
		if strings.TrimSpace(text[:end]) == "" {
			return nil, "", false
		}
		text = text[end:]
		if strings.HasPrefix(text, "(") {
			var sub mask
			if sub, text, ok = parseMask(text[1:]); !ok || !strings.HasPrefix(text, ")") {
				return nil, "", false
			}
			for name, below := range sub {
				at[name] = below
			}
			text = text[1:]
		}
		if !strings.HasPrefix(text, ",") {
			return m, text, true
		}
		text = text[1:]
	}
}

func (m mask) below(name string) (mask, bool) {
	if sub, ok := m[name]; ok {
		return sub, true
	}
	sub, ok := m["*"]
	return sub, ok
}

// prune copies v with only the wanted fields; bad names one that v lacks.
func (m mask) prune(v reflect.Value) (out reflect.Value, bad string) {
	if len(m) == 0 {
		return v, ""
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return v, ""
		}
		below, bad := m.prune(v.Elem())
		if v.Kind() == reflect.Interface || bad != "" {
			return below, bad
		}
		out = reflect.New(v.Type().Elem())
		out.Elem().Set(below)
		return out, ""
	case reflect.Slice:
		return m.pruneSlice(v)
	case reflect.Map:
		return m.pruneMap(v)
	case reflect.Struct:
		return m.pruneStruct(v)
	}
	return v, ""
}

func (m mask) pruneSlice(v reflect.Value) (reflect.Value, string) {
	if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
		return v, ""
	}
	out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	for i := range v.Len() {
		below, bad := m.prune(v.Index(i))
		if bad != "" {
			return v, bad
		}
		out.Index(i).Set(below)
	}
	return out, ""
}

func (m mask) pruneMap(v reflect.Value) (reflect.Value, string) {
	out := reflect.MakeMap(v.Type())
	for iter := v.MapRange(); iter.Next(); {
		sub, ok := m.below(iter.Key().String())
		if !ok {
			continue
		}
		below, bad := sub.prune(iter.Value())
		if bad != "" {
			return v, bad
		}
		out.SetMapIndex(iter.Key(), below)
	}
	return out, ""
}

func (m mask) pruneStruct(v reflect.Value) (reflect.Value, string) {
	if _, all := m["*"]; all {
		return v, ""
	}
	out := reflect.New(v.Type()).Elem()
	fields := jsonFields(v.Type())
	for name, sub := range m {
		i, ok := fields[name]
		if !ok {
			return v, name
		}
		below, bad := sub.prune(v.Field(i))
		if bad != "" {
			return v, bad
		}
		out.Field(i).Set(below)
	}
	return out, ""
}
