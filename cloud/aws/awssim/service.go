package awssim

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// service is one of the APIs behind the endpoint. A request says which it
// wants by its Version, and its signature by the scope.
type service struct {
	name      string // in the scope of signatures and in IAM permissions
	version   string
	namespace string
	actions   map[string]action
	every     []string // parameters that all of its actions know
	denied    string   // the code of what IAM does not allow
	unknown   string   // the code of a parameter that it does not know
	bucket    func(*call) (string, size)
	throttled func() *APIError
	encode    func(s *service, action string, reply any) []byte
	refuse    func(s *service, e *APIError) []byte
}

var (
	compute = &service{
		name: "ec2", version: "2016-11-15", namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
		every: []string{"Action", "Version", "DryRun"}, denied: "UnauthorizedOperation", unknown: "UnknownParameter",
		bucket: computeBucket, throttled: Throttled, encode: encodeCompute, refuse: refuseCompute,
	}
	balancing = &service{
		name: "elasticloadbalancing", version: "2015-12-01", namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
		every: []string{"Action", "Version"}, denied: "AccessDenied", unknown: "ValidationError",
		bucket: balancingBucket, throttled: BalancingThrottled, encode: encodeBalancing, refuse: refuseBalancing,
	}
	services = []*service{compute, balancing}
)

// serviceOf is the service of a version; EC2 where there is none such.
func serviceOf(version string) *service {
	for _, s := range services {
		if s.version == version {
			return s
		}
	}
	return compute
}

var requestService = regexp.MustCompile(`Credential=[^/]+/[^/]+/[^/]+/([^/]+)/`)

// misdirected reports whether a signature is meant for another service.
func (s *service) misdirected(r *http.Request) bool {
	m := requestService.FindStringSubmatch(r.Header.Get("Authorization"))
	return m != nil && m[1] != s.name
}

func (s *service) knows(name string) bool { return slices.Contains(s.every, name) }

func (s *service) unauthorized(action string) *APIError {
	return &APIError{http.StatusForbidden, s.denied, fmt.Sprintf(
		"You are not authorized to perform this operation. User: arn:aws:iam::123456789012:user/test is not authorized to perform: %[1]s:%[2]s"+
			" because no identity-based policy allows the %[1]s:%[2]s action", s.name, action)}
}

func encodeCompute(s *service, action string, reply any) []byte {
	return document(xml.StartElement{Name: xml.Name{Local: action + "Response"}, Attr: s.xmlns()}, func(e *xml.Encoder, start xml.StartElement) error {
		return e.EncodeElement(reply, start)
	})
}

// encodeBalancing puts the reply into a result beside the request's ID, as
// the query protocol of all services but EC2 has it.
func encodeBalancing(s *service, action string, reply any) []byte {
	return document(xml.StartElement{Name: xml.Name{Local: action + "Response"}, Attr: s.xmlns()}, func(e *xml.Encoder, start xml.StartElement) error {
		if err := e.EncodeToken(start); err != nil {
			return err
		}
		if err := e.EncodeElement(reply, xml.StartElement{Name: xml.Name{Local: action + "Result"}}); err != nil {
			return err
		}
		meta := struct {
			ID string `xml:"RequestId"`
		}{requestID}
		if err := e.EncodeElement(meta, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}); err != nil {
			return err
		}
		return e.EncodeToken(start.End())
	})
}

func (s *service) xmlns() []xml.Attr {
	return []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: s.namespace}}
}

func document(start xml.StartElement, write func(*xml.Encoder, xml.StartElement) error) []byte {
	var out bytes.Buffer
	out.WriteString(xml.Header)
	e := xml.NewEncoder(&out)
	if err := write(e, start); err != nil {
		panic(err) // our own types always encode
	}
	if err := e.Flush(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

const requestID = "59dbff89-35bd-4eac-99ed-be587example"

func refuseCompute(_ *service, e *APIError) []byte {
	return fmt.Appendf(nil, "%s<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors><RequestID>%s</RequestID></Response>",
		xml.Header, e.Code, escaped(e.Message), requestID)
}

func refuseBalancing(s *service, e *APIError) []byte {
	by := "Sender"
	if e.Status >= 500 {
		by = "Receiver"
	}
	return fmt.Appendf(nil, `%s<ErrorResponse xmlns=%q><Error><Type>%s</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>`,
		xml.Header, s.namespace, by, e.Code, escaped(e.Message), requestID)
}

func escaped(text string) string {
	var out bytes.Buffer
	if err := xml.EscapeText(&out, []byte(text)); err != nil {
		panic(err)
	}
	return out.String()
}
