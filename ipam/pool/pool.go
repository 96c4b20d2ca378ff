package pool

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// Owner is an opaque handle of the caller; 0 is no owner.
type Owner uint32

// Config is what a pool gives out. All prefixes are of one family.
type Config struct {
	Parents    []netip.Prefix // must not overlap; neighbours are not merged, so no prefix spans two
	Quarantine time.Duration  // how long a released prefix is kept from being given out again
}

// Pool gives out prefixes of mixed sizes. It does not lock: callers serialise all calls, iterators included.
type Pool struct {
	width    uint8 // 32 or 128; 0 before the first prefix
	restored bool

	parents []*parent // ascending
	byRoot  map[ref]*parent
	rootsAt map[uint]uint32

	chunks chunks
	nodes  nodes
	levels levels

	quarantine int64 // microseconds
	latest     int64 // the latest `now` that a release came with
	resting    queue
	restingAt  [129]uint32

	orphans      map[netip.Prefix]Owner // held, and not inside a parent
	longest      int                    // no orphan is longer than this
	restsOutside map[netip.Prefix]int64 // resting outside every parent: until when, in microseconds since 1970
}

// New makes a pool in which nothing is held and that does not allocate before Restored.
func New(c Config) (*Pool, error) {
	if c.Quarantine < 0 {
		return nil, fmt.Errorf("making a pool: the quarantine is negative: %s", c.Quarantine)
	}
	p := &Pool{
		byRoot:       map[ref]*parent{},
		rootsAt:      map[uint]uint32{},
		orphans:      map[netip.Prefix]Owner{},
		restsOutside: map[netip.Prefix]int64{},
	}
	p.chunks.nodes = &p.nodes
	p.quarantine = (c.Quarantine + time.Microsecond - 1).Microseconds()
	for _, par := range c.Parents {
		if err := p.addParent(par); err != nil {
			return nil, fmt.Errorf("making a pool: %w", err)
		}
	}
	return p, nil
}

// parse checks a prefix. The first one fixes the pool's family.
func (p *Pool) parse(pfx netip.Prefix) (addr, uint, error) {
	a := pfx.Addr()
	if w := uint8(a.BitLen()); pfx.IsValid() && (w == p.width || p.width == 0) {
		n, b := addrOf(a), uint(pfx.Bits())
		if n.mask(b) == n && !a.Is4In6() {
			p.width = w
			return n, b, nil
		}
	}
	family := prefix.Family(0)
	switch p.width {
	case 32:
		family = prefix.IPv4
	case 128:
		family = prefix.IPv6
	}
	return addr{}, 0, prefix.Check(pfx, family)
}

// Restored ends the restore: from now on Allocate works.
func (p *Pool) Restored() { p.restored = true }

// Allocate returns a free prefix of a length to an owner. Its error is ErrNotRestored, ErrNoOwner, ErrTooLarge, a
// *SizeError, or an *ExhaustedError.
func (p *Pool) Allocate(length int, o Owner, now time.Time) (netip.Prefix, error) {
	switch {
	case !p.restored:
		return netip.Prefix{}, ErrNotRestored
	case o == 0:
		return netip.Prefix{}, ErrNoOwner
	case length < 0 || length > int(p.width):
		return netip.Prefix{}, &SizeError{Asked: length, Width: int(p.width)}
	case p.full():
		return netip.Prefix{}, ErrTooLarge
	}
	if p.resting.head != 0 {
		p.wake(now)
	}
	b := uint(length)
	from, ok := p.levels.best(b)
	if !ok {
		return netip.Prefix{}, p.exhausted(length)
	}
	r, node, fresh := p.best(from)
	s := p.where(r)
	p.unfree(r, from, node, fresh)
	s = p.split(s, fresh, b, nil)
	p.nodes.hold(s.ref, o)
	return s.addr.prefix(p.width, b), nil
}

// full reports whether one more operation might overflow a table: it takes at most one node and one chunk a level.
func (p *Pool) full() bool {
	return p.nodes.live > maxNodes-256 || p.chunks.live > maxChunks-256
}

// Lookup reports who holds exactly this prefix.
func (p *Pool) Lookup(pfx netip.Prefix) (Owner, bool) {
	a, b, err := p.parse(pfx)
	if err != nil {
		return 0, false
	}
	if t, j, _ := p.holder(a, b); t != nil {
		return Owner(t.slots[j]), true
	}
	o, ok := p.orphans[pfx]
	return o, ok
}

// holder finds the slot where it is recorded that exactly this prefix is held; the table is nil where it is not.
func (p *Pool) holder(a addr, b uint) (t *table, j uint32, r ref) {
	par := p.parentOf(a, b)
	if par == nil {
		return nil, 0, 0
	}
	if r = p.find(a, b, par); r == 0 {
		return nil, 0, 0
	}
	t = p.nodes.table(r)
	if j, ok := t.find(r.block()); ok && !t.isNode(j) {
		return t, j, r
	}
	return nil, 0, r
}

// Release takes a prefix back; it rests before it is given again. Its error is a *NotHeldError.
func (p *Pool) Release(pfx netip.Prefix, o Owner, now time.Time) error {
	return p.giveBack(pfx, o, p.until(now))
}

// Free takes a prefix back without a rest. This is only for what was never shown to the cloud, such as an
// allocation whose claim was refused. Its error is a *NotHeldError.
func (p *Pool) Free(pfx netip.Prefix, o Owner) error { return p.giveBack(pfx, o, 0) }

// giveBack ends a holding; until 0 is at once.
func (p *Pool) giveBack(pfx netip.Prefix, o Owner, until int64) error {
	a, b, err := p.parse(pfx)
	if err != nil {
		return fmt.Errorf("freeing: %w", err)
	}
	t, j, r := p.holder(a, b)
	if t == nil {
		return p.giveBackOrphan(pfx, o, until)
	}
	if holder := Owner(t.slots[j]); holder != o {
		return &NotHeldError{Prefix: pfx, Owner: o, Holder: holder}
	}
	i := p.nodes.fresh(r, 0)
	t.setNode(j, i)
	if until == 0 {
		p.insert(r, i, false)
		return nil
	}
	p.rest(i, b, until)
	return nil
}
