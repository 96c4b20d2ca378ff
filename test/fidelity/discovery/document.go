// Package discovery holds exchanges with Compute Engine against the discovery
// document that Google publishes of its API.
package discovery

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// Document is the part of a discovery document that is checked.
type Document struct {
	ServicePath string               `json:"servicePath"`
	Revision    string               `json:"revision"`
	Parameters  map[string]Schema    `json:"parameters"`
	Schemas     map[string]Schema    `json:"schemas"`
	Resources   map[string]resources `json:"resources"`

	methods []*Method
}

type resources struct {
	Methods   map[string]*Method   `json:"methods"`
	Resources map[string]resources `json:"resources"`
}

// Method is one call.
type Method struct {
	ID         string            `json:"id"`
	Path       string            `json:"path"`
	HTTPMethod string            `json:"httpMethod"`
	Parameters map[string]Schema `json:"parameters"`
	Request    *Schema           `json:"request"`
	Response   *Schema           `json:"response"`

	at    *regexp.Regexp
	names []string // of the path's parameters, in order
}

// Schema is the type of a value.
type Schema struct {
	Ref         string            `json:"$ref"`
	Type        string            `json:"type"`
	Format      string            `json:"format"`
	Properties  map[string]Schema `json:"properties"`
	Additional  *Schema           `json:"additionalProperties"`
	Items       *Schema           `json:"items"`
	Enum        []string          `json:"enum"`
	Pattern     string            `json:"pattern"`
	Minimum     string            `json:"minimum"`
	Maximum     string            `json:"maximum"`
	Default     string            `json:"default"`
	ReadOnly    bool              `json:"readOnly"`
	Description string            `json:"description"`
	Required    bool              `json:"required"`
	Repeated    bool              `json:"repeated"`
	Location    string            `json:"location"`
	Annotations struct {
		Required []string `json:"required"` // IDs of methods
	} `json:"annotations"`
}

// Load reads a document.
func Load(file string) (*Document, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the discovery document: %w", err)
	}
	d := &Document{}
	if err := json.Unmarshal(b, d); err != nil {
		return nil, fmt.Errorf("parsing the discovery document %s: %w", file, err)
	}
	for _, r := range d.Resources {
		d.add(r)
	}
	return d, nil
}

// outputOnly reports whether no request may set a field. The document says so by
// readOnly, or, of older fields, in their description alone.
func (s Schema) outputOnly() bool {
	return s.ReadOnly || strings.HasPrefix(strings.TrimPrefix(s.Description, "Output only. "), "[Output Only]")
}

var template = regexp.MustCompile(`\{\+?(\w+)\}`)

func (d *Document) add(r resources) {
	for _, m := range r.Methods {
		text := "^"
		rest := m.Path
		for rest != "" {
			i := template.FindStringSubmatchIndex(rest)
			if i == nil {
				text += regexp.QuoteMeta(rest)
				break
			}
			text += regexp.QuoteMeta(rest[:i[0]]) + "([^/]+)"
			m.names = append(m.names, rest[i[2]:i[3]])
			rest = rest[i[1]:]
		}
		m.at = regexp.MustCompile(text + "$")
		d.methods = append(d.methods, m)
	}
	for _, below := range r.Resources {
		d.add(below)
	}
}

// method finds the call that a request is, with its path's parameters. Where
// several match, such as instances/{instance} and instances/aggregated, the one
// with the fewest parameters is meant.
func (d *Document) method(verb, path string) (found *Method, values map[string]string) {
	path, ok := strings.CutPrefix(strings.TrimPrefix(path, "/"), d.ServicePath)
	if !ok {
		return nil, nil
	}
	for _, m := range d.methods {
		if m.HTTPMethod != verb || found != nil && len(m.names) >= len(found.names) {
			continue
		}
		if got := m.at.FindStringSubmatch(path); got != nil {
			found, values = m, map[string]string{}
			for i, name := range m.names {
				values[name] = got[i+1]
			}
		}
	}
	return found, values
}

// resolve follows a reference.
func (d *Document) resolve(s Schema) Schema {
	if s.Ref == "" {
		return s
	}
	return d.Schemas[s.Ref]
}

// query checks the parameters of a request.
func (d *Document) query(m *Method, path map[string]string, query url.Values, l *deviation.List) {
	for name, value := range path {
		d.parameter(m.Parameters[name], name, value, l)
	}
	for name, values := range query {
		p, ok := m.Parameters[name]
		if !ok || p.Location != "query" {
			p, ok = d.Parameters[name]
		}
		switch {
		case !ok:
			l.Add("?"+name, "there is no such parameter")
		case len(values) > 1 && !p.Repeated:
			l.Add("?"+name, "given more than once")
		default:
			for _, v := range values {
				d.parameter(p, "?"+name, v, l)
			}
		}
	}
	for name, p := range m.Parameters {
		if _, ok := path[name]; p.Required && !ok && !query.Has(name) {
			l.Add("?"+name, "a required parameter is missing")
		}
	}
	if mask := query.Get("fields"); mask != "" && m.Response != nil {
		d.mask(*m.Response, mask, l)
	}
}
