package discovery

import (
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// check holds a decoded JSON value against its schema. method is whose
// required fields must be there; it is empty for an answer.
func (d *Document) check(s Schema, value any, path, method string, l *deviation.List) {
	s = d.resolve(s)
	switch v := value.(type) {
	case map[string]any:
		d.object(s, v, path, method, l)
	case []any:
		if s.Type != "array" {
			l.Add(path, "a list where %s is expected", s.Type)
			return
		}
		for _, x := range v {
			d.check(*s.Items, x, path+"[]", method, l)
		}
	case bool:
		if s.Type != "boolean" && s.Type != "any" {
			l.Add(path, "a boolean where %s is expected", s.Type)
		}
	case json.Number:
		d.number(s, v, path, l)
	case string:
		if s.Type != "string" && s.Type != "any" {
			l.Add(path, "a string where %s is expected", s.Type)
			return
		}
		d.text(s, v, path, l)
	case nil:
		if method == "" {
			l.Add(path, "null in an answer")
		}
	}
}

func (d *Document) object(s Schema, v map[string]any, path, method string, l *deviation.List) {
	if s.Type != "object" && s.Type != "any" {
		l.Add(path, "an object where %s is expected", s.Type)
		return
	}
	for name, x := range v {
		p, ok := s.Properties[name]
		switch {
		case ok:
			d.property(p, name, x, path, method, l)
		case s.Additional != nil:
			d.check(*s.Additional, x, path+"{}", method, l)
		case s.Type == "object":
			l.Add(deviation.Join(path, name), "there is no such field")
		}
	}
	for name, p := range s.Properties {
		if _, ok := v[name]; !ok && slices.Contains(p.Annotations.Required, method) && method != "" {
			l.Add(deviation.Join(path, name), "a required field is missing")
		}
	}
}

func (d *Document) property(p Schema, name string, x any, path, method string, l *deviation.List) {
	at := deviation.Join(path, name)
	if method != "" && p.outputOnly() {
		l.Add(at, "a field that is for output only")
		return
	}
	if kind, is := x.(string); name == "kind" && is && p.Default != "" && kind != p.Default {
		l.Add(at, "%q and not %q", kind, p.Default)
	}
	d.check(p, x, at, method, l)
}

func (d *Document) number(s Schema, v json.Number, path string, l *deviation.List) {
	switch s.Type {
	case "integer", "number", "any":
	default:
		l.Add(path, "a number where %s is expected", s.Type)
		return
	}
	if _, err := strconv.ParseInt(v.String(), 10, 64); s.Type == "integer" && err != nil {
		l.Add(path, "no whole number")
	}
	d.bounds(s, v.String(), path, l)
}

func (d *Document) bounds(s Schema, v, path string, l *deviation.List) {
	x, ok := new(big.Float).SetString(v)
	if !ok {
		return
	}
	if low, ok := new(big.Float).SetString(s.Minimum); ok && x.Cmp(low) < 0 {
		l.Add(path, "less than %s", s.Minimum)
	}
	if high, ok := new(big.Float).SetString(s.Maximum); ok && x.Cmp(high) > 0 {
		l.Add(path, "more than %s", s.Maximum)
	}
}

func (d *Document) text(s Schema, v, path string, l *deviation.List) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		l.Add(path, "%q is none of the values that there are", v)
	}
	if s.Pattern != "" {
		if re := deviation.Full(s.Pattern); re != nil && !re.MatchString(v) {
			l.Add(path, "%q does not match %s", v, s.Pattern)
		}
	}
	var err error
	switch s.Format {
	case "int64":
		_, err = strconv.ParseInt(v, 10, 64)
	case "uint64":
		_, err = strconv.ParseUint(v, 10, 64)
	case "byte":
		if _, err = base64.StdEncoding.DecodeString(v); err != nil {
			_, err = base64.URLEncoding.DecodeString(v)
		}
	case "date-time", "google-datetime":
		_, err = time.Parse(time.RFC3339, v)
	}
	if err != nil {
		l.Add(path, "not of format %s", s.Format)
	}
}

// parameter checks one value of a path or a query, which is text whatever its type.
func (d *Document) parameter(p Schema, path, v string, l *deviation.List) {
	switch p.Type {
	case "boolean":
		if v != "true" && v != "false" {
			l.Add(path, "%q is no boolean", v)
		}
	case "integer":
		if _, err := strconv.ParseInt(v, 10, 64); err != nil {
			l.Add(path, "%q is no whole number", v)
		}
		d.bounds(p, v, path, l)
	default:
		d.text(p, v, path, l)
	}
}
