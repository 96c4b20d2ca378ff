package awsmodel

import (
	"net/url"
	"slices"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// Meant reports whether a request's form is one to this API.
func (m *Model) Meant(form url.Values) bool {
	return form.Get("Version") == m.Metadata.APIVersion
}

// Exchange holds a request and its answer against the model.
func (m *Model) Exchange(form url.Values, status int, answer string) []deviation.Deviation {
	action := form.Get("Action")
	asked := &deviation.List{Side: deviation.Request, Operation: m.name(action)}
	op, ok := m.Operations[action]
	if !ok {
		asked.Add("", "there is no such action")
		return asked.Found
	}
	m.request(op, form, asked)
	said := &deviation.List{Side: deviation.Answer, Operation: m.name(action)}
	switch {
	case status >= 400:
		m.failure(op, status, answer, said)
	case status != 200:
		said.Add("", "status %d", status)
	default:
		m.answer(action, op, answer, said)
	}
	return append(asked.Found, said.Found...)
}

// failure checks the envelope of an error, and its code. What stands in front
// of an API may answer 5xx as it likes, and clients must bear it.
func (m *Model) failure(op Operation, status int, text string, l *deviation.List) {
	root, err := parse(text)
	if err != nil {
		if status < 500 {
			l.Add("", "status %d without an error envelope", status)
		}
		return
	}
	e, id := root.child("Error"), root.content("RequestId")
	want := "ErrorResponse"
	if m.ec2() {
		want, id = "Response", root.content("RequestID")
		if list := root.child("Errors"); list != nil {
			e = list.child("Error")
		}
	}
	if root.XMLName.Local != want || e == nil || id == "" {
		l.Add("", "the error is not in the envelope of the %s protocol", m.Metadata.Protocol)
		return
	}
	code := e.content("Code")
	if e.content("Message") == "" {
		l.Add("", "error %s without a message", code)
	}
	if m.ec2() {
		if !slices.Contains(ec2Codes, code) {
			l.Add("", "%q is no error code of EC2", code)
		}
		return
	}
	m.elbCode(op, code, status, l)
}

func (m *Model) elbCode(op Operation, code string, status int, l *deviation.List) {
	if slices.Contains(commonCodes, code) {
		return
	}
	for _, r := range op.Errors {
		if s := m.Shapes[r.Shape]; s.Error.Code == code {
			if s.Error.Status != 0 && s.Error.Status != status {
				l.Add("", "error %s with status %d, and it is %d", code, status, s.Error.Status)
			}
			return
		}
	}
	l.Add("", "%q is none of the action's error codes", code)
}
