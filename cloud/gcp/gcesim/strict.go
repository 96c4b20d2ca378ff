package gcesim

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// What a request may say. Whatever is not modelled is refused: a simulator that
// passes over it is kinder than the cloud.

var (
	everyParam   = []string{"alt", "$alt", "fields", "$fields", "prettyPrint", "key", "quotaUser"}
	listParams   = []string{"filter", "maxResults", "orderBy", "pageToken", "returnPartialSuccess"}
	memberParams = []string{"maxResults", "pageToken", "returnPartialSuccess"}
)

// methodParams are the query parameters of single methods.
var methodParams = map[string][]string{
	"instances.updateNetworkInterface":           {"networkInterface"},
	"networks.listPeeringRoutes":                 append(memberParams, "direction", "peeringName", "region"),
	"subnetworks.get":                            {"views"},
	"subnetworks.list":                           {"views"},
	"subnetworks.aggregatedList":                 {"views"},
	"instanceGroups.listInstances":               memberParams,
	"networkEndpointGroups.listNetworkEndpoints": memberParams,
}

// paramValues are the values of parameters that have only a few.
var paramValues = map[string][]string{
	"direction":            {"INCOMING", "OUTGOING"},
	"includeAllScopes":     {"true", "false"},
	"returnPartialSuccess": {"true", "false"},
	"views":                {"DEFAULT", "WITH_UTILIZATION"},
}

// withoutBody are the methods by POST that say all in the URL.
var withoutBody = []string{"instances.start", "instances.stop"}

func (c *call) params() []string {
	all := slices.Concat(everyParam, methodParams[c.Method])
	switch {
	case c.Mutating:
		return append(all, "requestId")
	case strings.HasSuffix(c.Method, ".aggregatedList"):
		return slices.Concat(all, listParams, []string{"includeAllScopes"})
	case strings.HasSuffix(c.Method, ".list"):
		return append(all, listParams...)
	}
	return all
}

// checkRequest refuses query parameters, their values and bodies that the
// method does not know.
func (c *call) checkRequest(verb string) *APIError {
	known := c.params()
	for _, name := range slices.Sorted(maps.Keys(c.query)) {
		if !slices.Contains(known, name) {
			return refuse(http.StatusBadRequest, "badRequest", "Invalid JSON payload received. Unknown name \"%s\": Cannot bind query parameter.", name)
		}
		if text, values := c.query.Get(name), paramValues[name]; values != nil && text != "" && !slices.Contains(values, text) {
			return invalidField(name, text, "Must be one of %s.", strings.Join(values, ", "))
		}
	}
	reads := (verb == http.MethodPost || verb == http.MethodPatch) && !slices.Contains(withoutBody, c.Method) && !strings.HasSuffix(c.Method, ".wait")
	if reads || len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	return decode(c, &struct{}{})
}

// decode reads a request body into v, and refuses fields that v does not have.
func decode(c *call, v any) *APIError {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil && d.More() {
		return refuse(http.StatusBadRequest, "badRequest", "Invalid JSON payload received. Unexpected token.")
	}
	if err == nil {
		return nil
	}
	if name, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return refuse(http.StatusBadRequest, "badRequest", "Invalid JSON payload received. Unknown name %s: Cannot find field.", name)
	}
	return refuse(http.StatusBadRequest, "badRequest", "Invalid JSON payload received. %v", err)
}

// decodeFields is decode, and the fields that the body has.
func decodeFields(c *call, into any) (map[string]json.RawMessage, *APIError) {
	var fields map[string]json.RawMessage
	if refusal := decode(c, into); refusal != nil {
		return nil, refusal
	}
	return fields, decode(c, &fields)
}
