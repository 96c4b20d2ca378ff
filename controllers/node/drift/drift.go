// Package drift reports how what Nodes publish, what interfaces carry and what
// the ranges are differ from what is known, and what is done about it. It is
// pure: a comparison is a list of findings, each with its reason, that prints.
package drift

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// Kind is the sort of a finding; conditions, Events and metrics carry it as
// their reason.
type Kind string

const (
	// AliasMissing: a Node publishes a prefix that its instance does not
	// carry. It is put back.
	AliasMissing Kind = "AliasMissing"
	// AliasLeaked: an instance carries what we put there for a Node that is
	// gone. It is taken off.
	AliasLeaked Kind = "AliasLeaked"
	// ForeignAlias: an instance carries a prefix out of a range of ours that
	// we did not put there and that no Node of it uses. It is occupied, and
	// left alone.
	ForeignAlias Kind = "ForeignAlias"
	// ForeignPodCIDR: somebody else gave a Node its podCIDRs, outside every
	// range. They are left alone.
	ForeignPodCIDR Kind = "ForeignPodCIDR"
	// Overlap: a range out of which nothing is given.
	Overlap Kind = "Overlap"
)

// Kinds are all there are.
var Kinds = []Kind{AliasMissing, AliasLeaked, ForeignAlias, ForeignPodCIDR, Overlap}

// Finding is one difference.
type Finding struct {
	Kind    Kind
	Request string // the RangeRequest that it is about
	Object  string // where it was found
	What    string
	Why     string
	Repair  string // empty where nothing is done, since it is not ours
}

func (f Finding) String() string {
	do := "left alone"
	if f.Repair != "" {
		do = f.Repair
	}
	return fmt.Sprintf("%s, request %s: %s %s: %s; %s", f.Kind, f.Request, f.Object, f.What, f.Why, do)
}

// Published is a Node whose prefix its instance does not carry.
type Published struct {
	Request, Node, Instance string
	Prefix                  netip.Prefix
}

// Carried is a prefix out of our ranges on an instance whose Node does not
// publish it.
type Carried struct {
	Request, Instance string
	Prefix            netip.Prefix
	// Node is the instance's Node, where it has one; Idle reports that it has
	// no podCIDRs yet.
	Node string
	Idle bool
	// Holder is the Node that holds the prefix by the allocator, and where; it is
	// empty where none does. Gone reports that the Node is no more, Adopted
	// that we did not put the prefix there.
	Holder, HolderInstance string
	Gone, Adopted          bool
}

func (c Carried) key() string { return c.Instance + " " + c.Prefix.String() }

// Foreign is a Node that a request selects, with podCIDRs outside every
// range.
type Foreign struct {
	Request, Node, PodCIDRs string
}

// Refused is a range out of which nothing is given.
type Refused struct {
	Request, Range, Why string
}

// World is what a reading of everything found to be out of the ordinary.
type World struct {
	Missing []Published
	Carried []Carried
	Foreign []Foreign
	Refused []Refused
	// Before are the keys that the last comparison gave.
	Before map[string]bool
}

// Compare returns the findings, in order, and what to give the next comparison
// as Before. A prefix on an instance that has no Node yet is a finding the
// second time only: a VM may be created with it and its Node be on its way.
func Compare(w World) (out []Finding, next map[string]bool) {
	for _, m := range w.Missing {
		out = append(out, Finding{AliasMissing, m.Request, "node " + m.Node, "publishes " + m.Prefix.String(),
			"the interface of " + m.Instance + " does not carry it", "it is attached again"})
	}
	next = map[string]bool{}
	for _, c := range w.Carried {
		next[c.key()] = true
		if f, ok := c.judge(w.Before[c.key()]); ok {
			out = append(out, f)
		}
	}
	for _, f := range w.Foreign {
		out = append(out, Finding{ForeignPodCIDR, f.Request, "node " + f.Node, "publishes " + f.PodCIDRs,
			"that does not lie in a granted range, so another allocator set it", ""})
	}
	for _, r := range w.Refused {
		out = append(out, Finding{Overlap, r.Request, "range " + r.Range, "is not used", r.Why, ""})
	}
	slices.SortFunc(out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Request, b.Request), cmp.Compare(a.Object, b.Object), cmp.Compare(a.What, b.What))
	})
	return out, next
}

func (c Carried) judge(again bool) (Finding, bool) {
	f := Finding{Kind: ForeignAlias, Request: c.Request, Object: "instance " + c.Instance, What: "carries " + c.Prefix.String()}
	switch {
	case c.Holder != "" && c.HolderInstance != c.Instance:
		f.Why = fmt.Sprintf("node %s holds it, on %s", c.Holder, c.HolderInstance)
	case c.Holder != "" && c.Gone && !c.Adopted:
		f.Kind, f.Why, f.Repair = AliasLeaked, "node "+c.Holder+" is gone", "it is detached after the grace period and quarantined"
	case c.Holder != "":
		return f, false // promised and on its way, or about to be left to the instance
	case c.Node != "" && c.Idle, c.Node == "" && !again:
		return f, false // it is about to be adopted, or may be
	case c.Node != "":
		f.Why = "we did not put it there, and node " + c.Node + " publishes another"
	default:
		f.Why = "we did not put it there, and no Node uses it"
	}
	return f, true
}
