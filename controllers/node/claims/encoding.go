package claims

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"unique"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// An entry is written as JSON, one on a line. What many entries have in common,
// where their prefixes lie, takes half of it: it stands once, on a line of its
// own before theirs, and they end in a mark in its place.
//
//	="request":"pods","subnet":"nodes","range":"vn-pods-0"}
//	{"prefix":"10.0.1.0/24","nodeUID":"…","node":"a","instance":"gce://p/z/a",+
//	{"prefix":"10.0.2.0/24","nodeUID":"…","node":"b","instance":"gce://p/z/b",+
const (
	placeMark = "="
	openMark  = "+"
	// In no JSON string, where quotes are escaped.
	placeKey  = `"request":` // the first of what is common
	beforeKey = `"before":`
)

// line is an entry in the form it is written in: the JSON up to the place and
// from there on.
type line struct{ own, place string }

func lineOf(e allocator.Allocation) line {
	b, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("claims: an entry of plain strings does not marshal: %v", err))
	}
	at := bytes.Index(b, []byte(placeKey))
	return line{string(b[:at]), unique.Make(string(b[at:])).Value()}
}

// size is what the line takes by itself, in bytes; it takes less among others.
func (l line) size() int {
	return len(l.own) + len(openMark+"\n") + len(placeMark) + len(l.place) + len("\n")
}

func joined(lines iter.Seq[line]) string {
	byPlace := map[string][]string{}
	for l := range lines {
		byPlace[l.place] = append(byPlace[l.place], l.own)
	}
	var b strings.Builder
	for place, all := range byPlace {
		b.WriteString(placeMark + place + "\n")
		for _, own := range all {
			b.WriteString(own + openMark + "\n")
		}
	}
	return b.String()
}

func parseEntries(key, text string) ([]allocator.Allocation, error) {
	var out []allocator.Allocation
	place := ""
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if rest, ok := strings.CutPrefix(l, placeMark); ok {
			place = rest
			continue
		}
		if l == "" {
			continue
		}
		whole := l
		if own, open := strings.CutSuffix(l, openMark); open {
			whole = own + place
		}
		e, err := parseEntry(whole)
		if err != nil {
			return nil, fmt.Errorf("key %q, line %q, place %q: %w", key, l, place, err)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b allocator.Allocation) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.NodeUID, b.NodeUID))
	})
	return out, nil
}

func parseEntry(text string) (e allocator.Allocation, err error) {
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return e, err
	}
	if !e.Prefix.IsValid() || e.NodeUID == "" {
		return e, errors.New("no prefix or no node UID")
	}
	for _, p := range e.Before.List() {
		if !prefix.Contains(e.Prefix, p) {
			return e, fmt.Errorf("%s is no part of %s", p, e.Prefix)
		}
	}
	return e, errors.Join(canonical(e.Prefix), canonical(e.Delegated))
}

// canonical refuses prefixes that no pool can hold, and that would so be
// given out to others.
func canonical(p netip.Prefix) error {
	if p != p.Masked() || p.Addr().Is4In6() {
		return fmt.Errorf("%s is not the canonical form of a prefix", p)
	}
	return nil
}
