package gcesim

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// The filter parameter has two forms, never mixed (the reference of any list
// method): a subset of AIP-160 (= != : < > <= >=, AND, OR, parentheses, terms
// side by side mean AND, OR binds closer than AND), or one "field eq RE2" or
// "field ne RE2", which must match the whole value.

type matcher = func(reflect.Value) bool

var legacyFilter = regexp.MustCompile(`^\s*\(?\s*([A-Za-z][\w.]*)\s+(eq|ne)\s+(.*?)\s*$`)

// parseFilter compiles a filter for objects of a type; nil means everything.
func parseFilter(text string, kind reflect.Type) (matcher, *APIError) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var match matcher
	var err error
	if m := legacyFilter.FindStringSubmatch(text); m != nil {
		match, err = legacy(m[1], m[2], m[3], strings.Contains(text[:strings.Index(text, m[1])], "("), kind)
	} else {
		match, err = parseExpression(text, kind)
	}
	if err != nil {
		return nil, invalidField("filter", text, "Invalid list filter expression: %v.", err)
	}
	return match, nil
}

func legacy(name, verb, pattern string, parenthesis bool, kind reflect.Type) (matcher, error) {
	if parenthesis {
		var ok bool
		if pattern, ok = strings.CutSuffix(pattern, ")"); !ok {
			return nil, fmt.Errorf("missing )")
		}
	}
	if n := len(pattern); n >= 2 && (pattern[0] == '"' || pattern[0] == '\'') && pattern[n-1] == pattern[0] {
		pattern = pattern[1 : n-1]
	} else if strings.ContainsAny(pattern, " \t") {
		return nil, fmt.Errorf("a regular expression filter has one field")
	}
	re, err := regexp.Compile(`^(?:` + pattern + `)$`)
	if err != nil {
		return nil, err
	}
	f, err := findField(kind, name)
	if err != nil {
		return nil, err
	}
	want := verb == "eq"
	return func(v reflect.Value) bool {
		return f.any(v, re.MatchString) == want
	}, nil
}

type parser struct {
	tokens []string
	kind   reflect.Type
}

func parseExpression(text string, kind reflect.Type) (matcher, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, kind: kind}
	match, err := p.conjunction()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("unexpected %q", p.tokens[0])
	}
	return match, err
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	t := p.peek()
	if t != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

// conjunction = disjunction { ["AND"] disjunction }
func (p *parser) conjunction() (matcher, error) {
	match, err := p.disjunction()
	for err == nil && p.peek() != "" && p.peek() != ")" {
		if p.peek() == "AND" {
			p.next()
		}
		var more matcher
		left := match
		if more, err = p.disjunction(); err == nil {
			match = func(v reflect.Value) bool { return left(v) && more(v) }
		}
	}
	return match, err
}

// disjunction = term { "OR" term }
func (p *parser) disjunction() (matcher, error) {
	match, err := p.term()
	for err == nil && p.peek() == "OR" {
		p.next()
		var more matcher
		left := match
		if more, err = p.term(); err == nil {
			match = func(v reflect.Value) bool { return left(v) || more(v) }
		}
	}
	return match, err
}

// term = "(" conjunction ")" | field operator value
func (p *parser) term() (matcher, error) {
	if p.peek() == "(" {
		p.next()
		match, err := p.conjunction()
		if err == nil && p.next() != ")" {
			err = fmt.Errorf("missing )")
		}
		return match, err
	}
	name, operator, value := p.next(), p.next(), p.next()
	if !isWord(name) || !isOperator(operator) || value == "" || !isWord(value) && value[0] != '"' {
		return nil, fmt.Errorf("expected field, operator and value at %q", name)
	}
	f, err := findField(p.kind, name)
	if err != nil {
		return nil, err
	}
	return compare(f, operator, unquote(value))
}

func isWord(t string) bool {
	return t != "" && t != "AND" && t != "OR" && t != "NOT" && !strings.ContainsRune(`()=!:<>"`, rune(t[0]))
}

func isOperator(t string) bool {
	switch t {
	case "=", "!=", ":", "<", ">", "<=", ">=":
		return true
	}
	return false
}

func unquote(t string) string {
	if t[0] == '"' {
		return t[1:] // lex has dropped the closing quote and the escapes
	}
	return t
}

// lex splits a filter; a quoted string becomes one token that starts with ".
func lex(text string) ([]string, error) {
	var out []string
	for i := 0; i < len(text); {
		switch ch := text[i]; {
		case ch == ' ' || ch == '\t' || ch == '\n':
			i++
		case ch == '"' || ch == '\'':
			token, length, err := lexQuoted(text[i:])
			if err != nil {
				return nil, err
			}
			out, i = append(out, token), i+length
		case strings.IndexByte("!<>", ch) >= 0 && i+1 < len(text) && text[i+1] == '=':
			out, i = append(out, text[i:i+2]), i+2
		case strings.IndexByte("()=:<>", ch) >= 0:
			out, i = append(out, text[i:i+1]), i+1
		case ch == '!':
			return nil, fmt.Errorf("unexpected '!'")
		default:
			end := i + 1
			for end < len(text) && strings.IndexByte(" \t\n()=!:<>\"'", text[end]) < 0 {
				end++
			}
			out, i = append(out, text[i:end]), end
		}
	}
	return out, nil
}

// lexQuoted reads the string that text begins with, up to the same quote, and
// how long it is there.
func lexQuoted(text string) (token string, length int, err error) {
	out := []byte{'"'}
	for i := 1; i < len(text); i++ {
		if text[i] == text[0] {
			return string(out), i + 1, nil
		}
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		out = append(out, text[i])
	}
	return "", 0, fmt.Errorf("unterminated string")
}
