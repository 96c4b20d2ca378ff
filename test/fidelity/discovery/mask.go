package discovery

import (
	"strings"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// mask checks that every field which a partial response asks for exists:
// "items(name,fingerprint),nextPageToken" or "items/*/instances".
func (d *Document) mask(s Schema, mask string, l *deviation.List) {
	for _, part := range split(mask) {
		d.maskPart(s, part, "?fields", l)
	}
}

func (d *Document) maskPart(s Schema, part, path string, l *deviation.List) {
	s = d.element(s)
	end := strings.IndexAny(part, "/(")
	name := part
	if end >= 0 {
		name = part[:end]
	}
	var below Schema
	switch p, ok := s.Properties[name]; {
	case ok:
		below = p
	case name == "*" && s.Additional != nil:
		below = *s.Additional
	case name == "*" && end < 0:
		return
	default:
		l.Add(deviation.Join(path, name), "the mask asks for a field that there is not")
		return
	}
	if end < 0 {
		return
	}
	rest := part[end+1:]
	if part[end] == '(' {
		rest = strings.TrimSuffix(rest, ")")
	}
	for _, x := range split(rest) {
		d.maskPart(below, x, deviation.Join(path, name), l)
	}
}

// element is what a mask goes on in: lists are passed through.
func (d *Document) element(s Schema) Schema {
	s = d.resolve(s)
	for s.Type == "array" {
		s = d.resolve(*s.Items)
	}
	return s
}

// split cuts at commas outside of parentheses.
func split(mask string) (out []string) {
	depth, from := 0, 0
	for i, c := range mask {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out = append(out, mask[from:i])
			from = i + 1
		}
	}
	return append(out, mask[from:])
}
