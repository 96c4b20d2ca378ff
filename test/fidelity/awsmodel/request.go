package awsmodel

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/test/fidelity/deviation"
)

// tree is a form's fields, by the dots in their names: a value, or more below.
type tree struct {
	value string
	below map[string]*tree
}

func (t *tree) put(name, value string) {
	head, rest, more := strings.Cut(name, ".")
	if t.below == nil {
		t.below = map[string]*tree{}
	}
	next := t.below[head]
	if next == nil {
		next = &tree{}
		t.below[head] = next
	}
	if more {
		next.put(rest, value)
		return
	}
	next.value = value
}

// request checks a form.
func (m *Model) request(op Operation, form url.Values, l *deviation.List) {
	root := &tree{}
	for name, values := range form {
		if name == "Action" || name == "Version" {
			continue
		}
		if len(values) > 1 {
			l.Add(name, "given more than once")
		}
		root.put(name, values[0])
	}
	switch {
	case op.Input != nil:
		m.requested(m.Shapes[op.Input.Shape], root, "", l)
	case len(root.below) > 0:
		l.Add("", "parameters where there are none")
	}
}

func (m *Model) requested(s *Shape, t *tree, path string, l *deviation.List) {
	switch s.Type {
	case "structure":
		m.requestedStructure(s, t, path, l)
	case "list":
		m.requestedList(s, t, path, l)
	case "map":
		l.Add(path, "a map, which no request of ours has")
	default:
		if len(t.below) > 0 {
			l.Add(path, "members where a %s is expected", s.Type)
			return
		}
		m.scalar(s, t.value, path, l)
	}
}

func (m *Model) requestedStructure(s *Shape, t *tree, path string, l *deviation.List) {
	known := map[string]string{}
	for name, r := range s.Members {
		known[m.asked(name, r)] = name
	}
	given := map[string]bool{}
	for name, x := range t.below {
		member, ok := known[name]
		if !ok {
			l.Add(deviation.Join(path, name), "there is no such parameter")
			continue
		}
		given[member] = true
		m.requested(m.Shapes[s.Members[member].Shape], x, deviation.Join(path, member), l)
	}
	for _, name := range s.Required {
		if !given[name] {
			l.Add(deviation.Join(path, name), "a required parameter is missing")
		}
	}
}

// requestedList takes Name.1 of EC2, whose lists are flat, and Name.member.1.
func (m *Model) requestedList(s *Shape, t *tree, path string, l *deviation.List) {
	if !m.ec2() {
		name := m.item(s.Member)
		if t.below[name] == nil && t.value == "" && t.below == nil {
			return // an empty list is written as the name alone
		}
		if t.below[name] == nil || len(t.below) > 1 {
			l.Add(path, "a list is written as .%s.N", name)
			return
		}
		t = t.below[name]
	}
	var numbers []int
	for text, x := range t.below {
		n, err := strconv.Atoi(text)
		if err != nil {
			l.Add(path, "%q is no number of an entry", text)
			continue
		}
		numbers = append(numbers, n)
		m.requested(m.Shapes[s.Member.Shape], x, path+"[]", l)
	}
	slices.Sort(numbers)
	for i, n := range numbers {
		if n != i+1 {
			l.Add(path, "entries are numbered from 1 without a gap")
			break
		}
	}
	bounds(s, float64(len(numbers)), path, l)
}
