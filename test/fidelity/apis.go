package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/vpcnative/vpcnative/test/fidelity/awsmodel"
	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
	"github.com/vpcnative/vpcnative/test/fidelity/discovery"
)

// exchange is a line of a record: cloud/simulate writes them.
type exchange struct {
	Method      string `json:"method"`
	URL         string `json:"url"`
	RequestType string `json:"requestType"`
	Request     string `json:"request"`
	Status      int    `json:"status"`
	AnswerType  string `json:"answerType"`
	Answer      string `json:"answer"`
}

// apis are the published ones.
type apis struct {
	compute *discovery.Document
	amazon  []*awsmodel.Model
}

func load(google, amazon string) (*apis, error) {
	compute, err := discovery.Load(filepath.Join(google, "compute/v1/compute-api.json"))
	if err != nil {
		return nil, err
	}
	a := &apis{compute: compute}
	for _, name := range []string{"ec2/2016-11-15", "elasticloadbalancingv2/2015-12-01"} {
		m, err := awsmodel.Load(filepath.Join(amazon, "models/apis", name, "api-2.json"))
		if err != nil {
			return nil, err
		}
		a.amazon = append(a.amazon, m)
	}
	return a, nil
}

// check holds an exchange against the API that it is with.
func (a *apis) check(x exchange) (api string, found []deviation.Deviation, err error) {
	u, err := url.Parse(x.URL)
	if err != nil {
		return "", nil, err
	}
	if a.compute.Meant(u) {
		found = a.compute.Exchange(x.Method, u, x.Request, x.Status, x.Answer)
		return "Compute Engine", append(found, contentType(x)...), nil
	}
	form, err := url.ParseQuery(x.Request)
	if err != nil {
		return "", nil, fmt.Errorf("%s %s: the body is no form: %w", x.Method, x.URL, err)
	}
	for _, m := range a.amazon {
		if m.Meant(form) {
			return m.Metadata.ServiceID, m.Exchange(form, x.Status, x.Answer), nil
		}
	}
	return "", []deviation.Deviation{{Side: deviation.Request, Operation: x.Method + " " + u.Path, What: "of none of the APIs"}}, nil
}

// contentType is what a body is said to be. Clients choose their decoder by it.
func contentType(x exchange) []deviation.Deviation {
	if x.Status >= 400 || x.Answer == "" || strings.HasPrefix(x.AnswerType, "application/json") {
		return nil
	}
	return []deviation.Deviation{{Side: deviation.Answer, Operation: x.Method, What: "the content type is " + x.AnswerType}}
}
