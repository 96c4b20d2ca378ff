package gcesim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

func (k *lbKind[S, T]) insert(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	v := T(new(S))
	if refusal := decode(c, v); refusal != nil {
		return nil, refusal
	}
	at := spot{c.Project, c.in}
	undo, refusal := k.admit(s, at, v)
	if refusal != nil {
		return nil, refusal
	}
	h, sh := v.header(), k.shelf(s)
	path := strings.TrimPrefix(*h.link, selfLinkBase)
	sh.making[path] = v
	out, refusal := s.begin(c, change{
		kind: "insert", path: path, targetID: *h.id,
		abort: func() {
			delete(sh.making, path)
			undo()
		},
		apply: func() *OperationError {
			delete(sh.making, path)
			sh.put(s.clock.Now(), at.project, at.in, v)
			return nil
		},
	})
	if refusal != nil {
		delete(sh.making, path)
		undo()
	}
	return out, refusal
}

// admit validates a new object and takes what it takes.
func (k *lbKind[S, T]) admit(s *Sim, at spot, v T) (undo func(), refusal *APIError) {
	h := v.header()
	if refusal := checkName(*h.name); refusal != nil {
		return nil, refusal
	}
	sh, path := k.shelf(s), resourcePath(at.project, at.in, k.collection, *h.name)
	if _, ok := sh.get(at.project, at.in, *h.name); ok || s.isBusy(path) {
		return nil, alreadyExists(path)
	}
	if limit := s.quotas[k.quota]; k.count(s, at) >= limit {
		return nil, overQuota(k.quota, limit)
	}
	*h.kind, *h.id, *h.created, *h.link = kindPrefix+k.kind, s.nextID(), s.stamp(), selfLinkBase+path
	where := selfLinkBase + "projects/" + at.project + "/" + at.in.String()
	if h.region != nil && at.in.kind == "regions" {
		*h.region = where
	}
	if h.zone != nil {
		*h.zone = where
	}
	if h.fingerprint != nil {
		*h.fingerprint = s.fingerprint()
	}
	if refusal := k.complete(s, at, v, nil); refusal != nil {
		return nil, refusal
	}
	if k.enter == nil {
		return func() {}, nil
	}
	return k.enter(s, at, v)
}

// count is how many of the project's there are where the quota counts them:
// in the region or zone.
func (k *lbKind[S, T]) count(s *Sim, at spot) (n int) {
	prefix := selfLinkBase + "projects/" + at.project + "/" + at.in.String() + "/"
	k.shelf(s).every(func(v T) {
		if strings.HasPrefix(*v.header().link, prefix) {
			n++
		}
	})
	return n
}

// patch merges as RFC 7396 does: objects by field, lists whole.
func (k *lbKind[S, T]) patch(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path, sh := c.path(k.collection, c.Resource), k.shelf(s)
	old, ok := sh.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	asked := T(new(S))
	fields, refusal := decodeFields(c, asked)
	if refusal != nil {
		return nil, refusal
	}
	if s.isBusy(path) {
		return nil, notReady(path)
	}
	if h := asked.header(); k.versioned || h.fingerprint != nil && *h.fingerprint != "" {
		if refusal := checkFingerprint(*h.fingerprint, *old.header().fingerprint); refusal != nil {
			return nil, refusal
		}
	}
	next := T(new(S))
	*next = *old
	clearNested(next, fields)
	if refusal := decode(c, next); refusal != nil {
		return nil, refusal
	}
	if refusal := k.unchanged(old, next); refusal != nil {
		return nil, refusal
	}
	if refusal := k.complete(s, spot{c.Project, c.in}, next, old); refusal != nil {
		return nil, refusal
	}
	if h := next.header(); h.fingerprint != nil {
		*h.fingerprint = s.fingerprint()
	}
	return s.begin(c, change{kind: "patch", path: path, targetID: *old.header().id, apply: func() *OperationError {
		sh.put(s.clock.Now(), c.Project, c.in, next)
		return nil
	}})
}

// clearNested gives next its own copies of what a merge writes into, and
// empties the lists that are to be replaced and what is null.
func clearNested(next any, fields map[string]json.RawMessage) {
	v := reflect.ValueOf(next).Elem()
	index := jsonFields(v.Type())
	for name, raw := range fields {
		f := v.Field(index[name])
		switch {
		case string(raw) == "null" || f.Kind() == reflect.Slice || f.Kind() == reflect.Map:
			f.SetZero()
		case f.Kind() == reflect.Pointer && !f.IsNil():
			own := reflect.New(f.Type().Elem())
			own.Elem().Set(f.Elem())
			f.Set(own)
			var nested map[string]json.RawMessage
			if own.Elem().Kind() == reflect.Struct && json.Unmarshal(raw, &nested) == nil {
				clearNested(own.Interface(), nested)
			}
		}
	}
}

func (k *lbKind[S, T]) unchanged(old, next T) *APIError {
	was, now := reflect.ValueOf(old).Elem(), reflect.ValueOf(next).Elem()
	index := jsonFields(was.Type())
	for _, name := range slices.Concat(k.fixed, []string{"kind", "id", "creationTimestamp", "name", "selfLink", "region", "zone"}) {
		i, ok := index[name]
		if ok && !reflect.DeepEqual(was.Field(i).Interface(), now.Field(i).Interface()) {
			return invalidField("resource."+name, fmt.Sprint(now.Field(i).Interface()), "The field cannot be modified.")
		}
	}
	return nil
}

func (k *lbKind[S, T]) remove(s *Sim, c *call) (any, *APIError) {
	if op, refusal := s.replayed(c); op != nil || refusal != nil {
		return op, refusal
	}
	path, sh := c.path(k.collection, c.Resource), k.shelf(s)
	v, ok := sh.get(c.Project, c.in, c.Resource)
	if !ok {
		return nil, notFound(path)
	}
	if by := k.userOf(s, v); by != "" {
		return nil, inUse(path, by)
	}
	return s.begin(c, change{kind: "delete", path: path, targetID: *v.header().id, apply: func() *OperationError {
		v, _ := sh.get(c.Project, c.in, c.Resource)
		if by := k.userOf(s, v); by != "" {
			return &OperationError{Code: "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE",
				Message: fmt.Sprintf("The resource '%s' is already being used by '%s'", path, by)}
		}
		sh.del(s.clock.Now(), c.Project, c.in, c.Resource)
		if k.leave != nil {
			k.leave(s, spot{c.Project, c.in}, v)
		}
		return nil
	}})
}

func (k *lbKind[S, T]) userOf(s *Sim, v T) string {
	if k.user == nil {
		return ""
	}
	return k.user(s, v)
}
