package discovery

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const small = `{"servicePath": "compute/v1/", "parameters": {"alt": {"type": "string", "enum": ["json"]}, "fields": {"type": "string"}},
"schemas": {
 "Rule": {"type": "object", "properties": {
  "kind": {"type": "string", "default": "compute#rule"},
  "name": {"type": "string", "pattern": "[a-z]+", "annotations": {"required": ["compute.rules.insert"]}},
  "priority": {"type": "integer", "format": "int32", "minimum": "0", "maximum": "100"},
  "direction": {"type": "string", "enum": ["IN", "OUT"]},
  "id": {"type": "string", "format": "uint64"},
  "print": {"type": "string", "format": "byte"},
  "on": {"type": "boolean"},
  "made": {"type": "string", "readOnly": true},
  "link": {"type": "string", "description": "[Output Only] URL."},
  "ports": {"type": "array", "items": {"type": "string"}},
  "labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
 "List": {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "Rule"}}, "next": {"type": "string"}}}},
"resources": {"rules": {"methods": {
 "insert": {"id": "compute.rules.insert", "path": "projects/{project}/rules", "httpMethod": "POST", "request": {"$ref": "Rule"}, "response": {"$ref": "Rule"},
  "parameters": {"project": {"type": "string", "location": "path", "required": true, "pattern": "[a-z0-9]+"}, "must": {"type": "string", "location": "query", "required": true}}},
 "list": {"id": "compute.rules.list", "path": "projects/{project}/rules", "httpMethod": "GET", "response": {"$ref": "List"},
  "parameters": {"project": {"type": "string", "location": "path", "required": true}, "max": {"type": "integer", "location": "query", "maximum": "500"}}}}}}}`

func document(t *testing.T) *Document {
	t.Helper()
	file := filepath.Join(t.TempDir(), "api.json")
	if err := os.WriteFile(file, []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryKindOfDeviationIsFound(t *testing.T) {
	const (
		rules  = "/compute/v1/projects/p/rules"
		insert = rules + "?must=x"
	)
	for name, c := range map[string]struct {
		verb, url, request string
		status             int
		answer, want       string
	}{
		"none":                       {"POST", insert, `{"name": "a", "priority": 3, "direction": "IN", "labels": {"x": "y"}, "ports": ["1"]}`, 200, `{"kind": "compute#rule", "id": "7", "print": "aGk=", "on": true}`, ""},
		"no such path":               {"GET", "/compute/v1/projects/p/rulez", "", 200, "{}", "no such method"},
		"no such verb":               {"PUT", insert, "{}", 200, "{}", "no such method"},
		"a path parameter":           {"POST", "/compute/v1/projects/P/rules?must=x", `{"name": "a"}`, 200, "{}", `project: "P" does not match`},
		"an unknown parameter":       {"GET", rules + "?most=3", "", 200, "{}", "?most: there is no such parameter"},
		"a parameter's bound":        {"GET", rules + "?max=501", "", 200, "{}", "?max: more than 500"},
		"a parameter's type":         {"GET", rules + "?max=many", "", 200, "{}", "no whole number"},
		"a missing parameter":        {"POST", rules, `{"name": "a"}`, 200, "{}", "?must: a required parameter is missing"},
		"a repeated parameter":       {"GET", rules + "?max=1&max=2", "", 200, "{}", "more than once"},
		"a mask":                     {"GET", rules + "?fields=items(name,nome),next", "", 200, "{}", "?fields.items.nome: the mask"},
		"a good mask":                {"GET", rules + "?fields=items/name,next", "", 200, "{}", ""},
		"an unknown field":           {"POST", insert, `{"name": "a", "nome": "b"}`, 200, "{}", "nome: there is no such field"},
		"a missing field":            {"POST", insert, `{}`, 200, "{}", "name: a required field is missing"},
		"a type":                     {"POST", insert, `{"name": "a", "priority": "3"}`, 200, "{}", "a string where integer"},
		"a list":                     {"POST", insert, `{"name": "a", "ports": "1"}`, 200, "{}", "a string where array"},
		"an entry":                   {"POST", insert, `{"name": "a", "ports": [1]}`, 200, "{}", "ports[]: a number where string"},
		"an enumeration":             {"POST", insert, `{"name": "a", "direction": "UP"}`, 200, "{}", "none of the values"},
		"a pattern":                  {"POST", insert, `{"name": "a1"}`, 200, "{}", "does not match [a-z]+"},
		"a bound":                    {"POST", insert, `{"name": "a", "priority": 101}`, 200, "{}", "more than 100"},
		"a field for output":         {"POST", insert, `{"name": "a", "made": "x"}`, 200, "{}", "made: a field that is for output only"},
		"an older field for output":  {"POST", insert, `{"name": "a", "link": "x"}`, 200, "{}", "link: a field that is for output only"},
		"a body where none is":       {"GET", rules, "{}", 200, "{}", "a body where there is none"},
		"no document":                {"GET", rules, "", 200, "<html>", "no JSON document"},
		"the answer's field":         {"GET", rules, "", 200, `{"items": [{"nome": "a"}]}`, "items[].nome: there is no such field"},
		"the answer's kind":          {"GET", rules, "", 200, `{"items": [{"kind": "compute#rules"}]}`, "items[].kind"},
		"the answer's format":        {"GET", rules, "", 200, `{"items": [{"id": "x", "print": "%"}]}`, "not of format uint64"},
		"the answer's null":          {"GET", rules, "", 200, `{"next": null}`, "null in an answer"},
		"a status":                   {"GET", rules, "", 201, "{}", "status 201"},
		"an error":                   {"GET", rules, "", 404, `{"error": {"code": 404, "message": "no", "errors": [{"domain": "global", "reason": "notFound", "message": "no"}]}}`, ""},
		"an error's code":            {"GET", rules, "", 404, `{"error": {"code": 400, "message": "no"}}`, "400, and the status is 404"},
		"an error's reason":          {"GET", rules, "", 404, `{"error": {"code": 404, "message": "no", "errors": [{"domain": "global", "reason": "NOT_FOUND", "message": "no"}]}}`, "camel case"},
		"an error without envelope":  {"GET", rules, "", 404, `no`, "without an error envelope"},
		"a 5xx of what is in front":  {"GET", rules, "", 503, `<html>`, ""},
		"an error with empty reason": {"GET", rules, "", 400, `{"error": {"code": 400, "message": ""}}`, "error.message"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, x := range document(t).Exchange(c.verb, u, c.request, c.status, c.answer) {
				all = append(all, x.String())
			}
			got := strings.Join(all, "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
