package awssim

import (
	"encoding/base64"
	"path"
	"strconv"
	"strings"
)

const (
	minResults      = 5
	maxFilterValues = 200
)

// values tells what an object has under a filter's name; ok is false where
// the resource knows no such filter.
type values[T resource] func(v T, filter string) (got []string, ok bool)

type filter struct {
	name   string
	values []string
}

// filters reads the call's filters.
func (c *call) filters() (out []filter, refusal *APIError) {
	for n := 1; ; n++ {
		at := "Filter." + strconv.Itoa(n)
		name, ok := c.params[at+".Name"]
		if !ok {
			return out, nil
		}
		f := filter{name, c.list(at + ".Value")}
		if len(f.values) == 0 {
			return nil, invalidValue("The filter '%s' has no values", name)
		}
		if len(f.values) > maxFilterValues {
			return nil, refuse("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", maxFilterValues)
		}
		out = append(out, f)
	}
}

// matches reports whether the object has one of the values of each filter, in
// which * and ? stand for any characters.
func matches[T resource](v T, all []filter, of values[T]) (bool, *APIError) {
	for _, f := range all {
		got, ok := tagValues(v.tagged(), f.name)
		if !ok {
			got, ok = of(v, f.name)
		}
		if !ok {
			return false, invalidValue("The filter '%s' is invalid", f.name)
		}
		hit := false
		for _, have := range got {
			for _, want := range f.values {
				m, err := path.Match(strings.ReplaceAll(want, "/", "\x00"), strings.ReplaceAll(have, "/", "\x00"))
				hit = hit || m && err == nil
			}
		}
		if !hit {
			return false, nil
		}
	}
	return true, nil
}

func tagValues(t tags, filter string) (out []string, ok bool) {
	if filter == "tag-key" {
		for _, x := range t {
			out = append(out, x.Key)
		}
		return out, true
	}
	key, ok := strings.CutPrefix(filter, "tag:")
	if v, has := t.get(key); ok && has {
		out = append(out, v)
	}
	return out, ok
}

// find answers a Describe: the objects of the given IDs, or a page of those
// that pass the filters.
func find[T resource](c *call, v view[T], kind idKind, of values[T]) (out []T, next string, refusal *APIError) {
	a := c.service.actions[c.Action]
	all, refusal := c.filters()
	if refusal != nil {
		return nil, "", refusal
	}
	if ids := c.list(a.names); len(ids) > 0 {
		if c.params["MaxResults"] != "" || c.params["NextToken"] != "" {
			return nil, "", refuse("InvalidParameterCombination", "The parameter %s cannot be used with the parameter maxResults", lower(a.names))
		}
		return named(v, kind, ids, all, of)
	}
	var found []T
	for _, x := range v.list() {
		ok, refusal := matches(x, all, of)
		if refusal != nil {
			return nil, "", refusal
		}
		if ok {
			found = append(found, x)
		}
	}
	return paged(c, found, a.many, 0)
}

func named[T resource](v view[T], kind idKind, ids []string, all []filter, of values[T]) (out []T, next string, refusal *APIError) {
	for _, id := range ids {
		x, ok := v.get(id)
		if !ok {
			return nil, "", kind.notFound(id)
		}
		if ok, refusal = matches(x, all, of); refusal != nil {
			return nil, "", refusal
		}
		if ok {
			out = append(out, x)
		}
	}
	return out, "", nil
}

// paged cuts a page out of what is in order of IDs. Without MaxResults it is
// whole, or of the size otherwise where that is not 0.
func paged[T listed](c *call, found []T, most, otherwise int) (out []T, next string, refusal *APIError) {
	size := otherwise
	if c.params["MaxResults"] != "" {
		if size, refusal = c.int("MaxResults"); refusal != nil {
			return nil, "", refusal
		}
		if size < minResults || size > most {
			return nil, "", invalidValue("Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d.", size, minResults, most)
		}
	}
	if token := c.params["NextToken"]; token != "" {
		after, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", refuse("InvalidNextToken", "The token '%s' is invalid", token)
		}
		for len(found) > 0 && found[0].key() <= string(after) {
			found = found[1:]
		}
	}
	if size == 0 || len(found) <= size {
		return found, "", nil
	}
	return found[:size], base64.URLEncoding.EncodeToString([]byte(found[size-1].key())), nil
}
