// Package awsmodel holds exchanges with EC2 and ELBv2 against the models that
// Amazon publishes of their APIs, as its SDKs are made of.
package awsmodel

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Model is one API, in the form of the SDKs' api-2.json.
type Model struct {
	Metadata struct {
		APIVersion string `json:"apiVersion"`
		Protocol   string `json:"protocol"` // ec2 or query
		ServiceID  string `json:"serviceId"`
		Namespace  string `json:"xmlNamespace"`
	} `json:"metadata"`
	Operations map[string]Operation `json:"operations"`
	Shapes     map[string]*Shape    `json:"shapes"`
}

// Operation is one action.
type Operation struct {
	Input  *Ref `json:"input"`
	Output *Ref `json:"output"`
	Errors []Ref
}

// Ref names a shape, and how a member of it is written.
type Ref struct {
	Shape        string `json:"shape"`
	LocationName string `json:"locationName"`
	QueryName    string `json:"queryName"`
	Wrapper      string `json:"resultWrapper"`
}

// Shape is a type.
type Shape struct {
	Type     string          `json:"type"`
	Members  map[string]*Ref `json:"members"`
	Member   *Ref            `json:"member"`
	Key      *Ref            `json:"key"`
	Value    *Ref            `json:"value"`
	Required []string        `json:"required"`
	Enum     []string        `json:"enum"`
	Pattern  string          `json:"pattern"`
	Min, Max *float64
	Error    struct {
		Code   string `json:"code"`
		Status int    `json:"httpStatusCode"`
	} `json:"error"`
}

// Load reads a model.
func Load(file string) (*Model, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the API's model: %w", err)
	}
	m := &Model{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("parsing the API's model %s: %w", file, err)
	}
	return m, nil
}

func (m *Model) ec2() bool { return m.Metadata.Protocol == "ec2" }

// name is the API's in a deviation.
func (m *Model) name(action string) string {
	if m.ec2() {
		return "ec2." + action
	}
	return "elbv2." + action
}

// asked is how a member is called in a request, said how in an answer.
func (m *Model) asked(name string, r *Ref) string {
	switch {
	case r.QueryName != "":
		return r.QueryName
	case r.LocationName == "":
		return name
	case m.ec2():
		return strings.ToUpper(r.LocationName[:1]) + r.LocationName[1:]
	}
	return r.LocationName
}

func (m *Model) said(name string, r *Ref) string {
	if r.LocationName != "" {
		return r.LocationName
	}
	return name
}

// item is how an entry of a list is called in an answer.
func (m *Model) item(r *Ref) string {
	switch {
	case r.LocationName != "":
		return r.LocationName
	case m.ec2():
		return "item"
	}
	return "member"
}
