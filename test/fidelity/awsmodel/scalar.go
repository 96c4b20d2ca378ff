package awsmodel

import (
	"encoding/base64"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// scalar checks a value that is written as text.
func (m *Model) scalar(s *Shape, v, path string, l *deviation.List) {
	switch s.Type {
	case "integer", "long":
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			l.Add(path, "%q is no whole number", v)
			return
		}
		bounds(s, float64(n), path, l)
	case "double", "float":
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			l.Add(path, "%q is no number", v)
		}
	case "boolean":
		if v != "true" && v != "false" {
			l.Add(path, "%q is no boolean", v)
		}
	case "timestamp":
		if _, err := time.Parse(time.RFC3339, v); err != nil {
			l.Add(path, "%q is no time", v)
		}
	case "blob":
		if _, err := base64.StdEncoding.DecodeString(v); err != nil {
			l.Add(path, "not in base 64")
		}
	case "string":
		m.text(s, v, path, l)
	default:
		l.Add(path, "a text where a %s is expected", s.Type)
	}
}

func (m *Model) text(s *Shape, v, path string, l *deviation.List) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		l.Add(path, "%q is none of the values that there are", v)
	}
	if s.Pattern != "" {
		if re := deviation.Full(s.Pattern); re != nil && !re.MatchString(v) {
			l.Add(path, "%q does not match %s", v, s.Pattern)
		}
	}
	n := float64(utf8.RuneCountInString(v))
	if s.Min != nil && n < *s.Min || s.Max != nil && n > *s.Max {
		l.Add(path, "%q is too short or too long", v)
	}
}

func bounds(s *Shape, n float64, path string, l *deviation.List) {
	if s.Min != nil && n < *s.Min {
		l.Add(path, "less than %v", *s.Min)
	}
	if s.Max != nil && n > *s.Max {
		l.Add(path, "more than %v", *s.Max)
	}
}
