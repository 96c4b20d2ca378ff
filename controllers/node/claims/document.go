package claims

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"go4.org/netipx"
	"k8s.io/apimachinery/pkg/types"

	"github.com/vpcnative/vpcnative/controllers/node/allocator"
)

// Keys of the ConfigMap's data.
const (
	keyFormat   = "format"
	keyEpoch    = "epoch"
	keyHolder   = "holder"
	keySequence = "sequence"
	keyClaims   = "claims"
	keyReleases = "releases"
	keyResting  = "resting"
)

// format is the form of the ledger's ConfigMaps. It goes up with each change
// that an earlier release would read wrongly or write over, which then refuses
// to. A ConfigMap is of the first that says all that it does, so that who goes
// back to an earlier release is held up only by what that would read wrongly.
const (
	formatFirst  = 1
	formatBefore = 2 // entries may have Before
	format       = formatBefore
)

// formatOf is the form of entries that are written so.
func formatOf(entries ...string) int {
	if slices.ContainsFunc(entries, func(text string) bool { return strings.Contains(text, beforeKey) }) {
		return formatBefore
	}
	return formatFirst
}

// restGrain is how finely rests are remembered. Prefixes released within one
// grain share a line, and neighbours among them a prefix, so that a thousand
// nodes that go at once take a few bytes. It is added to the rest, never
// taken from it.
const restGrain = 10 * time.Second

// maxYear is the last year of which every time, rounded up, can be written.
const maxYear = 9998

// document is the ledger's content, each entry in the form it is written in.
type document struct {
	claims   map[types.UID]line
	releases map[netip.Prefix]map[types.UID]line // several Nodes may have to give one prefix back
	resting  map[time.Time]*netipx.IPSet         // by the end of the rest
	size     int                                 // of claims and releases at most, in bytes
}

func newDocument() *document {
	return &document{
		claims:   map[types.UID]line{},
		releases: map[netip.Prefix]map[types.UID]line{},
		resting:  map[time.Time]*netipx.IPSet{},
	}
}

func (d *document) claim(e allocator.Allocation) {
	d.endClaim(e.NodeUID)
	l := lineOf(e)
	d.claims[e.NodeUID] = l
	d.size += l.size()
}

func (d *document) endClaim(uid types.UID) bool {
	l, had := d.claims[uid]
	if had {
		delete(d.claims, uid)
		d.size -= l.size()
	}
	return had
}

func (d *document) release(e allocator.Allocation) {
	d.endRelease(e.NodeUID, e.Prefix)
	if d.releases[e.Prefix] == nil {
		d.releases[e.Prefix] = map[types.UID]line{}
	}
	l := lineOf(e)
	d.releases[e.Prefix][e.NodeUID] = l
	d.size += l.size()
}

// endRelease ends one Node's release of p, or everybody's where no Node is
// named, and reports whether there was one.
func (d *document) endRelease(uid types.UID, p netip.Prefix) bool {
	if uid == "" {
		return d.endReleasesOf(p)
	}
	l, had := d.releases[p][uid]
	if had {
		d.size -= l.size()
		delete(d.releases[p], uid)
	}
	if len(d.releases[p]) == 0 {
		delete(d.releases, p)
	}
	return had
}

// endReleasesOf ends every release of a prefix: it rests, or a Node publishes
// it, whoever of its earlier Nodes it was to be taken back from.
func (d *document) endReleasesOf(p netip.Prefix) bool {
	had := len(d.releases[p]) > 0
	for _, l := range d.releases[p] {
		d.size -= l.size()
	}
	delete(d.releases, p)
	return had
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

// render returns the data of the ConfigMap; the epoch's part is added by the
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
	return map[string]string{
		keyClaims:   joined(maps.Values(d.claims)),
		keyReleases: joined(d.allReleases()),
		keyResting:  rests.String(),
	}
}

func (d *document) allReleases() iter.Seq[line] {
	return func(yield func(line) bool) {
		for _, lines := range d.releases {
			for _, l := range lines {
				if !yield(l) {
					return
				}
			}
		}
	}
}

// parse reads what render wrote. A line that does not parse is an error: to
// skip it could hand its prefix out again.
func parse(data map[string]string) (Records, error) {
	var b Records
	var err error
	if b.Claims, err = parseEntries(keyClaims, data[keyClaims]); err != nil {
		return Records{}, err
	}
	if b.Releases, err = parseEntries(keyReleases, data[keyReleases]); err != nil {
		return Records{}, err
	}
	for l := range strings.Lines(data[keyResting]) {
		fields := strings.Fields(l)
		if len(fields) == 0 {
			continue
		}
		end, err := time.Parse(time.RFC3339, fields[0])
		if err == nil && end.UTC().Year() > maxYear {
			err = fmt.Errorf("nothing is quarantined until the year %d", end.Year())
		}
		if err != nil {
			return Records{}, fmt.Errorf("key %q, line %q: %w", keyResting, l, err)
		}
		for _, f := range fields[1:] {
			p, err := netip.ParsePrefix(f)
			if err == nil {
				err = canonical(p)
			}
			if err != nil {
				return Records{}, fmt.Errorf("key %q, line %q: %w", keyResting, l, err)
			}
			b.Resting = append(b.Resting, allocator.Resting{Prefix: p, Until: end})
		}
	}
	return b, nil
}

func fromRecords(b Records) *document {
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
