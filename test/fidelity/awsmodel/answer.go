package awsmodel

import (
	"bytes"
	"encoding/xml"
	"strings"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// element is a part of an XML document.
type element struct {
	XMLName  xml.Name
	Text     string    `xml:",chardata"`
	Children []element `xml:",any"`
}

func (e *element) child(name string) *element {
	for i := range e.Children {
		if e.Children[i].XMLName.Local == name {
			return &e.Children[i]
		}
	}
	return nil
}

func (e *element) content(name string) string {
	if c := e.child(name); c != nil {
		return strings.TrimSpace(c.Text)
	}
	return ""
}

func parse(text string) (*element, error) {
	e := &element{}
	return e, xml.NewDecoder(bytes.NewBufferString(text)).Decode(e)
}

// answer checks the document of a call that succeeded.
func (m *Model) answer(action string, op Operation, text string, l *deviation.List) {
	root, err := parse(text)
	if err != nil {
		l.Add("", "the body is no XML document")
		return
	}
	if want := action + "Response"; root.XMLName.Local != want {
		l.Add("", "the document is %s and not %s", root.XMLName.Local, want)
	}
	if strings.TrimSuffix(root.XMLName.Space, "/") != strings.TrimSuffix(m.Metadata.Namespace, "/") {
		l.Add("", "the namespace is %q", root.XMLName.Space)
	}
	if m.ec2() {
		m.ec2Answer(op, root, l)
		return
	}
	if root.child("ResponseMetadata") == nil || root.child("ResponseMetadata").content("RequestId") == "" {
		l.Add("", "there is no request ID")
	}
	if op.Output == nil {
		return
	}
	result := root.child(op.Output.Wrapper)
	if result == nil {
		l.Add("", "there is no %s", op.Output.Wrapper)
		return
	}
	m.answered(m.Shapes[op.Output.Shape], result, "", l)
}

// ec2Answer has the members beside the request ID. A call without a result of
// its own answers <return>true</return>.
func (m *Model) ec2Answer(op Operation, root *element, l *deviation.List) {
	if root.content("requestId") == "" {
		l.Add("", "there is no request ID")
	}
	body := *root
	body.Children = nil
	for _, c := range root.Children {
		if c.XMLName.Local != "requestId" && (op.Output != nil || c.XMLName.Local != "return") {
			body.Children = append(body.Children, c)
		}
	}
	s := &Shape{Type: "structure"}
	if op.Output != nil {
		s = m.Shapes[op.Output.Shape]
	}
	m.answered(s, &body, "", l)
}

func (m *Model) answered(s *Shape, e *element, path string, l *deviation.List) {
	switch s.Type {
	case "structure":
		known, given := map[string]string{}, map[string]bool{}
		for name, r := range s.Members {
			known[m.said(name, r)] = name
		}
		for i := range e.Children {
			c := &e.Children[i]
			member, ok := known[c.XMLName.Local]
			if !ok {
				l.Add(deviation.Join(path, c.XMLName.Local), "there is no such member")
				continue
			}
			if given[member] {
				l.Add(deviation.Join(path, member), "said more than once")
			}
			given[member] = true
			m.answered(m.Shapes[s.Members[member].Shape], c, deviation.Join(path, member), l)
		}
		for _, name := range s.Required {
			if !given[name] {
				l.Add(deviation.Join(path, name), "a required member is missing")
			}
		}
	case "list":
		for i := range e.Children {
			c := &e.Children[i]
			if c.XMLName.Local != m.item(s.Member) {
				l.Add(path, "an entry is called %s and not %s", c.XMLName.Local, m.item(s.Member))
			}
			m.answered(m.Shapes[s.Member.Shape], c, path+"[]", l)
		}
	case "map":
		l.Add(path, "a map, which no answer to us has")
	default:
		if len(e.Children) > 0 {
			l.Add(path, "members where a %s is expected", s.Type)
			return
		}
		m.scalar(s, e.Text, path, l)
	}
}
