package claims

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/types"
)

// Keys of the ConfigMap's data.
const (
	keyEpoch    = "epoch"
	keyHolder   = "holder"
	keySequence = "sequence"
	keyClaims   = "claims"
	keyReleases = "releases"
	keyResting  = "resting"
)

// restGrain is how finely rests are remembered. Prefixes released within one
// grain share a line, and neighbours among them a prefix, so that a thousand
// nodes that go at once take a few bytes. It is added to the rest, never
// taken from it.
const restGrain = 10 * time.Second

// maxYear is the last year of which every time, rounded up, can be written.
const maxYear = 9998

// document is the ledger's content, each entry in the form it is written in.
type document struct {
	claims   map[types.UID]string
	releases map[netip.Prefix]map[types.UID]string // several Nodes may have to give one prefix back
	resting  map[time.Time]*netipx.IPSet           // by the end of the rest
	size     int                                   // of claims and releases, in bytes
}

func newDocument() *document {
	return &document{
		claims:   map[types.UID]string{},
		releases: map[netip.Prefix]map[types.UID]string{},
		resting:  map[time.Time]*netipx.IPSet{},
	}
}

func line(e Entry) string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("claims: an entry of plain strings does not marshal: %v", err))
	}
	return string(b)
}

func (d *document) claim(e Entry) {
	d.endClaim(e.NodeUID)
	l := line(e)
	d.claims[e.NodeUID] = l
	d.size += len(l) + 1
}

func (d *document) endClaim(uid types.UID) bool {
	l, had := d.claims[uid]
	if had {
		delete(d.claims, uid)
		d.size -= len(l) + 1
	}
	return had
}

func (d *document) release(e Entry) {
	d.endRelease(e.NodeUID, e.Prefix)
	if d.releases[e.Prefix] == nil {
		d.releases[e.Prefix] = map[types.UID]string{}
	}
	l := line(e)
	d.releases[e.Prefix][e.NodeUID] = l
	d.size += len(l) + 1
}

// endRelease ends one Node's release of p, or everybody's where no Node is
// named.
func (d *document) endRelease(uid types.UID, p netip.Prefix) {
	if uid == "" {
		d.endReleasesOf(p)
		return
	}
	if l, had := d.releases[p][uid]; had {
		d.size -= len(l) + 1
		delete(d.releases[p], uid)
	}
	if len(d.releases[p]) == 0 {
		delete(d.releases, p)
	}
}

// endReleasesOf ends every release of a prefix: it rests, or a Node publishes
// it, whoever of its earlier Nodes it was to be taken back from.
func (d *document) endReleasesOf(p netip.Prefix) {
	for _, l := range d.releases[p] {
		d.size -= len(l) + 1
	}
	delete(d.releases, p)
}

// rest remembers p until its time, rounded up to the grain, and forgets what
// has rested by now.
func (d *document) rest(p netip.Prefix, until, now time.Time) {
	for t := range d.resting {
		if t.Before(now) {
			delete(d.resting, t)
		}
	}
	end := until.Add(restGrain - 1).Truncate(restGrain).UTC()
	var b netipx.IPSetBuilder
	if had := d.resting[end]; had != nil {
		b.AddSet(had)
	}
	b.AddPrefix(p)
	set, err := b.IPSet()
	if err != nil {
		panic(fmt.Sprintf("claims: resting %v: %v", p, err))
	}
	d.resting[end] = set
}

// render gives the data of the ConfigMap; the epoch's part is added by the
// ledger.
func (d *document) render() map[string]string {
	var rests strings.Builder
	for _, end := range slices.SortedFunc(maps.Keys(d.resting), time.Time.Compare) {
		rests.WriteString(end.Format(time.RFC3339))
		for _, p := range d.resting[end].Prefixes() {
			rests.WriteString(" " + p.String())
		}
		rests.WriteByte('\n')
	}
	var releases strings.Builder
	for _, lines := range d.releases {
		releases.WriteString(joined(lines))
	}
	return map[string]string{
		keyClaims:   joined(d.claims),
		keyReleases: releases.String(),
		keyResting:  rests.String(),
	}
}

func joined(lines map[types.UID]string) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.String()
}

// parse reads what render wrote. A line that does not parse is an error: to
// skip it could hand its prefix out again.
func parse(data map[string]string) (Book, error) {
	var b Book
	var err error
	if b.Claims, err = parseEntries(keyClaims, data[keyClaims]); err != nil {
		return Book{}, err
	}
	if b.Releases, err = parseEntries(keyReleases, data[keyReleases]); err != nil {
		return Book{}, err
	}
	for l := range strings.Lines(data[keyResting]) {
		fields := strings.Fields(l)
		if len(fields) == 0 {
			continue
		}
		end, err := time.Parse(time.RFC3339, fields[0])
		if err == nil && end.UTC().Year() > maxYear {
			err = fmt.Errorf("nothing rests until the year %d", end.Year())
		}
		if err != nil {
			return Book{}, fmt.Errorf("key %q, line %q: %w", keyResting, l, err)
		}
		for _, f := range fields[1:] {
			p, err := netip.ParsePrefix(f)
			if err == nil {
				err = canonical(p)
			}
			if err != nil {
				return Book{}, fmt.Errorf("key %q, line %q: %w", keyResting, l, err)
			}
			b.Resting = append(b.Resting, Rest{Prefix: p, Until: end})
		}
	}
	return b, nil
}

func parseEntries(key, text string) ([]Entry, error) {
	var out []Entry
	for l := range strings.Lines(text) {
		if strings.TrimSpace(l) == "" {
			continue
		}
		var e Entry
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			return nil, fmt.Errorf("key %q, line %q: %w", key, l, err)
		}
		if !e.Prefix.IsValid() || e.NodeUID == "" {
			return nil, fmt.Errorf("key %q, line %q: no prefix or no node UID", key, l)
		}
		if err := errors.Join(canonical(e.Prefix), canonical(e.Delegated)); err != nil {
			return nil, fmt.Errorf("key %q, line %q: %w", key, l, err)
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.NodeUID, b.NodeUID))
	})
	return out, nil
}

// canonical refuses prefixes that no pool can hold, and that would so be
// given out to others.
func canonical(p netip.Prefix) error {
	if p != p.Masked() || p.Addr().Is4In6() {
		return fmt.Errorf("%s is not the canonical form of a prefix", p)
	}
	return nil
}

func fromBook(b Book) *document {
	d := newDocument()
	for _, e := range b.Claims {
		d.claim(e)
	}
	for _, e := range b.Releases {
		d.release(e)
	}
	for _, r := range b.Resting {
		d.rest(r.Prefix, r.Until, time.Time{})
	}
	return d
}

func number(data map[string]string, key string) (int64, error) {
	text := data[key]
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("key %q: %w", key, err)
	}
	return n, nil
}
