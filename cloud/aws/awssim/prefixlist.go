package awssim

import (
	"net/netip"
	"slices"
	"strings"
)

// prefixList is a managed prefix list, made by hand.
type prefixList struct {
	ID, Family string
	MaxEntries int
	Entries    []listEntry // in order
}

type listEntry struct {
	Cidr        string `xml:"cidr"`
	Description string `xml:"description,omitempty"`
}

func (l *prefixList) key() string  { return l.ID }
func (l *prefixList) tagged() tags { return nil }
func (e listEntry) key() string    { return e.Cidr }

func (l *prefixList) prefixes() (out []netip.Prefix) {
	for _, e := range l.Entries {
		out = append(out, netip.MustParsePrefix(e.Cidr))
	}
	return out
}

type listEntriesReply struct {
	RequestID string      `xml:"requestId"`
	Entries   []listEntry `xml:"entrySet>item"`
	NextToken string      `xml:"nextToken,omitempty"`
}

// getManagedPrefixListEntries lists the current version's. Source: the API
// reference, which bounds a page by 100.
func getManagedPrefixListEntries(s *Sim, c *call) (any, *APIError) {
	id := c.params["PrefixListId"]
	if id == "" {
		return nil, missing("prefixListId")
	}
	l, ok := see(s, c, s.lists).get(id)
	if !ok {
		return nil, listIDs.notFound(id)
	}
	page, next, refusal := paged(c, l.Entries, mostEntries, mostEntries)
	return listEntriesReply{requestID, page, next}, refusal
}

const mostEntries = 100

// AddPrefixList makes a managed prefix list of one family, of which routes count
// as so many, and gives its ID.
func (s *Sim) AddPrefixList(most int, entries ...netip.Prefix) (id string, err error) {
	s.locked(func() {
		if len(entries) > most {
			err = refuse("PrefixListMaxEntriesExceeded", "The prefix list takes %d entries", most)
			return
		}
		l := &prefixList{ID: s.id(listIDs), Family: "IPv4", MaxEntries: most}
		for _, p := range entries {
			if p.Addr().Is6() {
				l.Family = "IPv6"
			}
			l.Entries = append(l.Entries, listEntry{Cidr: p.String()})
		}
		slices.SortFunc(l.Entries, func(a, b listEntry) int { return strings.Compare(a.Cidr, b.Cidr) })
		s.lists.put(l)
		id = l.ID
	})
	return id, err
}

// DropPrefixList has its owner, another account, share it no longer. Routes to it
// stay.
func (s *Sim) DropPrefixList(id string) { s.locked(func() { s.lists.del(id) }) }
