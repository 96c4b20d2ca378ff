package vpc

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/vpcnative/vpcnative/cloud"
)

// limit is how long a reading may take. The adapters' clients try again by
// themselves, and one that hangs would hold up all who share it.
const limit = 5 * time.Minute

// space is the address space of one VPC as some Networks see it.
type space struct {
	networks []string // whose it is
	under    *reading // the one that is under way
	next     *reading // begins after that, for those who need a newer one
	last     *reading // the newest that succeeded
}

// reading is one, under way or over.
type reading struct {
	began    time.Time
	done     chan struct{} // closed when what follows is set, which then never changes
	snapshot cloud.Snapshot
	err      error
}

// join returns a reading that is fresh enough, and begins one where there is none.
func (r *Reader) join(ctx context.Context, key, network string, vpc cloud.VPC, notBefore time.Time) *reading {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.spaces[key]
	if s == nil {
		s = &space{}
		r.spaces[key] = s
	}
	if !slices.Contains(s.networks, network) {
		s.networks = append(s.networks, network)
	}
	for _, known := range []*reading{s.last, s.under} {
		if known != nil && !known.began.Before(notBefore) && known.began.After(r.changed[vpc.Place.VPC]) {
			return known
		}
	}
	if s.next == nil {
		s.next = &reading{done: make(chan struct{})}
	}
	next := s.next
	if s.under == nil {
		r.begin(context.WithoutCancel(ctx), s, vpc)
	}
	return next
}

// begin starts the next reading; r is locked.
func (r *Reader) begin(ctx context.Context, s *space, vpc cloud.VPC) {
	s.under, s.next = s.next, nil
	s.under.began = r.Now()
	go r.read(ctx, s, s.under, vpc)
}

// read reads to the end, whoever has stopped waiting.
func (r *Reader) read(ctx context.Context, s *space, now *reading, vpc cloud.VPC) {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	now.snapshot, now.err = vpc.Space.Read(within)
	close(now.done)
	r.mu.Lock()
	defer r.mu.Unlock()
	s.under = nil
	if s.next != nil {
		r.begin(ctx, s, vpc)
	}
	if now.err != nil {
		return
	}
	was := s.last
	s.last = now
	if was == nil || sameRanges(was.snapshot, now.snapshot) {
		return
	}
	for _, network := range s.networks {
		for _, watch := range r.watches {
			watch(network)
		}
	}
}

// sameRanges reports whether two readings show the same ranges. Single addresses
// and static routes come and go with machines, where nodes have their ranges by
// routes; whoever carves reads them.
func sameRanges(a, b cloud.Snapshot) bool {
	return reflect.DeepEqual(ranges(a), ranges(b))
}

func ranges(s cloud.Snapshot) cloud.Snapshot {
	s.Routes, s.Subnets = nil, slices.Clone(s.Subnets)
	for i := range s.Subnets {
		s.Subnets[i].Used = nil
	}
	s.Occupied = slices.DeleteFunc(slices.Clone(s.Occupied), func(o cloud.Occupied) bool { return o.Kind == cloud.StaticRoute })
	var unseen []cloud.Unseen
	for _, u := range s.Unseen { // errors name another request each time
		unseen = append(unseen, cloud.Unseen{What: u.What})
	}
	s.Unseen = unseen
	return s
}
