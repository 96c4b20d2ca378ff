package pool

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// queue lists resting nodes, the one whose rest is over first at the head. What this pool released is in order by
// itself, since all rest equally long; what was remembered from before a restart comes in any order and with any end.
type queue struct {
	head, tail uint32
	unsorted   bool
}

// until is when the rest of what is released now is over, rounded up; 0 where nothing rests. A clock that was set
// back makes nothing rest shorter, and the queue stays in order.
func (p *Pool) until(now time.Time) int64 {
	if p.quarantine == 0 {
		return 0
	}
	p.latest = max(p.latest, now.UnixMicro())
	return p.latest + 1 + p.quarantine
}

// rest appends a node, of length b, to the queue.
func (p *Pool) rest(i uint32, b uint, until int64) {
	q, n := &p.resting, p.nodes.at(i)
	n.next, n.x = 0, pack(resting, uint64(until))
	p.restingAt[b]++
	if q.tail == 0 {
		q.head, q.tail, q.unsorted = i, i, false
		return
	}
	t := p.nodes.at(q.tail)
	t.next = i
	q.unsorted = q.unsorted || int64(t.value()) > until
	q.tail = i
}

// wake frees every prefix whose rest is over.
func (p *Pool) wake(now time.Time) {
	q := &p.resting
	if q.head == 0 {
		return
	}
	p.sort()
	for t := now.UnixMicro(); q.head != 0; {
		i := q.head
		n := p.nodes.at(i)
		if int64(n.value()) > t {
			return
		}
		if q.head = n.next; q.head == 0 {
			q.tail = 0
		}
		p.awake(i)
	}
}

// NextRest returns when the next rest inside the parents ends, once those are over that ended by now; ok is false where
// nothing rests.
func (p *Pool) NextRest(now time.Time) (until time.Time, ok bool) {
	p.wake(now)
	if p.resting.head == 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(int64(p.nodes.at(p.resting.head).value())), true
}

// awake frees a node that was taken off its queue.
func (p *Pool) awake(i uint32) {
	r := p.nodes.at(i).ref
	p.restingAt[p.length(r)]--
	p.insert(r, i, false)
}

// sort brings the queue into order. All that was in it may have been occupied since it was out of order.
func (p *Pool) sort() {
	q := &p.resting
	if !q.unsorted || q.head == 0 {
		q.unsorted = false
		return
	}
	var all []uint32
	for i := q.head; i != 0; i = p.nodes.at(i).next {
		all = append(all, i)
	}
	slices.SortStableFunc(all, func(a, b uint32) int { return cmp.Compare(p.nodes.at(a).value(), p.nodes.at(b).value()) })
	q.head, q.tail, q.unsorted = all[0], all[len(all)-1], false
	for k, i := range all {
		p.nodes.at(i).next = 0
		if k > 0 {
			p.nodes.at(all[k-1]).next = i
		}
	}
}

// unrest takes a node off the queue, wherever in it it is.
func (p *Pool) unrest(i uint32) {
	q := &p.resting
	prev := uint32(0)
	for at := q.head; at != i; at = p.nodes.at(at).next {
		prev = at
	}
	next := p.nodes.at(i).next
	if prev == 0 {
		q.head = next
	} else {
		p.nodes.at(prev).next = next
	}
	if next == 0 {
		q.tail = prev
	}
}

// Rest restores a quarantine remembered from before a restart. Of two ends for one prefix the later one counts.
// What is outside every parent is only remembered. Its error is a *ConflictError where the prefix overlaps
// something in a parent that is in use; then nothing of it rests.
func (p *Pool) Rest(pfx netip.Prefix, until time.Time) error {
	a, b, err := p.parse(pfx)
	if err != nil {
		return fmt.Errorf("quarantining: %w", err)
	}
	if p.full() {
		return ErrTooLarge
	}
	end := max(until.UnixMicro()+1, 1)
	parts := []netip.Prefix{pfx}
	if par := p.parentOf(a, b); par == nil {
		parts = p.parentsIn(pfx)
	} else if s, ok := p.takeAt(a, b, par); ok {
		p.rest(p.nodes.add(s.ref, 0), b, end)
		return nil
	}
	if len(parts) > 0 {
		over, err := p.overlaps(pfx)
		if err != nil {
			return err
		}
		for _, q := range parts {
			p.restAround(q, over, end)
		}
	}
	p.restOutside(pfx, end)
	return nil
}

// restAround rests a prefix inside a parent, of which some parts rest already: these rest for as long as they are to
// at least.
func (p *Pool) restAround(pfx netip.Prefix, over []overlap, end int64) {
	var longer []netip.Prefix
	var shorter []overlap
	for _, o := range over {
		switch {
		case !o.pfx.Overlaps(pfx):
		case end <= o.until:
			longer = append(longer, o.pfx)
		default:
			p.unrest(o.node)
			p.awake(o.node)
			shorter = append(shorter, o)
		}
	}
	p.restPart(prefix.Subtract([]netip.Prefix{pfx}, longer), end)
	for _, o := range shorter {
		p.restPart(prefix.Subtract([]netip.Prefix{o.pfx}, []netip.Prefix{pfx}), o.until)
	}
}

// restPart rests free prefixes, each inside a parent.
func (p *Pool) restPart(free []netip.Prefix, end int64) {
	for _, piece := range free {
		a, b, _ := p.parse(piece)
		if s, ok := p.takeAt(a, b, p.parentOf(a, b)); ok {
			p.rest(p.nodes.add(s.ref, 0), b, end)
		}
	}
}

// restOutside remembers the rest of what is outside every parent, for whoever carries it over to another pool.
func (p *Pool) restOutside(pfx netip.Prefix, end int64) {
	parents := make([]netip.Prefix, 0, len(p.parents))
	for _, par := range p.parents {
		parents = append(parents, par.pfx)
	}
	for _, q := range prefix.Subtract([]netip.Prefix{pfx}, parents) {
		p.restsOutside[q] = max(p.restsOutside[q], end)
	}
}
