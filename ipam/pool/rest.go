package pool

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/ipam/prefix"
)

// queue lists resting nodes, the one whose rest is over first at the head.
type queue struct {
	head, tail uint32
	unsorted   bool
}

// rests are the resting prefixes in two queues. What this pool released is in order by itself, since all rest
// equally long; what was remembered from before a restart may come in any order and with any end.
type rests struct {
	quarantine         int64 // microseconds
	latest             int64 // the latest `now` that any call came with
	released, restored queue
}

// until is when the rest of what is released now is over, rounded up; 0 where nothing rests. A clock that was set
// back makes nothing rest shorter, and the queue stays in order.
func (r *rests) until(now time.Time) int64 {
	if r.quarantine == 0 {
		return 0
	}
	r.latest = max(r.latest, now.UnixMicro())
	return r.latest + 1 + r.quarantine
}

// rest appends a node, of length b, to a queue.
func (p *Pool) rest(q *queue, i uint32, b uint, until int64) {
	n := p.nodes.at(i)
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
	r := &p.rests
	if r.released.head|r.restored.head == 0 {
		return
	}
	p.sort(&r.restored)
	t := now.UnixMicro()
	for {
		q, at := &r.released, p.over(&r.released)
		if u := p.over(&r.restored); u < at {
			q, at = &r.restored, u
		}
		if at > t {
			return
		}
		i := q.head
		n := p.nodes.at(i)
		if q.head = n.next; q.head == 0 {
			q.tail = 0
		}
		p.awake(i)
	}
}

// NextRest gives when the next rest inside the parents ends, once those are over that ended by now; ok is false where
// nothing rests.
func (p *Pool) NextRest(now time.Time) (until time.Time, ok bool) {
	p.wake(now)
	p.sort(&p.rests.restored)
	next := min(p.over(&p.rests.released), p.over(&p.rests.restored))
	return time.UnixMicro(next), next < 1<<63-1
}

// over is when the first of a queue may be given again.
func (p *Pool) over(q *queue) int64 {
	if q.head == 0 {
		return 1<<63 - 1
	}
	return int64(p.nodes.at(q.head).value())
}

// awake frees a node that was taken off its queue.
func (p *Pool) awake(i uint32) {
	r := p.nodes.at(i).ref
	p.restingAt[p.length(r)]--
	p.insert(r, i, false)
}

// sort brings a queue into order. All that was in it may have been occupied since it was out of order.
func (p *Pool) sort(q *queue) {
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

// unrest takes a node off its queue, wherever in it it is.
func (p *Pool) unrest(i uint32) {
	for _, q := range []*queue{&p.rests.released, &p.rests.restored} {
		for prev, at := uint32(0), q.head; at != 0; prev, at = at, p.nodes.at(at).next {
			if at != i {
				continue
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
			return
		}
	}
}

// Rest restores a quarantine remembered from before a restart. Of two ends for one prefix the later one counts.
// Outside every parent it is remembered for the parent that may be added again. Its error is a *ConflictError
// where the prefix overlaps something that is in use.
func (p *Pool) Rest(pfx netip.Prefix, until time.Time) error {
	a, b, err := p.parse(pfx)
	if err != nil {
		return fmt.Errorf("resting: %w", err)
	}
	if p.full() {
		return ErrTooLarge
	}
	end := max(until.UnixMicro()+1, 1)
	par := p.parentOf(a, b)
	if par == nil || len(prefix.Overlapping(p.exclude, pfx)) > 0 {
		if par == nil {
			p.restOutside(pfx, end)
		}
		p.restPieces(pfx, end)
		return nil
	}
	if s, ok := p.takeAt(a, b, par); ok {
		p.rest(&p.rests.restored, p.nodes.add(s.ref, 0), b, end)
		return nil
	}
	over, err := p.overlaps(pfx)
	if err != nil {
		return err
	}
	p.restAround(pfx, over, end)
	return nil
}

// restAround rests a prefix, of which some parts rest already: these rest for as long as they are to at least.
func (p *Pool) restAround(pfx netip.Prefix, over []overlap, end int64) {
	minus := make([]netip.Prefix, 0, len(over))
	for _, o := range over {
		if end <= o.until {
			minus = append(minus, o.pfx)
			continue
		}
		p.unrest(o.node)
		p.awake(o.node)
	}
	p.restPart(prefix.Subtract([]netip.Prefix{pfx}, minus), end)
	for _, o := range over {
		if end > o.until {
			p.restPart(prefix.Subtract([]netip.Prefix{o.pfx}, []netip.Prefix{pfx}), o.until)
		}
	}
}

// restPart rests free prefixes.
func (p *Pool) restPart(free []netip.Prefix, end int64) {
	for _, piece := range free {
		a, b, _ := p.parse(piece)
		if s, ok := p.takeAt(a, b, p.parentOf(a, b)); ok {
			p.rest(&p.rests.restored, p.nodes.add(s.ref, 0), b, end)
		}
	}
}

// restPieces rests what of a prefix is in the pool's space and not in use.
func (p *Pool) restPieces(pfx netip.Prefix, end int64) {
	for todo := p.pieces(pfx); len(todo) > 0; {
		piece := todo[0]
		todo = todo[1:]
		over, err := p.overlaps(piece)
		var conflict *ConflictError
		if errors.As(err, &conflict) {
			todo = append(todo, prefix.Subtract([]netip.Prefix{piece}, []netip.Prefix{conflict.With})...)
			continue
		}
		p.restAround(piece, over, end)
	}
}

// restOutside remembers the rest of what is outside every parent, for the parent that may be added again. The list
// is cleared of rests that are over whenever it has doubled.
func (p *Pool) restOutside(pfx netip.Prefix, end int64) {
	parents := make([]netip.Prefix, 0, len(p.parents))
	for _, par := range p.parents {
		if par.pfx.Overlaps(pfx) {
			parents = append(parents, par.pfx)
		}
	}
	for _, q := range prefix.Subtract([]netip.Prefix{pfx}, parents) {
		p.restsOutside[q] = max(p.restsOutside[q], end)
	}
	if len(p.restsOutside) < p.clearAt {
		return
	}
	maps.DeleteFunc(p.restsOutside, func(_ netip.Prefix, end int64) bool { return end <= p.rests.latest })
	p.clearAt = max(64, 2*len(p.restsOutside))
}
