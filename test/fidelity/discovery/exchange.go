package discovery

import (
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// Meant reports whether a request is one to this API.
func (d *Document) Meant(u *url.URL) bool {
	return strings.HasPrefix(u.Path, "/"+d.ServicePath)
}

// Exchange holds a request and its answer against the document.
func (d *Document) Exchange(verb string, u *url.URL, request string, status int, answer string) []deviation.Deviation {
	asked := &deviation.List{Side: deviation.Request, Operation: verb + " " + u.Path}
	m, values := d.method(verb, u.Path)
	if m == nil {
		asked.Add("", "there is no such method")
		return asked.Found
	}
	asked.Operation = m.ID
	d.query(m, values, u.Query(), asked)
	d.body(m.Request, request, m.ID, asked)
	said := &deviation.List{Side: deviation.Answer, Operation: m.ID}
	if status >= 400 {
		failure(status, answer, said)
	} else {
		if status != 200 {
			said.Add("", "status %d", status)
		}
		d.body(m.Response, answer, "", said)
	}
	return append(asked.Found, said.Found...)
}

func (d *Document) body(s *Schema, text, method string, l *deviation.List) {
	value, err := decode(text)
	switch {
	case s == nil && text != "":
		l.Add("", "a body where there is none")
	case s == nil:
	case err != nil:
		l.Add("", "the body is no JSON document")
	default:
		d.check(*s, value, "", method, l)
	}
}

func decode(text string) (value any, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return value, nil
}

// reason is how the error of a request is called; that of an operation is in
// capitals.
var reason = regexp.MustCompile(`^[a-z][A-Za-z]+$`)

// failure checks the envelope of an error:
// https://cloud.google.com/apis/design/errors, in the form that Compute Engine's
// JSON API has ("errors" with domain, reason and message). An infrastructure in
// front of the API answers 5xx and 429 as it likes, and clients must bear it.
func failure(status int, text string, l *deviation.List) {
	var envelope struct {
		Error *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
			Errors  []struct {
				Domain  string `json:"domain"`
				Reason  string `json:"reason"`
				Message string `json:"message"`
			} `json:"errors"`
		} `json:"error"`
	}
	if err := json.Unmarshal([]byte(text), &envelope); err != nil || envelope.Error == nil {
		if status != 429 && status < 500 {
			l.Add("", "status %d without an error envelope", status)
		}
		return
	}
	e := envelope.Error
	if e.Code != status {
		l.Add("error.code", "%d, and the status is %d", e.Code, status)
	}
	if e.Message == "" {
		l.Add("error.message", "there is none")
	}
	for _, x := range e.Errors {
		if x.Domain == "" || x.Message == "" || !reason.MatchString(x.Reason) {
			l.Add("error.errors[]", "without domain, message or a reason in camel case: %q", x.Reason)
		}
	}
}
