package gcesim

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/vpcnative/vpcnative/cloud/simulate"
)

type listReply struct {
	Kind          string `json:"kind,omitempty"`
	ID            string `json:"id,omitempty"`
	Items         any    `json:"items,omitempty"`
	NextPageToken string `json:"nextPageToken,omitempty"`
	SelfLink      string `json:"selfLink,omitempty"`
	// Warning and Unreachables are empty unless a fault says otherwise.
	Warning      *messageWarning `json:"warning,omitempty"`
	Unreachables []string        `json:"unreachables,omitempty"`
}

// listing is what a list call asks for.
type listing struct {
	max    int
	newest bool // by creation, newest first; else by name
	after  *pageToken
	match  func(reflect.Value) bool
}

// pageToken is the last item of the page before.
type pageToken struct {
	Scope string `json:"s,omitempty"`
	Time  string `json:"t,omitempty"`
	Name  string `json:"n"`
}

func (t pageToken) String() string {
	b, _ := json.Marshal(t)
	return base64.URLEncoding.EncodeToString(b)
}

func parseListing(c *call, kind reflect.Type) (listing, *APIError) {
	max, refusal := c.maxResults()
	l := listing{max: max}
	if refusal != nil {
		return l, refusal
	}
	switch order := strings.Join(strings.Fields(c.query.Get("orderBy")), " "); order {
	case "", "name", "name asc":
	case "creationTimestamp desc":
		l.newest = true
	default:
		return l, invalidField("orderBy", order, "Invalid sort order.")
	}
	if text := c.query.Get("pageToken"); text != "" {
		l.after = &pageToken{}
		b, err := base64.URLEncoding.DecodeString(text)
		if err != nil || json.Unmarshal(b, l.after) != nil || l.newest != (l.after.Time != "") {
			return l, invalidField("pageToken", text, "The page token is not valid for this list.")
		}
	}
	l.match, refusal = parseFilter(c.query.Get("filter"), kind)
	return l, refusal
}

func (c *call) maxResults() (int, *APIError) {
	text := c.query.Get("maxResults")
	if text == "" {
		return defaultMaxResults, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > defaultMaxResults {
		return 0, invalidField("maxResults", text, "Must be between 0 and %d, inclusive.", defaultMaxResults)
	}
	return orDefault(n, defaultMaxResults), nil
}

// numberedPage is a page of what are no resources: the token is the number of
// those before it.
func numberedPage[T any](c *call, list []T) (items any, next string, refusal *APIError) {
	max, refusal := c.maxResults()
	if refusal != nil {
		return nil, "", refusal
	}
	from := 0
	if text := c.query.Get("pageToken"); text != "" {
		var err error
		if from, err = strconv.Atoi(text); err != nil || from < 0 {
			return nil, "", invalidField("pageToken", text, "The page token is not valid for this list.")
		}
	}
	from = min(from, len(list))
	to := min(from+max, len(list))
	if to < len(list) {
		next = strconv.Itoa(to)
	}
	if from == to {
		return nil, "", nil
	}
	return list[from:to], next, nil
}

// take appends to page the items of one scope that match and come after the
// token; full is true when there is at least one more than fits.
func take[T resource](l listing, in string, items []T, room int) (page []T, full bool) {
	if l.newest {
		newestFirst(items)
	}
	for _, v := range items {
		if l.after != nil && in == l.after.Scope && !l.beyond(v.created(), v.key()) {
			continue
		}
		if l.match != nil && !l.match(reflect.ValueOf(v).Elem()) {
			continue
		}
		if len(page) == room {
			return page, true
		}
		page = append(page, v)
	}
	return page, false
}

// newestFirst orders items that come in order of their names; those of one time
// stay in that order. The names of operations sort by time, and there may be
// thousands: they are only turned around.
func newestFirst[T resource](items []T) {
	older := func(a, b T) int { return strings.Compare(a.created(), b.created()) }
	if !slices.IsSortedFunc(items, older) {
		slices.SortStableFunc(items, func(a, b T) int { return older(b, a) })
		return
	}
	slices.Reverse(items)
	for len(items) > 0 {
		n := 1
		for n < len(items) && older(items[0], items[n]) == 0 {
			n++
		}
		slices.Reverse(items[:n])
		items = items[n:]
	}
}

func (l listing) beyond(created, name string) bool {
	if !l.newest || created == l.after.Time {
		return name > l.after.Name
	}
	return created < l.after.Time
}

func (l listing) token(in, created, name string) string {
	t := pageToken{Scope: in, Name: name}
	if l.newest {
		t.Time = created
	}
	return t.String()
}

func typeOf[T resource]() reflect.Type { return reflect.TypeFor[T]().Elem() }

func list[T resource](s *Sim, c *call, t *table[T], kind, collection string) (any, *APIError) {
	return listFrom(s, c, lookBack(s, c, t), kind, collection, nil)
}

// listFrom lists one scope; dress, if set, alters each item of the page.
func listFrom[T resource](s *Sim, c *call, v view[T], kind, collection string, dress func(T) T) (any, *APIError) {
	l, refusal := parseListing(c, typeOf[T]())
	if refusal != nil {
		return nil, refusal
	}
	page, full := take(l, "", v.list(c.Project, c.in), l.max)
	path := "projects/" + c.Project + "/" + c.in.String() + "/" + collection
	reply := listReply{Kind: kindPrefix + kind + "List", ID: path, SelfLink: selfLinkBase + path}
	if full {
		last := page[len(page)-1]
		reply.NextPageToken = l.token("", last.created(), last.key())
	}
	if len(page) > 0 {
		reply.Items = dressed(page, dress)
	}
	return reply, nil
}

func dressed[T any](page []T, dress func(T) T) []T {
	if dress != nil {
		for i := range page {
			page[i] = dress(page[i])
		}
	}
	return page
}

// lookBack is the table as the call sees it: now, or as a fault says.
func lookBack[T resource](s *Sim, c *call, t *table[T]) view[T] {
	return view[T]{t, t.journal.Past(s.clock.Now(), simulate.AgeOf[Fault, Call](c.faults), func(p placed) bool {
		if c.Resource != "" && (p.name != c.Resource || p.in.scope != c.in) {
			return false
		}
		return p.in.project == c.Project
	})}
}
