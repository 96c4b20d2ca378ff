package gcesim

import (
	"slices"
	"strings"
)

func aggregate[T resource](s *Sim, c *call, t *table[T], kind, collection string, kinds ...string) (any, *APIError) {
	return aggregateFrom(s, c, lookBack(s, c, t), kind, collection, nil, kinds...)
}

// aggregateFrom lists every scope of the kinds where the resource is expected
// (includeAllScopes: of all kinds). Each page names every scope; one without
// an item on this page carries a warning.
func aggregateFrom[T resource](s *Sim, c *call, v view[T], kind, collection string, dress func(T) T, kinds ...string) (any, *APIError) {
	l, refusal := parseListing(c, typeOf[T]())
	if refusal != nil {
		return nil, refusal
	}
	if c.query.Get("includeAllScopes") == "true" {
		kinds = []string{"global", "regions", "zones"}
	}
	items := map[string]any{}
	path := "projects/" + c.Project + "/aggregated/" + collection
	reply := listReply{Kind: kindPrefix + kind + "AggregatedList", ID: path, SelfLink: selfLinkBase + path, Items: items}
	room, full := l.max, false
	token := ""
	for _, in := range s.scopes(kinds) {
		name := in.String()
		var page []T
		if !full && (l.after == nil || name >= l.after.Scope) {
			page, full = take(l, name, v.list(c.Project, in), room)
		}
		if len(page) == 0 {
			items[name] = map[string]any{"warning": emptyScope(name)}
			continue
		}
		last := page[len(page)-1]
		token = l.token(name, last.created(), last.key())
		items[name] = map[string]any{collection: dressed(page, dress)}
		room -= len(page)
	}
	if full {
		reply.NextPageToken = token
	}
	return reply, nil
}

// scopes are all the scopes of some kinds in the order of their names.
func (s *Sim) scopes(kinds []string) []scope {
	var out []scope
	if slices.Contains(kinds, "global") {
		out = append(out, global)
	}
	for region, zones := range s.config.Regions {
		if slices.Contains(kinds, "regions") {
			out = append(out, scope{"regions", region})
		}
		for _, zone := range zones {
			if slices.Contains(kinds, "zones") {
				out = append(out, scope{"zones", zone})
			}
		}
	}
	slices.SortFunc(out, func(a, b scope) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func emptyScope(name string) messageWarning {
	return messageWarning{
		Code:    "NO_RESULTS_ON_PAGE",
		Message: "There are no results for scope '" + name + "' on this page.",
		Data:    []warningData{{Key: "scope", Value: name}},
	}
}
