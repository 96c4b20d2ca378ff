package gcesim

import "slices"

// Partial is a list that is not whole, in one of the ways in which the API says
// so.
type Partial struct {
	// Scope is what is left out, such as "zones/us-central1-b"; everything
	// where it is empty.
	Scope string
	// How it is said.
	How PartialWay
	// Code is the warning's (UNREACHABLE where it is empty). By one that means
	// nothing for lists, nothing is left out.
	Code string
}

// PartialWay is a place in a reply where it says that it is not whole.
type PartialWay string

// The ways.
const (
	// ByWarning: the list's own warning.
	ByWarning PartialWay = "warning"
	// ByScope: the warning of the scope, in an aggregated list.
	ByScope PartialWay = "scope"
	// ByUnreachables: the list of scopes that did not answer.
	ByUnreachables PartialWay = "unreachables"
	// ByOutage: as the caller asks by returnPartialSuccess: the call fails, or
	// it is in the warning and the unreachables.
	ByOutage PartialWay = "outage"
	// ByEmpty: an entry without content.
	ByEmpty PartialWay = "empty"
)

// leavesOut are the codes by which a list lacks something.
var leavesOut = []string{"UNREACHABLE", "PARTIAL_SUCCESS", "NOT_CRITICAL_ERROR"}

// partial takes out of a list what the faults say.
func partial(c *call, reply any) (any, *APIError) {
	list, ok := reply.(listReply)
	if !ok {
		return reply, nil
	}
	for _, f := range c.faults {
		if f.Partial == nil {
			continue
		}
		if f.Partial.How == ByOutage && c.query.Get("returnPartialSuccess") != "true" {
			return nil, refuse(503, "backendError", "The scope '%s' could not be reached.", f.Partial.Scope)
		}
		list = f.Partial.cut(list)
	}
	return list, nil
}

func (p Partial) cut(l listReply) listReply {
	code := orDefault(p.Code, "UNREACHABLE")
	w := &messageWarning{Code: code, Message: "The scope '" + p.Scope + "' did not answer."}
	out := slices.Contains(leavesOut, code)
	scoped, aggregated := l.Items.(map[string]any)
	switch {
	case aggregated && out:
		for name := range scoped {
			if name == p.Scope || p.Scope == "" {
				delete(scoped, name)
			}
		}
	case out:
		l.Items, l.NextPageToken = nil, ""
	}
	switch p.How {
	case ByScope:
		had, _ := scoped[p.Scope].(map[string]any)
		if had == nil {
			had = map[string]any{}
		}
		had["warning"] = w
		if aggregated {
			scoped[p.Scope] = had
		}
	case ByUnreachables:
		l.Unreachables = append(l.Unreachables, p.Scope)
	case ByOutage:
		l.Warning, l.Unreachables = w, append(l.Unreachables, p.Scope)
	case ByEmpty:
		l.Items = []any{nil}
	default:
		l.Warning = w
	}
	return l
}
