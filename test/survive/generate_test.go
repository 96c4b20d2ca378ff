package survive

import (
	"maps"
	"math/rand/v2"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

type schema = apiextensionsv1.JSONSchemaProps

// texts are what strings come to be: right somewhere, wrong elsewhere, and what
// a parser stumbles over.
var texts = []string{
	"", " ", "a b", "default", "prod", "nodes", "Auto", "Pods", "IPv4", "1d", "1h", "1h30m", "0", "0s", "-1h", "1.5h", "99999h99999h", "1ns",
	"10.0.0.0/8", "10.0.0.0/16", "10.0.0.1/16", "10.0.0.0/33", "10.0.0.0", "0.0.0.0/0", "255.255.255.255/32", "fd00::/64", "::/0", "::ffff:10.0.0.0/104",
	"100.64.0.0/16", "172.24.0.0/22", "vpc-0123456789abcdef0", "subnet-0123456789abcdef0", "us-central1", "eu-west-1", "my-project", "123456789012",
	"2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02T03:04:05+25:00", "2026-13-02T03:04:05Z", "True", "Ready", "nodes/vn-a-b-c-0", "é", "\x00",
	"In", "Exists", "example.com/pool", "-", "x/y/z",
}

var integers = []int64{0, 1, 2, 7, 8, 16, 20, 24, 28, 29, 30, 32, 33, 64, 127, 128, 129, 255, 500, 1000, -1, 1 << 31, 1<<31 - 1, 1 << 40, 1<<63 - 1}

// generate makes a value of a schema, more or less.
func generate(r *rand.Rand, s *schema) any {
	if r.IntN(40) == 0 {
		return []any{nil, "x", int64(1), 2.5, true, []any{}, map[string]any{}}[r.IntN(7)]
	}
	if len(s.Enum) > 0 && r.IntN(10) > 0 {
		var v string
		text := string(s.Enum[r.IntN(len(s.Enum))].Raw)
		if len(text) > 1 {
			v = text[1 : len(text)-1]
		}
		return v
	}
	switch {
	case s.XIntOrString:
		if r.IntN(2) == 0 {
			return texts[r.IntN(len(texts))]
		}
		return number(r, s)
	case s.Type == "integer":
		return number(r, s)
	case s.Type == "boolean":
		return r.IntN(2) == 0
	case s.Type == "array":
		out := []any{}
		for range r.IntN(4) {
			out = append(out, generate(r, s.Items.Schema))
		}
		return out
	case s.Type == "object" && s.AdditionalProperties != nil:
		out := map[string]any{}
		for range r.IntN(3) {
			out[texts[r.IntN(len(texts))]] = generate(r, s.AdditionalProperties.Schema)
		}
		return out
	case s.Type == "object":
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			p := s.Properties[name]
			required := false
			for _, n := range s.Required {
				required = required || n == name
			}
			if required || r.IntN(3) == 0 {
				out[name] = generate(r, &p)
			}
		}
		return out
	}
	return texts[r.IntN(len(texts))]
}

// number may be an integer that looks like none.
func number(r *rand.Rand, s *schema) any {
	n := integers[r.IntN(len(integers))]
	if s.Minimum != nil && s.Maximum != nil && r.IntN(2) == 0 {
		n = int64(*s.Minimum) + r.Int64N(int64(*s.Maximum-*s.Minimum)+1)
	}
	if r.IntN(8) == 0 {
		return float64(n)
	}
	return n
}

// mutate changes something somewhere in a value.
func mutate(r *rand.Rand, s *schema, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(s.Properties) == 0 {
			break
		}
		names := slices.Sorted(maps.Keys(s.Properties))
		name := names[r.IntN(len(names))]
		p := s.Properties[name]
		switch had, ok := v[name]; {
		case ok && r.IntN(5) == 0:
			delete(v, name)
		case ok && r.IntN(3) > 0:
			v[name] = mutate(r, &p, had)
		default:
			v[name] = generate(r, &p)
		}
		return v
	case []any:
		if len(v) > 0 && r.IntN(2) == 0 {
			at := r.IntN(len(v))
			v[at] = mutate(r, s.Items.Schema, v[at])
			return v
		}
		if len(v) < 4 && s.Items != nil {
			return append(v, generate(r, s.Items.Schema))
		}
	}
	return generate(r, s)
}

// some mutates a copy a few times.
func some(r *rand.Rand, s *schema, base map[string]any) map[string]any {
	out := runtime.DeepCopyJSON(base)
	for range 1 + r.IntN(3) {
		if m, ok := mutate(r, s, out).(map[string]any); ok {
			out = m
		}
	}
	return out
}
